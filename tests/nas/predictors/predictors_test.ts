import assert from "node:assert/strict";
import { nasbench201Encodings } from "../../../src/nas/encodings/nasbench201.ts";
import { BayesianLinear } from "../../../src/nas/predictors/bayesian_linear.ts";
import {
  addPosteriorGradient,
  Bohamiann,
  bohamiannDefaults,
} from "../../../src/nas/predictors/bohamiann.ts";
import {
  fitGram,
  GaussianProcess,
  noiseGradient,
} from "../../../src/nas/predictors/gaussian_process.ts";
import { batchOf, GraphNet, trainGraphNet } from "../../../src/nas/predictors/gcn.ts";
import { graphOf } from "../../../src/nas/predictors/graphs.ts";
import { distanceKernel, rbfKernel } from "../../../src/nas/predictors/kernels.ts";
import { Mlp, rowsOf, scaleOf, scaleRows, trainMlp } from "../../../src/nas/predictors/mlp.ts";
import {
  openPredictor,
  type PredictorName,
  predictorNames,
} from "../../../src/nas/predictors/mod.ts";
import { WlFeatures, wlKernel } from "../../../src/nas/graph_kernels/wl.ts";
import { formatNb201, type Nb201Arch } from "../../../src/nas/spaces/nasbench201.ts";
import { pearson } from "../../../src/nas/analysis/statistics.ts";
import { Rng, Stream } from "../../../src/common/random.ts";
import { spaceAt } from "../child_config.ts";

const space = spaceAt("nasbench201", { layers: 15, filters: 16 });
const encodings = nasbench201Encodings();
const rng = (step = 0) => new Rng(7, Stream.search, step);

/** A loss that every predictor can learn: convolutions are good, and better in sequence. */
function loss({ ops }: Nb201Arch): number {
  const gain = [0, 0.3, 0.7, 1, 0.2];
  return 10 - ops.reduce((sum, op) => sum + gain[op], 0) - gain[ops[0]] * gain[ops[4]];
}

/** Different cells, each sampled once. */
function cells(count: number, step: number): Nb201Arch[] {
  const r = rng(step);
  const drawn = new Map<string, Nb201Arch>();
  while (drawn.size < count) {
    const arch = encodings.adj.sample!(r);
    drawn.set(formatNb201(arch), arch);
  }
  return [...drawn.values()];
}
const known = cells(60, 1), others = cells(80, 2);
const losses = (archs: readonly Nb201Arch[]) => Float64Array.from(archs, loss);

const wl = () =>
  wlKernel(new WlFeatures<Nb201Arch>(formatNb201, (arch) => [graphOf(space)(arch)], [3]));
const kernels = {
  wl: wl(),
  rbf: rbfKernel(encodings.adj),
  distance: distanceKernel(encodings.adj),
};

for (const [name, kernel] of Object.entries(kernels)) {
  Deno.test(`${name}: the gradient of the marginal likelihood by the noise is that of differences`, () => {
    const gram = kernel.one(0, known, known);
    const targets = losses(known).map((t) => t - 8);
    const at = (noise: number) => fitGram(gram, targets, noise);
    for (const noise of [0.01, 0.1, 1]) {
      const step = 1e-5 * noise;
      const by = (at(noise + step).negativeLogLikelihood - at(noise - step).negativeLogLikelihood) /
        (2 * step);
      const exact = noiseGradient(at(noise));
      assert.ok(Math.abs(by - exact) < 1e-5 * Math.abs(exact) + 1e-6, `${noise}: ${by}, ${exact}`);
    }
  });

  // Histograms are linear features: different graphs may depend on each other.
  if (name === "wl") continue;
  Deno.test(`${name}: without noise the posterior goes through the targets and draws do as well`, () => {
    const distinct = known.filter((arch, i) =>
      known.findIndex((other) =>
        kernel.one(0, [arch], [other])[0] > kernel.one(0, [arch], [arch])[0] - 1e-9
      ) === i
    ).slice(0, 15);
    const process = new GaussianProcess({ ...kernel, all: (a, b) => [kernel.one(0, a, b)] }, {
      noises: [1e-10],
    });
    process.fit(distinct, losses(distinct));
    const { mean, deviation } = process.predict(distinct);
    const drawn = process.draw(distinct, rng());
    distinct.forEach((arch, i) => {
      assert.ok(Math.abs(mean[i] - loss(arch)) < 1e-4, `${mean[i]}, ${loss(arch)}`);
      assert.ok(deviation[i] < 1e-3);
      assert.ok(Math.abs(drawn[i] - loss(arch)) < 0.01);
    });
  });
}

