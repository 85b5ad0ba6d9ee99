/** What is made of scores: correlations with results, and the files of a NASWOT search. */
import assert from "node:assert/strict";
import { correlateZeroCost, type ZeroCostPoint } from "../../../src/nas/analysis/zero_cost.ts";
import { naswotFiles } from "../../../src/nas/zero_cost/naswot.ts";

const points = (method: string, values: (number | null)[]): ZeroCostPoint[] =>
  values.map((value, i) => ({ method, key: `${i}`, result: i / 10, value, seconds: i }));

Deno.test("scores are correlated by method; one that is missing ranks last", () => {
  const found = correlateZeroCost([
    ...points("nwot", [1, 2, 4, 8]),
    ...points("plain", [4, 3, null, 1]),
  ]);
  assert.equal(found.nwot.kendalltau, 1);
  assert.equal(found.nwot.spearman, 1);
  assert.equal(found.nwot.time, 1.5);
  assert.deepEqual([found.plain.architectures, found.plain.unscored], [4, 1]);
  // The order of 4, 3, −10⁸, 1: five of six pairs fall, one rises.
  assert.ok(Math.abs(found.plain.kendalltau + 4 / 6) < 1e-12);
});

Deno.test("with a share only the architectures with the best results are compared", () => {
  const { nwot } = correlateZeroCost(points("nwot", [9, 1, 2, 3]), 0.75);
  assert.deepEqual([nwot.architectures, nwot.kendalltau], [3, 1]);
});

Deno.test("a NASWOT search writes the best of the first 10 and 100; failures score 0", () => {
  const trials = Array.from({ length: 120 }, (_, i) => ({ key: `arch ${i}`, score: -5 }));
  assert.deepEqual(naswotFiles(trials.slice(0, 9)), new Map());
  const scored = trials.map((trial, i) => ({
    ...trial,
    score: i === 3 ? 70 : i === 40 ? 90 : i === 41 ? 90 : i === 110 ? 100 : trial.score,
    status: i === 5 ? "failed" : "ok",
  }));
  assert.deepEqual(
    naswotFiles(scored),
    new Map([
      ["best_10.json", { best_arch_idx: 3, best_arch_id: "arch 3" }],
      ["best_100.json", { best_arch_idx: 40, best_arch_id: "arch 40" }],
    ]),
  );
  const failed = trials.slice(0, 10).map((t, i) => ({ ...t, status: i === 7 ? "failed" : "ok" }));
  assert.equal(naswotFiles(failed).get("best_10.json")!.best_arch_idx, 7);
});
