import assert from "node:assert/strict";
import { openSpace } from "../../../src/nas/registry.ts";
import {
  type LocalSearchConfig,
  localSearchStrategy,
} from "../../../src/nas/strategies/local_search.ts";
import type { Cursor } from "../../../src/nas/space.ts";
import { variationOf } from "../../../src/nas/strategies/variation.ts";

const space = openSpace({ kind: "nasbench201" });
const config: LocalSearchConfig = {
  initial: 1,
  order: "fixed",
  whole: false,
  atMinimum: "restart",
};

/** Scores by a function of the six operations; returns every query with its score, up to `queries`. */
async function climb(
  score: (ops: number[]) => number,
  settings: Partial<LocalSearchConfig>,
  queries: number,
): Promise<{ ops: number[]; score: number }[]> {
  const strategy = localSearchStrategy(variationOf(space), 3, { ...config, ...settings });
  const asked: { ops: number[]; score: number }[] = [];
  while (asked.length < queries) {
    const trials = await strategy.ask(1);
    const scored = trials.map((t) => ({ ...t, score: { value: score(space.encode(t.arch)) } }));
    asked.push(...scored.map((t) => ({ ops: space.encode(t.arch), score: t.score.value })));
    await strategy.tell(scored);
  }
  return asked;
}

const sum = (ops: number[]) => ops.reduce((a, b) => a + b, 0);
const apart = (a: number[], b: number[]) => a.filter((op, i) => op !== b[i]).length;

Deno.test("local search never asks twice, and every query is a neighbour of the best so far until a minimum", async () => {
  const asked = await climb(sum, {}, 120);
  const top = asked.findIndex((a) => a.score === 24);
  assert.ok(top > 0 && top < 100, `the best cell after ${top} queries`);
  assert.equal(new Set(asked.map((a) => a.ops.join())).size, asked.length);
  let here = asked[0];
  for (const next of asked.slice(1, top + 1)) {
    assert.equal(apart(here.ops, next.ops), 1);
    if (next.score > here.score) here = next;
  }
});

Deno.test("a whole neighbourhood of 24 is scored before the search goes to its best", async () => {
  const asked = await climb(sum, { whole: true }, 40);
  const [start, ...rest] = asked;
  const first = rest.slice(0, 24);
  assert.ok(first.every((a) => apart(a.ops, start.ops) === 1));
  const best = first.reduce((a, b) => b.score > a.score ? b : a);
  assert.ok(rest.slice(24).every((a) => apart(a.ops, best.ops) === 1));
});

Deno.test("at a minimum the search draws anew, or goes on from the best that was not expanded", async () => {
  const flat = () => 0.5;
  const anew = await climb(flat, { initial: 2 }, 30);
  // Two draws, the 24 neighbours of the first, two draws, …
  assert.ok(anew.slice(2, 26).every((a) => apart(a.ops, anew[0].ops) === 1));
  assert.ok(apart(anew[26].ops, anew[0].ops) > 1 || apart(anew[27].ops, anew[0].ops) > 1);
  const on = await climb(flat, { atMinimum: "continue" }, 40);
  // After the start, its first neighbour is the best that is open: all further ones are two steps away at most.
  assert.ok(on.slice(25).every((a) => apart(a.ops, on[0].ops) <= 2));
});

/** The same decisions with their first option only. */
const onlyFirst = ({ decision, choose }: Cursor): Cursor => ({
  decision: decision && { ...decision, options: 1 },
  choose: (option) => onlyFirst(choose(option)),
});

Deno.test("a search that has seen a whole space asks again instead of hanging", async () => {
  const tiny = {
    ...space,
    start: () => onlyFirst(space.start()),
    neighbours: () => [],
  };
  const strategy = localSearchStrategy(variationOf(tiny), 1, config);
  for (let i = 0; i < 3; i++) {
    const asked = await strategy.ask(1);
    assert.equal(asked.length, 1);
    await strategy.tell(asked.map((t) => ({ ...t, score: { value: 1 } })));
  }
});