Deno.test("the kernel and the noise with the largest marginal likelihood are chosen", () => {
  const kernel = wl();
  const noises = [1e-3, 0.1];
  const process = new GaussianProcess(kernel, { noises });
  process.fit(known, losses(known));
  const standard = losses(known);
  const m = standard.reduce((a, b) => a + b) / standard.length;
  const s = Math.sqrt(standard.reduce((a, b) => a + (b - m) ** 2, 0) / (standard.length - 1));
  const all = kernel.all(known, known).flatMap((gram, h) =>
    noises.map((noise) => ({
      kernel: kernel.settings[h],
      noise,
      nll: fitGram(gram, standard.map((t) => (t - m) / s), noise).negativeLogLikelihood,
    }))
  );
  const best = all.reduce((a, b) => b.nll < a.nll ? b : a);
  assert.deepEqual(process.chosen, { kernel: best.kernel, noise: best.noise });
});

Deno.test("a Gaussian process on one kernel value per pair equals the closed form for two points", () => {
  const kernel = distanceKernel<number>(
    { name: "line", distance: (a, b) => Math.abs(a - b) },
    1,
    1,
  );
  const process = new GaussianProcess(kernel, { noises: [0.1] });
  process.fit([0, 1], Float64Array.of(-1, 1));
  // Standardised targets are ∓1/√2 in units of √2: by symmetry weights are ∓w with w(1.1 − e⁻¹) = 1/√2.
  const k = (d: number) => Math.exp(-d);
  const w = Math.SQRT1_2 / (1.1 - k(1));
  const expected = Math.SQRT2 * w * (k(1) - k(2));
  assert.ok(Math.abs(process.predict([2]).mean[0] - expected) < 1e-12);
});

Deno.test("a kernel matrix that is no kernel's is refused", () => {
  assert.throws(() => fitGram(Float64Array.of(1, 1e5, 1e5, 1), Float64Array.of(1, 2), 1e-5), {
    message: /Cannot fit a Gaussian process to 2 architectures/,
  });
});

/** Largest difference between a gradient and central differences, relative to the largest entry. */
function gradientError(params: Float64Array, gradient: Float64Array, value: () => number): number {
  let worst = 0, largest = 0;
  for (let i = 0; i < params.length; i++) {
    const own = params[i];
    params[i] = own + 1e-5;
    const up = value();
    params[i] = own - 1e-5;
    const by = (up - value()) / 2e-5;
    params[i] = own;
    worst = Math.max(worst, Math.abs(by - gradient[i]));
    largest = Math.max(largest, Math.abs(by));
  }
  return worst / largest;
}

for (const activation of ["relu", "tanh"] as const) {
  Deno.test(`the gradient of a feed-forward net with ${activation} is that of differences`, () => {
    const net = new Mlp([6, 7, 5], activation, rng());
    const r = rng(9);
    const rows = rowsOf(
      Array.from({ length: 4 }, () => Float64Array.from({ length: 6 }, () => r.normal())),
    );
    const value = () =>
      net.forward(rows).subarray(0, 4).reduce((sum, y, i) => sum + (y - i) ** 2, 0);
    value();
    net.backward(rows, net.forward(rows).slice(0, 4).map((y, i) => 2 * (y - i)));
    assert.ok(gradientError(net.params, net.gradient.slice(), value) < 1e-6);
  });
}

