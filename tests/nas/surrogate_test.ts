import assert from "node:assert/strict";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { nasbench201Encodings } from "../../src/nas/encodings/nasbench201.ts";
import type { Encoding } from "../../src/nas/encodings/encoding.ts";
import { shownEncodings } from "../../src/nas/encodings/shown.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { subjectsOf, summariseSurrogate, surrogate } from "../../src/nas/analysis/surrogate.ts";
import { objectiveOf, openTable, scoresOf } from "../../src/nas/tables/mod.ts";
import { tableTest } from "./tables/real.ts";

const space = openSpace(resolveSearchConfig({ mode: "nasbench201", preset: "paper" }).space);
const encodings = nasbench201Encodings() as Record<string, Encoding<unknown>>;
const arch = (index: number) => ({
  ops: [0, 1, 2, 3, 4, 5].map((e) => Math.floor(index / 5 ** e) % 5),
});
const scores = Float64Array.from(
  { length: 15_625 },
  (_, i) => arch(i).ops.reduce((sum, op) => sum + [0, 1, 2, 4, 1][op], 10) / 40,
);
const made = {
  space,
  arch,
  scores,
  trainSizes: [10, 40],
  testSize: 100,
  seeds: [1, 2, 3],
  target: "log" as const,
};

Deno.test("predictors rank better the more they have seen, and the same again", () => {
  const subjects = subjectsOf(["gp-wl", "gp-rbf"], [encodings.adj]);
  const points = [...surrogate({ ...made, subjects })];
  assert.equal(points.length, 12);
  const means = summariseSurrogate(points);
  assert.deepEqual(means.map((m) => [m.predictor, m.encoding, m.trainSize, m.seeds]), [
    ["gp-wl", "", 10, 3],
    ["gp-wl", "", 40, 3],
    ["gp-rbf", "adj", 10, 3],
    ["gp-rbf", "adj", 40, 3],
  ]);
  for (const at of [0, 2]) {
    assert.ok(means[at + 1].kendall > means[at].kendall && means[at + 1].kendall > 0.4);
    assert.ok(means[at + 1].rmse < means[at].rmse);
    assert.ok(means[at + 1].nll! < means[at].nll! && means[at + 1].spearman > 0.5);
  }
  const again = [...surrogate({ ...made, subjects, seeds: [2] })];
  const untimed = (all: typeof points) => all.map((p) => ({ ...p, seconds: 0, pairs: undefined }));
  assert.deepEqual(untimed(again), untimed(points.filter((p) => p.seed === 2)));
});

Deno.test("what was measured is skipped, what does not fit is refused", () => {
  const subjects = subjectsOf(["gp-wl"], []);
  const some = [...surrogate({ ...made, subjects, skip: ({ trainSize }) => trainSize === 10 })];
  assert.deepEqual(some.map((p) => p.trainSize), [40, 40, 40]);
  assert.throws(() => [...surrogate({ ...made, subjects, testSize: 15_600 })], {
    name: "UsageError",
    message: /train on 10, 40 and test on 15600 architectures: the table has 15625/,
  });
  assert.throws(() => subjectsOf(["dngo"], [{ name: "nasbot", distance: () => 0 }]), {
    message: /Cannot train predictor dngo: it needs features, and nasbot has none/,
  });
});

