import assert from "node:assert/strict";
import { readSurrogateLines, surrogateCurves } from "../../src/nas/study/surrogate_records.ts";
import { plotSurrogate } from "../../src/run/drawing/surrogate_plot.ts";

const line = (trainSize: number, seed: number, kendall: number | null, rest: object = {}) => ({
  table: "nb201.csv",
  metric: "c10_test_200",
  testSize: 3,
  predictor: "gp-rbf",
  encoding: "adj",
  trainSize,
  seed,
  kendall,
  spearman: 0.5,
  pearson: 0.5,
  rmse: 0.2,
  seconds: 1,
  ...rest,
});
const pairs = [[-2, -2.1], [-1, -0.9], [-1.5, -1.4]];
const lines = readSurrogateLines([
  line(25, 1, 0.5, { pairs }),
  line(10, 1, 0.2),
  line(10, 2, 0.4),
  line(25, 2, null),
  line(10, 1, 0.6, { predictor: "gp-wl", encoding: "" }),
], "f");

Deno.test("results of predictors are gathered by table, predictor, encoding and ascending size", () => {
  const [[place, curves]] = surrogateCurves(lines);
  assert.equal(place, "c10_test_200, nb201.csv, 3 held out; logarithm of the error");
  assert.deepEqual(curves.map(({ name }) => name), ["gp-rbf, adj", "gp-wl"]);
  const [{ sizes }] = curves;
  assert.deepEqual(sizes.map(({ trainSize }) => trainSize), [10, 25]);
  assert.ok(Math.abs(sizes[0].kendall.mean - 0.3) < 1e-12);
  // A predictor that says the same of all ranks nothing.
  assert.equal(sizes[1].kendall.mean, 0.25);
  assert.deepEqual(curves[0].pairs, { trainSize: 25, values: pairs });
  assert.equal(curves[1].pairs, undefined);
});

Deno.test("their picture has four charts of growth and one of predicted against true", () => {
  const svg = plotSurrogate(lines);
  assert.equal(svg.match(/<g class="chart"/g)?.length, 4 + 1);
  assert.equal(svg.match(/<circle [^>]*r="1.7"/g)?.length, pairs.length);
  assert.match(svg, /Kendall.s τ against architectures trained on/);
  assert.match(svg, /gp-rbf, adj, trained on 25: predicted/);
  assert.doesNotMatch(svg, /Mean absolute error/);
  assert.throws(
    () => readSurrogateLines([line(10, 1, 0.5), { ...line(10, 2, 0.5), rmse: -1 }], "f"),
    /Cannot read f: line 2: rmse/,
  );
});

Deno.test("errors in per cent have a chart, training errors dashed; targets and settings are kept apart", () => {
  const measured = { target: "error", testError: 3, trainError: 1 };
  const some = readSurrogateLines([
    line(10, 1, 0.2, measured),
    line(10, 2, 0.2, { ...measured, testError: 5 }),
    line(25, 1, 0.5, { ...measured, settings: { width: 50, loss: "mape" } }),
    line(25, 1, 0.5),
  ], "f");
  const places = [...surrogateCurves(some)];
  assert.deepEqual(places.map(([place, curves]) => [place, curves.map(({ name }) => name)]), [
    ["c10_test_200, nb201.csv, 3 held out; error in per cent", [
      "gp-rbf, adj",
      "gp-rbf, adj, width 50, loss mape",
    ]],
    ["c10_test_200, nb201.csv, 3 held out; logarithm of the error", ["gp-rbf, adj"]],
  ]);
  const [{ testError, trainError }] = places[0][1][0].sizes;
  assert.deepEqual([testError!.mean, trainError!.mean], [4, 1]);
  assert.equal(places[1][1][0].sizes[0].testError, undefined);
  const svg = plotSurrogate(some);
  assert.equal(svg.match(/<g class="chart"/g)?.length, 4 + 1 + 4);
  assert.match(svg, /Mean absolute error in points of per cent/);
  assert.match(svg, /gp-rbf, adj, training/);
});
