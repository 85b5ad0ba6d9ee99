import assert from "node:assert/strict";
import { crowding, dominates, fronts, withMember } from "../../src/nas/search/pareto.ts";
import { Rng, Stream } from "../../src/common/random.ts";

Deno.test("one point dominates another where it is nowhere worse and somewhere better", () => {
  assert.ok(dominates([1, 2], [1, 1]));
  assert.ok(!dominates([1, 2], [1, 2]));
  assert.ok(!dominates([2, 0], [1, 1]));
});

Deno.test("fronts peel points off; crowding rates the ends highest", () => {
  const points = [[1, 5], [2, 4], [4, 1], [1, 4], [0, 0], [3, 3]];
  assert.deepEqual(fronts(points), [[0, 1, 2, 5], [3], [4]]);
  const first = [[1, 5], [2, 4], [3, 3], [4, 1]];
  const apart = crowding(first);
  assert.equal(apart[0], Infinity);
  assert.equal(apart[3], Infinity);
  assert.ok(Math.abs(apart[1] - (2 / 3 + 2 / 4)) < 1e-12);
  assert.ok(Math.abs(apart[2] - (2 / 3 + 3 / 4)) < 1e-12);
  assert.deepEqual(crowding([[1, 1], [1, 1]]), [Infinity, Infinity]);
});

Deno.test("a front that takes points one by one is the first front of them all", () => {
  const rng = new Rng(1, Stream.search);
  const points = Array.from({ length: 200 }, () => [rng.below(30), rng.below(30), rng.below(30)]);
  let front: readonly { key: string; objectives: number[] }[] = [];
  points.forEach((objectives, i) => front = withMember(front, { key: `${i}`, objectives }));
  const [first] = fronts(points);
  assert.deepEqual(front.map((f) => Number(f.key)).sort((a, b) => a - b), first);
  assert.deepEqual(withMember(front, front[0]), front);
});