Deno.test("errors are in points of per cent, whatever the target, on held-out and on known cells", () => {
  const subjects = subjectsOf(["gp-rbf"], [encodings.adj]);
  const [log, error] = (["log", "error"] as const).map((target) =>
    [...surrogate({ ...made, subjects, seeds: [1], trainSizes: [40], target })][0]
  );
  // For the target in per cent, both can be computed from the pairs.
  const misses = error.pairs!.map(([predicted, truth]) => predicted - truth);
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  assert.ok(Math.abs(error.testError - mean(misses.map(Math.abs))) < 1e-4);
  assert.ok(Math.abs(error.rmse - Math.sqrt(mean(misses.map((m) => m * m)))) < 1e-4);
  const logMisses = log.pairs!.map(([p, t]) => 100 * Math.exp(p) - 100 * Math.exp(t));
  assert.ok(Math.abs(log.testError - mean(logMisses.map(Math.abs))) < 1e-3);
  // Scores are 0.25 … 0.85; what was learned from is known better.
  assert.ok(error.pairs!.every(([, truth]) => truth > 14 && truth < 76));
  for (const { testError, trainError } of [log, error]) {
    assert.ok(trainError < testError && testError < 10, `${trainError}, ${testError}`);
  }
  const scaled = { ...made, scores: scores.map((s) => 1000 * s), seeds: [1], trainSizes: [40] };
  const [own] = [...surrogate({ ...scaled, subjects, target: "error" })];
  assert.ok(own.testError > 5 * error.testError, "scores that are no accuracies keep their unit");
});

Deno.test("a predictor's settings reach it", () => {
  const subjects = subjectsOf(["ensemble"], [encodings.adj]);
  const one = { ...made, subjects, seeds: [1], trainSizes: [40] };
  const rmse = (epochs: number) => {
    const settings = { epochs, layers: 2, ensemble: 1, loss: "mape" as const };
    return [...surrogate({ ...one, target: "error", settings })][0].rmse;
  };
  assert.ok(rmse(150) < rmse(1));
  assert.throws(
    () => [...surrogate({ ...one, subjects: subjectsOf(["gp-wl"], []), settings: { epochs: 1 } })],
    {
      message: /Cannot set epochs of predictor gp-wl/,
    },
  );
});

Deno.test("truncated encodings are shown once per length, named after it", async () => {
  const shown = await shownEncodings(space, {
    encodings: ["adj", "trunc_path"],
    pathCutoffs: [5, 30],
  });
  const cell = arch(1462);
  assert.deepEqual(
    shown.map(({ name, features }) => [name, features!(cell).length]),
    [["adj", 30], ["trunc_path:5", 5], ["trunc_path:30", 30]],
  );
  const usual = await shownEncodings(space, { encodings: [] });
  assert.deepEqual(usual.map(({ name }) => name), ["adj", "path"]);
  await assert.rejects(shownEncodings(space, { encodings: [], pathCutoffs: [5] }), {
    name: "UsageError",
    message: /Cannot cut encodings adj, path: expected a truncated one/,
  });
});

tableTest(
  "predictors rank cells of NAS-Bench-201 as well as is known",
  ["nasbench201", "nb201.csv"],
  async (path) => {
    const table = await openTable(path);
    const points = [...surrogate({
      space,
      arch: (index) => space.decode(table.choice(index)),
      scores: scoresOf(table, objectiveOf(table, "c10_test_200")),
      subjects: subjectsOf(["gp-wl", "gp-rbf"], [encodings.adj, encodings.path]),
      trainSizes: [10, 25, 50, 100],
      testSize: 500,
      target: "log",
      seeds: Array.from({ length: 20 }, (_, i) => i + 1),
    })];
    // Known values are means over as many training sets; their deviations are up to 0.11 at size 10, 0.05 at 100.
    const known: Record<string, number[]> = {
      "gp-wl": [0.602, 0.672, 0.693, 0.743],
      "gp-rbf adj": [0.252, 0.409, 0.511, 0.571],
      "gp-rbf path": [0.263, 0.390, 0.496, 0.559],
    };
    const found = Map.groupBy(
      summariseSurrogate(points),
      ({ predictor, encoding }) => `${predictor} ${encoding}`.trim(),
    );
    for (const [name, expected] of Object.entries(known)) {
      const taus = found.get(name)!.map(({ kendall }) => kendall);
      const far = taus.filter((tau, i) => Math.abs(tau - expected[i]) > 0.03);
      assert.deepEqual(far, [], `${name}: ${taus}, known are ${expected}`);
    }
  },
);