Deno.test("the gradient of a graph net is that of differences, with dropout", () => {
  const options = { layers: 2, width: 5, dense: 6, dropout: 0.2, epochs: 1, batch: 3, lr: 1 };
  const graphs = known.slice(0, 3).map(graphOf(space));
  const vocabulary = new Map([...new Set(graphs.flatMap((g) => g.labels))].map((l, i) => [l, i]));
  const batch = batchOf(graphs, vocabulary);
  const net = new GraphNet(vocabulary.size, options, rng());
  const forward = () => net.forward(batch, rng(4));
  const value = () => forward().output.reduce((sum, y, i) => sum + (y - i) ** 2, 0);
  const pass = forward();
  net.backward(batch, pass, pass.output.map((y, i) => 2 * (y - i)));
  assert.ok(gradientError(net.params, net.gradient.slice(), value) < 1e-6);
});

Deno.test("a graph net computes what an independent implementation does", () => {
  const graphs = [
    { labels: ["a", "b", "c", "c"], successors: [[1, 2], [3], [3], []] },
    { labels: ["a", "c"], successors: [[1], []] },
  ];
  const options = { layers: 2, width: 3, dense: 2, dropout: 0, epochs: 1, batch: 2, lr: 1 };
  const net = new GraphNet(3, options, rng());
  net.params.forEach((_, i) => net.params[i] = Math.sin(1 + i));
  const { output } = net.forward(batchOf(graphs, new Map([["a", 0], ["b", 1], ["c", 2]])));
  // By numpy with whole matrices: no biases, no activation behind the first dense layer.
  const expected = [-0.0937244215944772, -0.0788902963351188];
  output.forEach((y, i) => assert.ok(Math.abs(y - expected[i]) < 1e-12, `${y}, ${expected[i]}`));
});

Deno.test("the rate of a graph net falls along half a cosine", () => {
  const graph = { labels: ["a", "b"], successors: [[1], []] };
  const vocabulary = new Map([["a", 0], ["b", 1]]);
  // So small a rate leaves the gradient as it is: Adam moves each weight by the rate.
  for (const [epochs, moves] of [[1, 1], [2, 1.5], [4, 2.5]]) {
    const options = { layers: 1, width: 2, dense: 2, dropout: 0, epochs, batch: 1, lr: 1e-7 };
    const net = new GraphNet(2, options, rng());
    const before = net.params.slice();
    trainGraphNet(net, [graph], vocabulary, Float64Array.of(5), options, rng());
    const moved = Math.max(...net.params.map((p, i) => Math.abs(p - before[i]))) / 1e-7;
    assert.ok(Math.abs(moved - moves) < 1e-3, `${moved} after ${epochs} epochs, expected ${moves}`);
  }
});

Deno.test("a Bayesian linear regression finds weights and noise, and is less sure away from the data", () => {
  const r = rng(4);
  const rows = rowsOf(Array.from({ length: 400 }, () => Float64Array.of(r.normal(), r.normal())));
  const targets = Float64Array.from(
    { length: 400 },
    (_, i) => 2 * rows.values[2 * i] - rows.values[2 * i + 1] + 0.3 + 0.5 * r.normal(),
  );
  const model = new BayesianLinear(rows, targets);
  assert.ok(Math.abs(1 / Math.sqrt(model.beta) - 0.5) < 0.05);
  const { mean, deviation } = model.predict(
    rowsOf([Float64Array.of(1, 0), Float64Array.of(10, 10)]),
  );
  assert.ok(Math.abs(mean[0] - 2.3) < 0.1);
  assert.ok(deviation[0] < 0.05 && deviation[1] > 5 * deviation[0]);
});

// The large graph net is the small one with more of everything, and five nets are five nets.
const learning = (Object.keys(predictorNames) as PredictorName[])
  .filter((name) => name !== "gcn" && name !== "diverse");
for (const name of learning) {
  Deno.test(`${name} learns a loss, and the same again from the same random numbers`, () => {
    const open = () =>
      openPredictor(name, {
        space,
        encoding: encodings[name === "gp" || name === "bohamiann" ? "adj" : "path"],
        // A tenth of the published chain is enough to see it learn.
        settings: name === "bohamiann" ? { steps: 1000 } : {},
      });
    const few = known.slice(0, 30);
    const fitted = [0, 1].map(() => {
      const predictor = open();
      predictor.fit(few, losses(few), rng(5));
      return predictor.predict(others);
    });
    assert.deepEqual(fitted[0].mean.slice(0, 9), fitted[1].mean.slice(0, 9));
    const r = pearson(fitted[0].mean, losses(others));
    // Degrees say little about cells of four nodes, and their kernel is not positive definite there.
    assert.ok(r > (name === "gp-nasbot" ? 0.25 : 0.4), `Pearson ${r}`);
    assert.ok(fitted[0].deviation.every((d) => d >= 0 && Number.isFinite(d)));
  });
}

