import assert from "node:assert/strict";
import { UsageError } from "../../../src/common/errors.ts";
import { openSpace } from "../../../src/nas/registry.ts";
import { hyperbandStrategy } from "../../../src/nas/strategies/hyperband.ts";
import { variationOf } from "../../../src/nas/strategies/variation.ts";

const space = openSpace({ kind: "nasbench201" });
const variation = variationOf(space);

/** Numbers of the next trials that are scored after each number of epochs, in order. */
async function rungs(brackets: "all" | "lowest", queries: number): Promise<string> {
  const strategy = hyperbandStrategy(variation, 1, [4, 12, 36], { eta: 3, initial: 0, brackets });
  const counts: [epochs: number, n: number][] = [];
  for (let asked = 0; asked < queries;) {
    const trials = await strategy.ask(4);
    asked += trials.length;
    for (const { epochs, partial } of trials) {
      assert.equal(partial, epochs !== 36);
      if (counts.at(-1)?.[0] === epochs) counts.at(-1)![1]++;
      else counts.push([epochs!, 1]);
    }
    await strategy.tell(
      trials.map((t) => ({ ...t, score: { value: space.encode(t.arch).reduce((a, b) => a + b) } })),
    );
  }
  return counts.map(([epochs, n]) => `${n} at ${epochs}`).join(", ");
}

Deno.test("successive halving keeps one in three at each step", async () => {
  assert.equal(await rungs("lowest", 26), "9 at 4, 3 at 12, 1 at 36, 9 at 4, 3 at 12, 1 at 36");
});

Deno.test("hyperband begins at each length in turn", async () => {
  // The last bracket is a single full training, right after that of the one before.
  assert.equal(await rungs("all", 18), "9 at 4, 3 at 12, 1 at 36, 3 at 12, 2 at 36");
});

Deno.test("those that go on are the best of their rung", async () => {
  const strategy = hyperbandStrategy(variation, 2, [1, 3], {
    eta: 3,
    initial: 9,
    brackets: "lowest",
  });
  const score = (arch: unknown) => space.encode(arch).reduce((a, b) => a * 5 + b);
  const first = await strategy.ask(20);
  assert.equal(first.length, 9);
  await strategy.tell(first.map((t) => ({ ...t, score: { value: score(t.arch) } })));
  const best = first.map((t) => score(t.arch)).sort((a, b) => b - a).slice(0, 3);
  assert.deepEqual((await strategy.ask(20)).map((t) => score(t.arch)), best);
});

Deno.test("without fidelities there is nothing to halve", () => {
  assert.throws(
    () => hyperbandStrategy(variation, 1, [200], { eta: 3, initial: 0, brackets: "all" }),
    (error: Error) => error instanceof UsageError && /one fidelity, 200 epochs/.test(error.message),
  );
});
