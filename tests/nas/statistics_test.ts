/** Checks against values that R, SciPy and textbooks print for their own example data. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  correlationInterval,
  correlationP,
  kendall,
  pearson,
  permutationTest,
  ranks,
  spearman,
  studentP,
  studentQuantile,
  summarise,
  welch,
} from "../../src/nas/analysis/statistics.ts";

Deno.test("Student's distribution has the values of its table", () => {
  const table = [[1, 12.7062], [2, 4.30265], [4, 2.77645], [10, 2.22814], [30, 2.04227]];
  for (const [degrees, t] of table) {
    assertAlmostEquals(studentQuantile(0.975, degrees), t, 6e-5);
    assertAlmostEquals(studentP(t, degrees), 0.05, 1e-6);
  }
  assertAlmostEquals(studentP(1, 1), 0.5, 1e-12);
  assertAlmostEquals(studentP(0, 7.5), 1, 1e-12);
});

Deno.test("a summary has mean, sample deviation and the interval of the mean", () => {
  const { n, mean, deviation, halfWidth } = summarise([2, 4, 4, 4, 5, 5, 7, 9]);
  assertEquals([n, mean], [8, 5]);
  assertAlmostEquals(deviation, Math.sqrt(32 / 7), 1e-12);
  assertAlmostEquals(halfWidth, 2.364624 * deviation / Math.sqrt(8), 1e-5);
  assert(Number.isNaN(summarise([1]).deviation) && Number.isNaN(summarise([1]).halfWidth));
});

Deno.test("Welch's test gives what R gives for Student's sleep data", () => {
  const a = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
  const b = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const { difference, halfWidth, degrees, p } = welch(a, b);
  assertAlmostEquals(difference, -1.58, 1e-12);
  assertAlmostEquals(degrees, 17.776, 1e-3);
  assertAlmostEquals(p, 0.07939, 1e-5);
  assertAlmostEquals(difference - halfWidth, -3.3654832, 1e-6);
  assertAlmostEquals(difference + halfWidth, 0.2054832, 1e-6);
});

Deno.test("groups that say nothing say so", () => {
  assert(Number.isNaN(welch([1], [2, 3]).p));
  assertEquals(welch([1, 1], [1, 1]).p, 1);
  assertEquals(welch([1, 1], [2, 2]).p, 0);
});

Deno.test("three values against three cannot come below p = 0.1 by permutation", () => {
  assertAlmostEquals(permutationTest([1, 2, 3], [10, 11, 12]), 0.1, 1e-12);
  assertEquals(permutationTest([1, 2, 3], [1, 2, 3]), 1);
  // 2 of 70 ways to deal 8 values into 4 and 4 are as extreme.
  assertAlmostEquals(permutationTest([1, 2, 3, 4], [5, 6, 7, 8]), 2 / 70, 1e-12);
});

Deno.test("a permutation test of many values draws arrangements and agrees with Welch's", () => {
  const a = Array.from({ length: 30 }, (_, i) => Math.sin(i * 1.7));
  const b = Array.from({ length: 30 }, (_, i) => Math.sin(i * 2.3 + 1) + 0.4);
  const p = permutationTest(a, b);
  assertEquals(permutationTest(a, b), p);
  assertAlmostEquals(p, welch(a, b).p, 0.02);
});

Deno.test("correlations are those of SciPy's documentation", () => {
  const r = pearson([1, 2, 3, 4, 5, 6, 7], [10, 9, 2.5, 6, 4, 3, 2]);
  assertAlmostEquals(r, -0.828503883588428, 1e-12);
  assertAlmostEquals(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]), 0.8207826816681233, 1e-12);
  assertAlmostEquals(kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]), -0.47140452079103173, 1e-12);
  const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
  const television = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
  assertAlmostEquals(spearman(iq, television), -29 / 165, 1e-12);
  assertEquals([...ranks([3, 1, 3, 2])], [3.5, 1, 3.5, 2]);
});

Deno.test("the p of a correlation is exact for few pairs and close to the t-test's for many", () => {
  // Only two of the 120 orders of five values are perfect.
  assertAlmostEquals(correlationP([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], kendall), 2 / 120, 1e-12);
  assertEquals(correlationP([1, 2, 3], [2, 1, 3], (x, y) => 0 * pearson(x, y)), 1);
  const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
  const television = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
  assertAlmostEquals(correlationP(iq, television, spearman), 0.627188, 0.02);
});

Deno.test("a correlation without variation is no number, and pairs must be pairs", () => {
  assert(Number.isNaN(kendall([1, 1, 1], [1, 2, 3])));
  assert(Number.isNaN(correlationP([1, 1, 1], [1, 2, 3], spearman)));
  assertThrows(() => pearson([1], [1, 2]), /1 and 2 values/);
});

Deno.test("the interval of a rank correlation narrows with the number of pairs", () => {
  const [low, high] = correlationInterval(0.5, 12, "kendall");
  // tanh(atanh 0.5 ± 1.96·√(0.437/8))
  assertAlmostEquals(low, 0.0909713, 1e-6);
  assertAlmostEquals(high, 0.7646798, 1e-6);
  assertEquals(correlationInterval(0.9, 4, "spearman"), [-1, 1]);
  const [wide] = correlationInterval(0.5, 30, "spearman");
  assertAlmostEquals(wide, Math.tanh(Math.atanh(0.5) - 1.959964 * Math.sqrt(1.06 / 27)), 1e-12);
});
