import assert from "node:assert/strict";
import { openSpace } from "../../../src/nas/registry.ts";
import { variationOf } from "../../../src/nas/strategies/variation.ts";
import { randomStrategy } from "../../../src/nas/strategies/random.ts";

const space = openSpace({ kind: "nasbench201" });
/** Cells of 25 that differ in the first two edges. */
const few = {
  ...variationOf(space),
  sample: (rng: { below(n: number): number }) =>
    space.decode([rng.below(5), rng.below(5), 0, 0, 3, 0]),
};

Deno.test("random search asks for another architecture while five draws give one, then again for the same", async () => {
  const strategy = randomStrategy(few, 1);
  const keys: string[] = [];
  const ask = async (n: number) => {
    const trials = await strategy.ask(n);
    keys.push(...trials.map(({ arch }) => space.key(arch)));
    await strategy.tell(trials.map((t) => ({ ...t, score: { value: 0 } })));
  };
  await ask(8);
  await ask(7);
  // Fifteen draws of 25 with repeats would have 11 different ones on average.
  assert.equal(new Set(keys).size, 15);
  await ask(60);
  assert.equal(keys.length, 75);
});
