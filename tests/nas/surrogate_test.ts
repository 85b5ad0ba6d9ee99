import assert from "node:assert/strict";
import { resolveSearchConfig } from "../../src/nas/config.ts";
import { nasbench201Encodings } from "../../src/nas/encodings/nasbench201.ts";
import type { Encoding } from "../../src/nas/encodings/encoding.ts";
import { openSpace } from "../../src/nas/search.ts";
import { subjectsOf, summariseSurrogate, surrogate } from "../../src/nas/surrogate.ts";
import { objectiveOf, openTable, scoresOf } from "../../src/nas/tables/mod.ts";
import { tableTest } from "./tables/real.ts";

const { child } = resolveSearchConfig({ mode: "nasbench201", preset: "paper" });
const space = openSpace("nasbench201", child);
const encodings = nasbench201Encodings() as Record<string, Encoding<unknown>>;
const arch = (index: number) => ({
  ops: [0, 1, 2, 3, 4, 5].map((e) => Math.floor(index / 5 ** e) % 5),
});
const scores = Float64Array.from(
  { length: 15_625 },
  (_, i) => arch(i).ops.reduce((sum, op) => sum + [0, 1, 2, 4, 1][op], 10) / 40,
);
const made = { space, arch, scores, trainSizes: [10, 40], testSize: 100, seeds: [1, 2, 3] };

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
      seeds: Array.from({ length: 20 }, (_, i) => i + 1),
    })];
    // As many training sets elsewhere: deviations up to 0.11 between ten, 0.05 between a hundred.
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
