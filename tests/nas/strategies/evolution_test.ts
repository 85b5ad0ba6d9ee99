/** Evolution of distinct architectures, by the sum of their modules' numbers. */
import assert from "node:assert/strict";
import { resolveSearchConfig } from "../../../src/nas/config/config.ts";
import type { RunEvent } from "../../../src/nas/events.ts";
import { search } from "../../../src/nas/search/search.ts";
import { memoryStore } from "../../../src/nas/search/store.ts";

async function run(overrides: Record<string, unknown>): Promise<RunEvent[]> {
  const config = resolveSearchConfig({
    mode: "modular",
    preset: "modular",
    overrides: { "evaluator.kind": "operation-sum", ...overrides },
  });
  const events: RunEvent[] = [];
  const io = { signal: new AbortController().signal, store: memoryStore() };
  for await (const event of search(config, io)) events.push(event);
  return events;
}

const rewards = (events: RunEvent[]) =>
  events.filter((e) => e.type === "trial").filter(({ on }) => on === "reward");

Deno.test("the sum of module numbers has its optimum at 16, which most searches of 200 cycles find", async () => {
  let found = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const trials = rewards(await run({ seed, cycles: 200 }));
    assert.equal(trials.length, 200);
    assert.equal(new Set(trials.map(({ key }) => key)).size, 200, "an architecture came twice");
    assert.ok(trials.every(({ score, choice }) => score === choice.reduce((a, b) => a + b, 0)));
    assert.ok(trials.slice(4).every(({ parents }) => parents?.length === 1));
    if (trials.some(({ score }) => score === 16)) found++;
  }
  assert.ok(found >= 15, `${found} of 20`);
});

Deno.test("a search of distinct architectures ends when all were asked for, and says so", async () => {
  const sizes = {
    "space.ranked": false,
    "space.initialModules": 2,
    "space.minModules": 2,
    "space.maxModules": 2,
  };
  const events = await run({ ...sizes, num_modules: 3, cycles: 100 });
  const warning = events.findLast((e) => e.type === "warn")!;
  assert.equal(rewards(events).length, 9);
  assert.match(
    warning.message,
    /^All 9 architectures of the space were asked for: the search ends after 9 trials\.$/,
  );
  assert.equal(events.at(-1)!.type, "done");
});

Deno.test("1,000 attempts without a new architecture end a search", async () => {
  // No mutation changes the length, and there is one module.
  const events = await run({
    num_modules: 1,
    "space.ranked": false,
    "space.initialModules": 1,
    "space.minModules": 1,
    "space.maxModules": 3,
    "space.probMutation": 1,
    cycles: 10,
    "strategy.population": 1,
  });
  assert.equal(rewards(events).length, 1);
  assert.match(
    events.findLast((e) => e.type === "warn")!.message,
    /^1000 attempts in a row gave no architecture that was not asked for before: .* after 1 trials\.$/,
  );
});
