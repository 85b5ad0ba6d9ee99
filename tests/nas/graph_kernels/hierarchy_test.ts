/** Kernels and models against values that were computed independently, in double precision. */
import assert from "node:assert/strict";
import { degreeDistance, degreeKernel } from "../../../src/nas/graph_kernels/degrees.ts";
import { WlFeatures, wlKernel } from "../../../src/nas/graph_kernels/wl.ts";
import type { GrammarArch } from "../../../src/nas/grammar/grammar.ts";
import { fitGram } from "../../../src/nas/predictors/gaussian_process.ts";
import { GraphProcess, type GraphTerm } from "../../../src/nas/predictors/graph_process.ts";
import { graphOf } from "../../../src/nas/predictors/graphs.ts";
import { learnShares, mixed } from "../../../src/nas/predictors/kernel_weights.ts";
import { standardise } from "../../../src/nas/predictors/targets.ts";
import { parseNb201 } from "../../../src/nas/spaces/nasbench201.ts";
import { acquire } from "../../../src/nas/strategies/acquisition.ts";
import { Rng } from "../../../src/common/random.ts";
import { spaceAt } from "../child_config.ts";
import { graphsOf, trees, treeTexts } from "./published_trees.ts";

const near = (found: number, expected: number, within: number, what = "") =>
  assert.ok(Math.abs(found - expected) <= within, `${what}: ${found}, expected ${expected}`);

const features = new WlFeatures<GrammarArch>(
  (arch) => JSON.stringify(arch),
  graphsOf,
  [4, 1, 2, 2, 2, 2],
);
const names = ["full", "level 0", "level 1", "level 2", "level 3", "level 4"];
const four = [trees.T1, trees.T2, trees.T3, trees.T4];

Deno.test("the trees have their known lengths", () => {
  const lengths = Object.values(treeTexts).slice(0, 4).map(({ length }) => length);
  assert.deepEqual(lengths, [4146, 7332, 3023, 3732]);
});

Deno.test("graphs at every level have the known numbers of nodes and edges", () => {
  const known = {
    T1: [[139, 183], [5, 4], [11, 10], [21, 21], [49, 93], [55, 99]],
    T2: [[266, 455], [6, 5], [18, 24], [54, 112], [138, 327], [154, 343]],
    T3: [[100, 396], [5, 4], [14, 13], [38, 38], [38, 38], [38, 38]],
    T4: [[130, 168], [5, 4], [11, 10], [22, 23], [58, 96], [62, 100]],
  };
  for (const [name, sizes] of Object.entries(known)) {
    const found = graphsOf(trees[name as "T1"]).map(({ labels, successors }) => [
      labels.length,
      successors.flat().length,
    ]);
    assert.deepEqual(found, sizes, name);
  }
});

Deno.test("the Weisfeiler–Lehman kernel of four trees is the known one at every level", () => {
  // Rows are upper triangles: 11 12 13 14, 22 23 24, 33 34, 44.
  const known: [graph: number, rounds: number, values: number[]][] = [
    [0, 0, [6081, 18, 6, 2436, 10306, 6162, 2898, 9222, 1734, 1788]],
    [0, 1, [11060, 19, 7, 4417, 16980, 6171, 4719, 13376, 1739, 3154]],
    [0, 2, [14929, 20, 8, 5948, 21294, 6172, 5798, 14490, 1740, 4202]],
    [1, 1, [12, 3, 3, 12, 16, 3, 3, 12, 3, 12]],
    [2, 2, [81, 12, 5, 81, 170, 8, 12, 156, 5, 81]],
    [3, 2, [431, 536, 966, 419, 1390, 1144, 570, 2414, 972, 430]],
    [4, 2, [2837, 2408, 8, 1868, 10582, 212, 3936, 2414, 62, 2116]],
    [5, 2, [2889, 2380, 8, 1860, 10702, 212, 3966, 2414, 62, 2124]],
  ];
  for (const [graph, rounds, values] of known) {
    const gram = wlKernel(features, { graph, raw: true }).one(rounds, four, four);
    const upper = [...gram].filter((_, at) => at % 4 >= Math.floor(at / 4));
    assert.deepEqual(upper, values, `graph ${graph}, ${rounds} rounds`);
  }
});