Deno.test("the gradient of BOHAMIANN's posterior is that of differences, for the noise too", () => {
  const r = rng(6);
  const rows = rowsOf(
    Array.from({ length: 6 }, () => Float64Array.from({ length: 4 }, () => r.normal())),
  );
  const targets = Float64Array.from({ length: 6 }, () => r.normal());
  const net = new Mlp([4, 5, 5], "tanh", r);
  const all = Uint32Array.of(0, 1, 2, 3, 4, 5), logNoise = -1.2;
  // Likelihood of all rows, N(log 1e-6, 0.01) for the noise's logarithm, half the mean square of all parameters.
  const posterior = (logNoise: number) => {
    const misses = net.forward(rows).slice(0, 6).map((y, i) => y - targets[i]);
    const squares = misses.reduce((sum, m) => sum + m * m, 0);
    const weights = net.params.reduce((sum, w) => sum + w * w, logNoise ** 2);
    return squares / 2 / Math.exp(logNoise) + 6 / 2 * logNoise +
      (logNoise - Math.log(1e-6)) ** 2 / 0.02 + weights / 2 / (net.params.length + 1);
  };
  const byNoise = addPosteriorGradient(net, rows, targets, all, logNoise);
  const difference = (posterior(logNoise + 1e-5) - posterior(logNoise - 1e-5)) / 2e-5;
  assert.ok(Math.abs(byNoise - difference) < 1e-6 * Math.abs(difference), `${byNoise}`);
  assert.ok(gradientError(net.params, net.gradient, () => posterior(logNoise)) < 1e-6);
  // A half of the rows stands for all of them: both halves together are twice the whole.
  const whole = net.gradient.slice();
  net.gradient.fill(0);
  for (const half of [all.subarray(0, 3), all.subarray(3)]) {
    addPosteriorGradient(net, rows, targets, half, logNoise);
  }
  net.gradient.forEach((g, i) => assert.ok(Math.abs(g - 2 * whole[i]) < 1e-9));
});

Deno.test("BOHAMIANN's published chain has ten thousand steps and learns how noisy targets are", () => {
  const { steps, burnIn, every, hidden } = bohamiannDefaults();
  assert.deepEqual([steps, burnIn, every, hidden], [10_000, 1000, 50, [50, 50]]);
  const noiseOf = (deviation: number) => {
    const r = rng(8);
    const options = { ...bohamiannDefaults({ steps: 1000, width: 8 }), hidden: [8] };
    const predictor = new Bohamiann(encodings.adj, options);
    predictor.fit(known, losses(known).map((t) => t + deviation * r.normal()), rng(5));
    return predictor.noise;
  };
  const [quiet, noisy] = [noiseOf(0), noiseOf(3)];
  assert.ok(noisy > 5 * quiet, `${quiet}, ${noisy}`);
});

Deno.test("DNGO and BOHAMIANN see standardised features", () => {
  // Another unit and origin of the features changes nothing.
  const features = encodings.adj.features!;
  const moved = {
    ...encodings.adj,
    features: (a: Nb201Arch) => features(a).map((v) => 50 * v + 9),
  };
  for (
    const [name, settings] of [["dngo", { epochs: 20 }], ["bohamiann", { steps: 100 }]] as const
  ) {
    const [own, other] = [encodings.adj, moved].map((encoding) => {
      const predictor = openPredictor(name, { space, encoding, settings });
      predictor.fit(known.slice(0, 20), losses(known.slice(0, 20)), rng(5));
      return predictor.predict(others).mean;
    });
    own.forEach((m, i) => assert.ok(Math.abs(m - other[i]) < 1e-5, `${name}: ${m}, ${other[i]}`));
  }
});

