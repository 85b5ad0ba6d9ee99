/** The figures that the benchmark makes of its times. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { limitMs } from "../../bench/ceilings.ts";
import {
  contest,
  earlierMs,
  geometricMean,
  means,
  peerMs,
  type Row,
  slowerThan,
} from "../../bench/compare.ts";
import { agree, digest, repeated, smallInputs } from "../../bench/data.ts";
import { passes, readShapes, withBatch } from "../../bench/shape_list.ts";
import { summaryOf, summaryTable } from "../../bench/summary.ts";
import { registry } from "../../src/autodiff/op.ts";
import "../../src/ops/mod.ts";

const row = (name: string, pass: Row["pass"], ms: number, weight: number, peer?: number): Row => ({
  ...{ name, op: name, pass, ms, weight, medianMs: ms, gflops: 0, gbytes: 0 },
  ...{ dispatches: 1, fmaShare: 0, copyShare: 0, limitMs: ms / 2, limitShare: 0.5 },
  busy: null,
  peers: { other: peer === undefined ? { unable: "it cannot" } : { ms: peer } },
});

Deno.test("geometric means weigh ratios, and count only shapes that both can do", () => {
  const mean = geometricMean([{ ratio: 2, weight: 3 }, { ratio: 8, weight: 1 }]);
  assertAlmostEquals(mean.plain, 4);
  assertAlmostEquals(mean.weighted, 2 ** (6 / 4));
  const rows = [
    row("a", "forward", 1, 0.5, 2),
    row("a", "input gradient", 1, 0.25, 8),
    row("b", "forward", 2, 0.25),
    row("b", "input gradient", 2, 0.25, 4),
  ];
  const found = means(rows, peerMs("other"));
  assertEquals(found.forward, { plain: 2, weighted: 2, shapes: 1 });
  assertEquals(found["input gradient"]?.shapes, 2);
  assertEquals(found["weight gradient"], undefined);
  // (2 + 8) / (1 + 1); b has no forward pass there.
  assertAlmostEquals(found["forward and backward"]!.plain, 5);
  assertEquals(found["forward and backward"]!.shapes, 1);
  const before = earlierMs([row("a", "forward", 3, 1)]);
  assertAlmostEquals(means(rows, before).forward!.plain, 3);
});

Deno.test("a pass can take no less time than its dispatches and its arithmetic or its copying", () => {
  const ceilings = { gflops: 100, gbytes: 10, floorUs: 8 };
  const [flops, bytes] = [4e6, 1e5];
  assertAlmostEquals(limitMs({ flops, bytes }, 2, ceilings), 0.016 + 0.04);
  assertAlmostEquals(limitMs({ flops: 0, bytes }, 1, ceilings), 0.008 + 0.01);
});

Deno.test("where another library is faster is said, the worst first, and how much that weighs", () => {
  const rows = [
    row("a", "forward", 2, 0.25, 1),
    row("a", "input gradient", 1, 0.25, 8),
    row("b", "forward", 4, 0.5, 1),
    row("b", "input gradient", 2, 0.75),
  ];
  assertEquals(contest(rows, peerMs("other")), { passes: 3, ahead: 2, aheadWeight: 0.75 });
  assertEquals(slowerThan(["other"], rows), [
    { name: "b", pass: "forward", peer: "other", ratio: 0.25 },
    { name: "a", pass: "forward", peer: "other", ratio: 0.5 },
  ]);
  assertEquals(slowerThan([], rows), []);
});

Deno.test("the summary weighs the shapes of an op by their time, and names the least", () => {
  const near = { ...row("a", "forward", 1, 0.3), op: "conv2d", fmaShare: 0.6, limitShare: 0.8 };
  const far = { ...row("b", "forward", 1, 0.1), op: "conv2d", fmaShare: 0.2, limitShare: 0.4 };
  const heavy = row("add", "forward", 1, 0.5);
  const found = summaryOf([near, far, heavy]);
  assertEquals(Object.keys(found), ["add", "conv2d"]);
  const { weight, fma, limit, leastLimit } = found.conv2d.forward!;
  [weight - 0.4, fma - 0.5, limit - 0.7, leastLimit - 0.4].forEach((d) => assertAlmostEquals(d, 0));
  assert(!summaryTable([near, far, heavy]).includes("busy"));
});

Deno.test("busy threads are weighed by the time of a step, per op, where they were watched", () => {
  const watched = (weight: number, busy: number) => ({ ...row("add", "forward", 1, weight), busy });
  const lines = summaryTable([watched(0.3, 0.9), watched(0.1, 0.5), row("mul", "forward", 1, 0.5)]);
  assertEquals(lines.split("\n").filter((line) => line.includes("busy")), [
    "driver's threads busy in add: forward 80 %",
  ]);
});

Deno.test("digests of the same numbers agree in any order, and of others do not", () => {
  const numbers = [1, -2, 3.5, 4];
  assert(agree(digest(numbers), digest(numbers.toReversed())));
  assert(!agree(digest(numbers), digest([1, 2, 3.5, 4])));
  assert(!agree(digest(numbers), digest(numbers.map((v) => 1.01 * v))));
});

Deno.test("the listed shapes are ops that exist, most of each preset's steps, and fit together", () => {
  const { groups, shapes } = readShapes();
  assertEquals(Object.keys(groups).length, 8);
  for (const [name, { covered }] of Object.entries(groups)) {
    assert(covered > 0.85 && covered <= 1, name);
    const listed = shapes.flatMap((s) => s.share[name] ?? []).reduce((a, b) => a + b, 0);
    assertAlmostEquals(listed, covered, 1e-3);
  }
  for (const { op: name, shapes: given, params, share } of shapes) {
    const op = registry.find((o) => o.name === name);
    assert(op, name);
    const two = withBatch(name, given, 2);
    assertEquals(op.shapes(two, params).out[0][0], 2, name);
    assert(Object.values(share).every((s) => s.length === passes.length));
  }
});

Deno.test("inputs repeat a few images, weights do not", () => {
  const job = { op: "matmul", shapes: [[6, 3], [3, 4]], params: {} };
  const [x, w] = smallInputs(job, 2);
  assertEquals([x.length, w.length], [6, 12]);
  const whole = repeated(x, [6, 3]);
  assertEquals([...whole.subarray(0, 6)], [...whole.subarray(12)]);
});