const terms = (rounds?: number): GraphTerm<GrammarArch>[] =>
  names.map((name, graph) => ({
    name,
    family: wlKernel(features, { graph }),
    setting: graph === 0 ? rounds : graph === 1 ? 1 : 2,
  }));
const mean = (archs: readonly GrammarArch[], rounds: number) =>
  mixed(
    terms(rounds).map(({ family, setting }) => family.one(setting!, archs, archs)),
    names.map(() => 1 / 6),
  );

Deno.test("the hierarchical kernel with equal weights is the known one", () => {
  const gram = mean(four, 2);
  const known = [.313316, .208026, .872924, .220863, .555438, .254386];
  const upper = [...gram].filter((_, at) => at % 4 > Math.floor(at / 4));
  upper.forEach((value, i) => near(value, known[i], 1e-6, `pair ${i}`));
});

Deno.test("distances of degrees are the known ones, on trees and on cells", () => {
  const full = (name: "T1" | "T2" | "T4") => graphsOf(trees[name])[0];
  assert.equal(degreeDistance(full("T1"), full("T2")), 487);
  assert.equal(degreeDistance(full("T1"), full("T4")), 213);
  const word = {
    c1: "nor_conv_1x1",
    c3: "nor_conv_3x3",
    avg: "avg_pool_3x3",
    skip: "skip_connect",
  };
  const cells = [
    "|c3~0|+|c3~0|avg~1|+|skip~0|c3~1|skip~2|",
    "|c3~0|+|c3~0|c3~1|+|skip~0|c3~1|c1~2|",
    "|c3~0|+|none~0|c3~1|+|skip~0|none~1|skip~2|",
  ].map((text) =>
    parseNb201(text.replace(/\|(\w+)~/g, (all, op) => op in word ? `|${word[op as "c1"]}~` : all))
  );
  const space = spaceAt("nasbench201", { layers: 15, filters: 16 });
  const gram = degreeKernel(graphOf(space)).one(0, cells, cells);
  for (const [at, value] of [[1, .459426], [2, .641180], [5, .573753], [0, 1]]) {
    near(gram[at], value, 1e-6);
  }
  const [a, b, c] = cells.map(graphOf(space));
  assert.deepEqual([degreeDistance(a, b), degreeDistance(a, c), degreeDistance(b, c)], [7, 4, 5]);
});

const train = [trees.T1, trees.T2, trees.T3, trees.T4, trees.T5];
const losses = Float64Array.of(-2.1, -1.4, -0.7, -1.9, -1.5);
const { values } = standardise(losses);
const grams = (rounds: number) =>
  terms(rounds).map(({ family, setting }) => family.one(setting!, train, train));

Deno.test("the likelihood of the combined kernel by rounds is the known one", () => {
  const combined = [1.005146, 1.013382, 1.021319, 1.029837, 1.038803];
  const alone = [1.151191, .658452, .767317, .854249, .921370];
  for (let h = 0; h <= 4; h++) {
    near(fitGram(mean(train, h), values, 1e-3).negativeLogLikelihood / 5, combined[h], 1e-6);
    const [full] = grams(h);
    near(fitGram(full, values, 1e-3).negativeLogLikelihood / 5, alone[h], 1e-6);
  }
});

Deno.test("weights and noise are the known ones after 1, 2, 3 and 20 evaluations", () => {
  for (const [steps, nll] of [[1, 1.005146], [2, .987102], [3, .972870], [20, .701231]]) {
    const { fitted, shares } = learnShares(grams(0), values, undefined, { steps });
    near(fitted.negativeLogLikelihood / 5, nll, 1e-6, `${steps} evaluations`);
    if (steps > 1) assert.equal(fitted.noise, 1e-5);
    if (steps < 20) continue;
    [.8303, .0186, .0181, .0206, .0717, .0406].forEach((s, l) =>
      near(shares[l], s, 5e-5, names[l])
    );
  }
});

Deno.test("predictions of two trees and their expected improvement are the known ones", () => {
  const process = new GraphProcess(terms());
  process.fit(train, losses);
  const unseen = [trees.T6, trees.T7];
  assert.equal(process.model.settings[0], "h = 0");
  const { mean, deviation } = process.predict(unseen);
  near(mean[0], -2.0158, 5e-5);
  near(deviation[0], .0801, 5e-5);
  near(mean[1], -1.4133, 5e-5);
  near(deviation[1], .1254, 5e-5);
});

