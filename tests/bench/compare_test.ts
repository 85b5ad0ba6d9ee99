/** The figures that the benchmark makes of its times. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { earlierMs, geometricMean, means, peerMs, type Row } from "../../bench/compare.ts";
import { agree, digest, repeated, smallInputs } from "../../bench/data.ts";
import { passes, readShapes, withBatch } from "../../bench/shape_list.ts";
import { registry } from "../../src/autodiff/op.ts";
import "../../src/ops/mod.ts";

const row = (name: string, pass: Row["pass"], ms: number, weight: number, peer?: number): Row => ({
  ...{ name, op: name, pass, ms, weight, medianMs: ms, gflops: 0, gbytes: 0 },
  ...{ fmaShare: 0, copyShare: 0 },
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
