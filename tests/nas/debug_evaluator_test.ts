/** The objective that counts parameters. */
import assert from "node:assert/strict";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { countedParameters } from "../../src/nas/evaluators/debug.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { trees } from "./grammar/_trees.ts";

const target = { input: [32, 32, 3] as const, classes: 10 };

Deno.test("losses of known trees are their distances from 15 million, without layer norms", () => {
  const space = openSpace({ kind: "grammar" });
  const losses = [0, 1, 3].map((i) =>
    1.5e7 - countedParameters(space, space.notation!.parse(trees[i]), target)
  );
  assert.deepEqual(losses, [14_197_574, 14_619_238, 14_615_222]);
});

async function run(mode: string, overrides: Record<string, unknown>) {
  const config = resolveSearchConfig({
    mode,
    preset: "smoke",
    overrides: { "evaluator.kind": "debug", rounds: 6, ...overrides },
  });
  const events: RunEvent[] = [], store = memoryStore();
  for await (const event of search(config, { signal: new AbortController().signal, store })) {
    events.push(event);
  }
  return { events, store };
}

for (const mode of ["grammar", "nasbench201", "macro"]) {
  Deno.test(`a search of ${mode} by parameters needs neither data nor device`, async () => {
    const { events } = await run(mode, { "evaluator.goal": 500_000, strategy: "random" });
    const scores = events.flatMap((e) => e.type === "trial" && e.on === "reward" ? [e.score!] : []);
    assert.equal(scores.length, 6);
    assert.ok(scores.every((score) => score <= 0 && Number.isInteger(score)), `${scores}`);
    const best = events.findLast((e) => e.type === "best");
    assert.equal(best?.score, Math.max(...scores));
  });
}