Deno.test("columns are standardised by the population, equal ones only moved", () => {
  const rows = rowsOf([[1, 5, -2], [3, 5, 2]].map((row) => Float64Array.from(row)));
  const { mean, deviation } = scaleOf(rows);
  assert.deepEqual([[...mean], [...deviation]], [[2, 5, 0], [1, 1, 2]]);
  assert.deepEqual([...scaleRows(rows, { mean, deviation }).values], [-1, 0, -1, 1, 0, 1]);
});

Deno.test("the networks of an ensemble learn targets in their own unit", () => {
  const archs = known.slice(0, 20);
  const fitted = [1, 100].map((unit) => {
    const settings = { epochs: 1, layers: 2, ensemble: 2 };
    const predictor = openPredictor("ensemble", { space, encoding: encodings.adj, settings });
    predictor.fit(archs, losses(archs).map((t) => unit * t), rng(5));
    return predictor.predict(others).mean;
  });
  // One epoch moves the output a little, by how much does not depend on the unit of the mean absolute error.
  fitted[0].forEach((m, i) => assert.equal(m, fitted[1][i]));
});

for (const [loss, slope] of [["mae", 1], ["mse", 2 * 4], ["mape", 1 / (9.5 - 4.5)]] as const) {
  Deno.test(`a network's first step with loss ${loss} follows the published derivative`, () => {
    const rows = rowsOf([Float64Array.of(1)]);
    const net = new Mlp([1, 1], "relu", rng());
    net.params.set([1, 0, 1, 4.5]);
    // The output 5.5 is 4 below its target; far from 0, Adam's first step divides the gradient by itself plus ε.
    const epsilon = 1, lr = 1e-3;
    trainMlp(
      net,
      rows,
      Float64Array.of(9.5),
      { epochs: 1, batch: 1, loss, lr, epsilon },
      rng(),
    );
    const expected = 4.5 + lr * slope / (slope + epsilon);
    assert.ok(Math.abs(net.params[3] - expected) < 1e-9, `${net.params[3]}, ${expected}`);
  });
}

Deno.test("loss mape is refused where a target is no error above its bound", () => {
  const predictor = openPredictor("ensemble", {
    space,
    encoding: encodings.adj,
    settings: { loss: "mape" },
  });
  assert.throws(() => predictor.fit(known, losses(known).map(() => -2.1), rng()), {
    name: "UsageError",
    message:
      /Cannot train a predictor with loss mape: a target is -2.1, expected errors above 4.5 %/,
  });
});

Deno.test("predictors say which settings they have, and refuse others and absurd ones", () => {
  const open = (name: PredictorName, settings: object) => () =>
    openPredictor(name, { space, encoding: encodings.adj, settings });
  assert.throws(open("gp-wl", { layers: 2 }), {
    name: "UsageError",
    message: "Cannot set layers of predictor gp-wl: expected one of noise",
  });
  assert.throws(open("dngo", { loss: "mae" }), {
    message: /Cannot set loss of predictor dngo: expected one of layers, width, epochs, rate/,
  });
  assert.throws(open("ensemble", { width: 1e6 }), {
    message: /width is 1000000, expected at most/,
  });
  assert.throws(open("ensemble", { layers: 100, width: 1000 }), {
    message: /at most 20000000 weights/,
  });
  assert.throws(open("bohamiann", { steps: 1 }), { message: /steps is 1, expected at least 20/ });
});

Deno.test("the Gaussian process on distances has the published noise", () => {
  const process = openPredictor("gp", { space, encoding: encodings.adj }) as GaussianProcess<
    Nb201Arch
  >;
  process.fit(known, losses(known));
  assert.equal(process.chosen.noise, 1e-10);
});

Deno.test("predictors that see encodings name what an encoding lacks", () => {
  assert.throws(() => openPredictor("dngo", { space }), { message: /none is named/ });
  assert.throws(() => openPredictor("ensemble", { space, encoding: { name: "nasbot" } }), {
    message: /Cannot train a predictor on encoding nasbot: it has no features/,
  });
  assert.throws(() => openPredictor("gp", { space, encoding: { name: "cat_path" } }), {
    message: /it has no distance/,
  });
});