Deno.test("predictions without learned weights are the known ones", () => {
  const unseen = [trees.T6, trees.T7];
  const { values, by } = standardise(losses);
  const fitted = fitGram(mean(train, 2), values, 1e-3);
  const between = mixed(
    terms(2).map(({ family, setting }) => family.one(setting!, unseen, train)),
    names.map(() => 1 / 6),
  );
  const known = [[-1.956577, .171800, .019414], [-1.072425, .299098, 2.2558e-5]];
  known.forEach(([mu, s, improvement], j) => {
    const row = between.slice(j * 5, j * 5 + 5);
    const prediction = posterior(fitted, row, by);
    near(prediction.mean[0], mu, 1e-6);
    near(prediction.deviation[0], s, 1e-6);
    near(Math.exp(ei(prediction)), improvement, 1e-4 * improvement + 1e-9);
  });
});

Deno.test("plain Weisfeiler–Lehman takes one round, and the noise goes on from fit to fit", () => {
  const process = new GraphProcess(terms().slice(0, 1));
  process.fit(train, losses);
  assert.equal(process.model.settings[0], "h = 1");
  assert.deepEqual(process.model.weights, [1]);
  const again = new GraphProcess(terms().slice(0, 1));
  again.restore(JSON.parse(JSON.stringify(process.snapshot())));
  const unseen = [trees.T6, trees.T7];
  for (const one of [process, again]) one.fit(train.slice(1), losses.slice(1));
  assert.deepEqual(again.predict(unseen), process.predict(unseen));
  assert.deepEqual(again.model, process.model);
});

Deno.test("acquisitions of Bayesian optimisation have their closed forms", () => {
  const situation = (prediction: Parameters<typeof ei>[0], best: number, incumbent: number) => ({
    prediction,
    best,
    incumbent: () => incumbent,
    rng: new Rng(1, 1),
    draw: () => prediction.mean,
    members: () => [],
  });
  const one = { mean: Float64Array.of(-2), deviation: Float64Array.of(0.5), noise: 0.3 };
  const value = (name: "ei-full" | "log-ei" | "aei", best = -2.1) =>
    Math.exp(acquire(name, situation(one, best, -1.9))[0]);
  near(value("ei-full"), .153447, 1e-6);
  // e^f Φ(v) − e^(s²/2 + μ) Φ(v − s), by its factor e^f.
  const phi = (u: number) => 0.5 * (1 + erf(u / Math.SQRT2));
  const v = (-2.1 - -2) / 0.5;
  const expected = Math.exp(-2.1) * phi(v) - Math.exp(0.125 - 2) * phi(v - 0.5);
  near(value("log-ei") * Math.exp(-2.1), expected, 1e-6);
  // The incumbent's value replaces the best one; the factor is 1 − σ / √(σ² + s²).
  near(value("aei"), value("ei-full", -1.9) * (1 - 0.3 / Math.hypot(0.3, 0.5)), 1e-7);
  const wide = acquire("log-ei", situation({ ...one, mean: Float64Array.of(1e7) }, -3, -3));
  assert.ok(Number.isFinite(wide[0]));
});

type Point = { mean: Float64Array; deviation: Float64Array; noise?: number };

const ei = (prediction: Point): number =>
  acquire("ei-full", {
    prediction,
    best: -2.1,
    incumbent: () => -2.1,
    rng: new Rng(1, 1),
    draw: () => prediction.mean,
    members: () => [],
  })[0];

/** Posterior at one point by the formulas, with an explicit inverse of the kernel matrix. */
function posterior(
  fitted: ReturnType<typeof fitGram>,
  row: Float64Array,
  by: { mean: number; deviation: number },
): Point {
  const n = row.length, { lower } = fitted;
  const solved = row.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) solved[i] -= lower[i * n + k] * solved[k];
    solved[i] /= lower[i * n + i];
  }
  const mu = row.reduce((sum, k, i) => sum + k * fitted.weights[i], 0);
  const left = 1 + fitted.noise - solved.reduce((sum, s) => sum + s * s, 0);
  return {
    mean: Float64Array.of(by.mean + by.deviation * mu),
    deviation: Float64Array.of(by.deviation * Math.sqrt(Math.max(fitted.noise, left))),
  };
}

/** erf by its series. */
function erf(x: number): number {
  let term = x, sum = x;
  for (let n = 1; n < 60; n++) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}
