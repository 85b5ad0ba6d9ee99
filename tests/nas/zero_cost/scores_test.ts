/**
 * Every score against float64: the references of the ops, and central differences in place of gradients. The
 * bounds are about twice the differences that were measured.
 */
import assert from "node:assert/strict";
import { Tape, type Value } from "../../../src/autodiff/mod.ts";
import { numel, registry } from "../../../src/autodiff/op.ts";
import { Rng, salted, Stream } from "../../../src/common/random.ts";
import { Gpu } from "../../../src/gpu/mod.ts";
import { describe } from "../../../src/nas/analysis/describe.ts";
import { openSpace, spaces } from "../../../src/nas/registry.ts";
import { uniformArchitecture } from "../../../src/nas/sampling.ts";
import { crossEntropy } from "../../../src/nas/train/training.ts";
import { zeroCostScore, zeroCostScores } from "../../../src/nas/zero_cost/mod.ts";
import { derivativeAtZero } from "../../../src/nas/zero_cost/derivative.ts";
import { epeScore } from "../../../src/nas/zero_cost/input_gradients.ts";
import { correlations, eigenvalues, logDeterminant } from "../../../src/nas/zero_cost/matrices.ts";
import {
  forward,
  isLayer,
  layersOn,
  readWeights,
  recordLoss,
  type Untrained,
  weightsIn,
} from "../../../src/nas/zero_cost/untrained.ts";
import { type Watch, WatchedTape } from "../../../src/nas/zero_cost/watched_tape.ts";
import { scaleChannels, signBits } from "../../../src/ops/mod.ts";
import { settingsFor } from "../child_config.ts";
import { differences, off, runFloat64 } from "./float64.ts";
import { type SmallNet, smallNet } from "./small_net.ts";

const gpu = await Gpu.open();

/** A network of every kind of layer: 3×3 and 1×1 convolutions, pool, skip, reductions, linear. */
const small: SmallNet = {
  space: "nasbench201",
  settings: { layers: 3, filters: 1, stem: 1 },
  choice: [3, 1, 2, 4, 0, 3],
};

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
const norm = (vs: readonly Float64Array[]) =>
  Math.sqrt(sum(vs.flatMap((v) => [...v.map((x) => x * x)])));

const scoreOf = async (name: string, of: SmallNet = small): Promise<number> => {
  using _arena = gpu.arena();
  return await zeroCostScore(name).score(smallNet(gpu, of));
};

async function expectNear(name: string, expected: number, within: number, of = small) {
  const got = await scoreOf(name, of);
  assert.ok(
    off(got, expected) <= within,
    `${name} is ${got}, expected ${expected}: off by ${off(got, expected)}`,
  );
}

/** Weights and states of a network in float64. */
async function paramsOf({ weights }: Untrained): Promise<Record<string, Float64Array>> {
  const tensors = await weights.tensors();
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]) => [name, Float64Array.from(data)]),
  );
}

/** The forward pass of a network in float64, seen by `watch`; inputs that it adds are `more`. */
async function inFloat64(
  { of = small, watch = (_, record) => record(), images, more = [] }: {
    of?: SmallNet;
    watch?: Watch;
    images?: Float64Array;
    more?: Float64Array[];
  } = {},
) {
  const net = smallNet(gpu, of);
  const tape = new WatchedTape(watch);
  const x = tape.input([net.batch.n, ...net.input]);
  const labels = tape.input([net.batch.n]);
  const logits = forward(net, x);
  const [loss] = crossEntropy(logits, labels);
  const params = await paramsOf(net);
  const inputs = [images ?? Float64Array.from(net.data), Float64Array.from(net.labels), ...more];
  const value = (v: Value) => runFloat64(tape, { params, inputs })(v);
  const weights = layersOn(tape).map((layer) =>
    layer.weights.map((w) => params[net.weights.paramOf(w).name])
  );
  return {
    ...{ net, params, weights, inputs, value, tape },
    loss: () => value(loss)[0],
    logits: () => value(logits),
  };
}

const plainNet = await inFloat64();
const gradients = plainNet.weights.map((ws) => ws.map((w) => differences(w, plainNet.loss)));
const products = plainNet.weights.flatMap((ws, l) =>
  ws.map((w, k) => w.map((v, i) => v * gradients[l][k][i]))
);

Deno.test("norms, plain and snip are those of float64", async () => {
  await expectNear("l2_norm", sum(plainNet.weights.map(norm)), 1e-7);
  await expectNear("grad_norm", sum(gradients.map(norm)), 1e-5);
  await expectNear("plain", sum(products.map(sum)), 1e-4);
  await expectNear("snip", sum(products.map((p) => sum(p.map(Math.abs)))), 1e-5);
});

/** Networks of the hierarchical space with instance and layer norms, depthwise convolutions, hard-swish and mish. */
const hierarchical = [[1, 4], [7, 4], [8, 12]].map(([seed, images]): SmallNet => {
  const settings = { grammar: "nb201_variable_multi_multi", filters: 2, stem: 2 };
  const space = openSpace({ kind: "grammar", ...settings });
  const arch = uniformArchitecture(space, new Rng(seed, 5));
  return { space: "grammar", settings, choice: space.encode(arch), images, side: 8, seed };
});

/** −Σ w · (H g) in float64: the mixed second difference along w and g, all elements on their sides of the kinks. */
async function graspInFloat64(of: SmallNet): Promise<number> {
  const direction = smallNet(gpu, of);
  const layers = recordLoss(direction);
  const values = await readWeights(direction);
  const along = layers.map(({ weights }) =>
    weights.map((w) => Float64Array.from(values.gradients(w)))
  );
  const bits: Value[] = [];
  const seen = await inFloat64({
    of,
    watch: ({ op, inputs: [x] }, record) => {
      op.kinks?.at.forEach((at) => bits.push(signBits(x, at)));
      return record();
    },
  });
  const run = runFloat64(seen.tape, seen);
  let next = 0;
  const kept = (x: Value) => x.tape!.input(bits[next++].shape, { dtype: "u32" });
  const frozen = await inFloat64({
    of,
    watch: ({ op: { kinks }, inputs: [x] }, record) =>
      kinks ? [kinks.keeping(x, kinks.at.map(() => kept(x)))] : record(),
    more: bits.map(run),
  });
  const start = frozen.weights.map((ws) => ws.map((w) => w.slice()));
  const at = (s: number, t: number) => {
    frozen.weights.forEach((ws, l) =>
      ws.forEach((w, k) =>
        w.forEach((_, i) => w[i] = start[l][k][i] * (1 + s) + t * along[l][k][i])
      )
    );
    return frozen.loss();
  };
  const s = 1e-4, t = 1e-7 * norm(start.flat()) / norm(along.flat());
  return -(at(s, t) - at(s, -t) - at(-s, t) + at(-s, -t)) / (4 * s * t);
}

Deno.test("grasp is the mixed second difference of a network that crosses no kinks", async () => {
  // With so many ReLUs some change their signs even in the smallest step.
  const of = { ...small, settings: { layers: 3, filters: 4, stem: 1 }, images: 16, side: 8 };
  await expectNear("grasp", await graspInFloat64(of), 1e-3, of);
  for (const of of hierarchical) await expectNear("grasp", await graspInFloat64(of), 1e-2, of);
});

Deno.test("a derivative survives both curvature and rounding", async () => {
  const steps = { first: 0.5, most: 8, within: 1e-6 };
  const curved = await derivativeAtZero((x) => Promise.resolve(Math.exp(3 * x)), steps);
  assert.ok(off(curved, 3) < 1e-6, `${curved}`);
  const rounded = (x: number) => Promise.resolve(Math.fround(1000 + Math.exp(3 * x)));
  assert.ok(off(await derivativeAtZero(rounded, steps), 3) < 1e-3);
  assert.equal(await derivativeAtZero(() => Promise.resolve(0), steps), 0);
  assert.equal(await derivativeAtZero(() => Promise.resolve(Infinity), steps), NaN);
});

Deno.test("functions that keep their sides of kinks have the values and slopes of their ops", () => {
  const x = Float64Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 100 - 5);
  const kinked = registry.filter(({ kinks }) => kinks);
  assert.deepEqual(kinked.map(({ name }) => name).sort(), ["hard_swish", "relu"]);
  for (const { name, kinks, reference } of kinked) {
    const tape = new Tape();
    const value = tape.input([10, 100]);
    const above = kinks!.at.map((at) => signBits(value, at));
    const bits = above.map(runFloat64(tape, { params: {}, inputs: [x] }));
    const kept = kinks!.keeping(value, above.map(({ shape }) => tape.input(shape)));
    // Steps that cross no kink, all of which are at integers.
    for (const step of [0, 1e-3, -1e-3]) {
      const inputs = [x.map((v) => v + step), ...bits];
      const [expected] = reference([inputs[0]], [value.shape], {});
      const got = runFloat64(tape, { params: {}, inputs })(kept);
      got.forEach((v, i) => assert.ok(Math.abs(v - expected[i]) < 1e-12, `${name} at ${x[i]}`));
    }
  }
});

Deno.test("fisher is that of the differences of a factor per image and channel", async () => {
  const { batch: { n } } = plainNet.net;
  const factors: Float64Array[] = [];
  const perChannel: number[] = [];
  const gated = await inFloat64({
    watch: (applied, record) => {
      const [y, ...rest] = record();
      if (!isLayer(applied)) return [y, ...rest];
      const c = y.shape.at(-1)!;
      factors.push(new Float64Array(n * c).fill(1));
      perChannel.push(sum(weightsIn(applied.inputs).map(({ shape }) => numel(shape))) / c);
      return [scaleChannels(y, y.tape!.input([n, c]))];
    },
    more: factors,
  });
  gated.inputs.push(...factors.slice(gated.inputs.length - 2));
  const each = factors.map((f, i) =>
    sum(differences(f, gated.loss).map((g) => g * g / 2 / n)) * perChannel[i]
  );
  await expectNear("fisher", sum(each), 1e-4);
});

Deno.test("synflow is the logarithm of what float64 computes without powers of two", async () => {
  for (const space of spaces.names) {
    const of = { space, images: 1 };
    const net = await inFloat64({
      of,
      watch: ({ op, inputs }, record) => op.normalises ? [inputs[0]] : record(),
      images: new Float64Array(6 * 6 * 3).fill(1),
    });
    for (const data of Object.values(net.params)) data.forEach((w, i) => data[i] = Math.abs(w));
    // Linear in the weights of each layer while no pool changes its maximum.
    const flow = net.weights.flat().map((w) => {
      const start = w.slice();
      const at = (factor: number) => {
        w.forEach((_, i) => w[i] = start[i] * factor);
        return sum(net.logits());
      };
      const result = (at(1.001) - at(0.999)) / 0.002;
      at(1);
      return result;
    });
    await expectNear("synflow", Math.log(sum(flow)), 1e-6, of);
  }
});

Deno.test("synflow stays finite where the flow leaves the range of float32", async () => {
  const score = await scoreOf("synflow", {
    space: "nasbench201",
    settings: { layers: 30, filters: 8, stem: 1 },
    choice: [3, 3, 3, 3, 3, 3],
  });
  assert.ok(score > Math.log(3.4e38) && Number.isFinite(score), `${score}`);
});

Deno.test("nwot is the log-determinant of the equal signs of all ReLU inputs, in every space", async () => {
  for (const space of spaces.names) {
    const of = { space, images: 5 };
    const relus: Value[] = [];
    const net = await inFloat64({
      of,
      watch: ({ op, inputs }, record) => {
        if (op.role === "relu") relus.push(inputs[0]);
        return record();
      },
    });
    const value = runFloat64(net.tape, net);
    const kernel = new Float64Array(25);
    for (const relu of relus) {
      const x = value(relu), units = x.length / 5;
      kernel.forEach((_, pair) => {
        const [i, j] = [Math.floor(pair / 5), pair % 5];
        for (let u = 0; u < units; u++) {
          if (x[i * units + u] > 0 === x[j * units + u] > 0) kernel[pair]++;
        }
      });
    }
    // By eigenvalues, not by elimination.
    const expected = sum((await eigenvalues(kernel, 5)).map((v) => Math.log(Math.abs(v))));
    await expectNear("nwot", expected, 1e-9, of);
  }
});

Deno.test("jacov and epe_nas are those of the image gradients in float64", async () => {
  const images = plainNet.inputs[0];
  const of = plainNet.net.batch.n;
  const gradient = differences(images, () => sum(plainNet.logits()));
  const size = images.length / of;
  const rows = Array.from({ length: of }, (_, i) => gradient.subarray(i * size, (i + 1) * size));
  const k = 1e-5;
  const jacov = -sum(
    (await eigenvalues(correlations(rows), of)).map((v) => Math.log(v + k) + 1 / (v + k)),
  );
  await expectNear("jacov", jacov, 1e-5);
  await expectNear("epe_nas", epeScore(rows, plainNet.net.labels, 3), 1e-5);
});

Deno.test("zen is that of float64 on the same random weights and images", async () => {
  const net = smallNet(gpu, small);
  const got = await zeroCostScore("zen").score(net);
  const { n } = net.batch;
  const [x, z] = [0, 1].map((step) => {
    const rng = new Rng(net.seed, salted(Stream.data, 1), step);
    return Float64Array.from({ length: net.data.length }, () => Math.fround(rng.normal()));
  });
  // The networks' weights are left as drawn; the running statistics begin anew.
  const params = await paramsOf(net);
  const tape = new Tape();
  const images = tape.input([n, ...net.input]);
  forward(net, images);
  const pool = tape.nodes.find(({ op }) => op.name === "global_avg_pool")!;
  const norms = tape.nodes.filter(({ op }) => op.name === "batch_norm");
  const features = (input: Float64Array) => {
    const value = runFloat64(tape, { params, inputs: [input] });
    const variances = norms.map(({ op, inputs, params: given }) => {
      const shapes = inputs.map(({ shape }) => shape);
      const c = shapes[1][0];
      const running = new Float64Array(2 * c + 1).fill(1, c, 2 * c);
      const [, after] = op.reference([...inputs.slice(0, 3).map(value), running], shapes, {
        ...given as object,
        ...{ update: true, debias: false, decay: 0 },
      });
      return after.subarray(c, 2 * c);
    });
    return { of: value(pool.inputs[0]).slice(), variances };
  };
  const clean = features(x), noisy = features(x.map((v, i) => v + 0.01 * z[i]));
  const change = sum(clean.of.map((v, i) => Math.abs(v - noisy.of[i]))) / n;
  const scales = clean.variances.map((first, b) =>
    Math.log(
      sum(first.map((v, i) => 0.81 + 0.09 * v + 0.1 * noisy.variances[b][i])) / first.length,
    ) / 2
  );
  const expected = Math.log(change) + sum(scales);
  assert.ok(off(got, expected) <= 1e-5, `${got}, expected ${expected}: ${off(got, expected)}`);
});

Deno.test("params and flops are those of describe, in millions", async () => {
  for (const space of spaces.names) {
    const { example } = spaces.get(space);
    const { parameters, macs } = describe({
      space: openSpace(settingsFor(space, { ...example.settings, auxHead: false })),
      choice: example.choice,
      input: [6, 6, 3],
      classes: 3,
      form: "final",
    });
    assert.equal(await scoreOf("params", { space }), parameters / 1e6);
    assert.equal(await scoreOf("flops", { space }), macs! / 1e6);
  }
});

Deno.test("every score of every space is finite, and the same again", async () => {
  for (const space of spaces.names) {
    for (const { name } of zeroCostScores) {
      const first = await scoreOf(name, { space });
      assert.ok(Number.isFinite(first), `${space} ${name} is ${first}`);
      if (space === small.space) assert.equal(await scoreOf(name, { space }), first, name);
    }
  }
});

Deno.test("a dry run of every score in every space finds its kernels without computing", () => {
  for (const space of spaces.names) {
    for (const { name, record } of zeroCostScores) {
      using _arena = gpu.arena();
      const net = smallNet(gpu, { space, images: 3, side: 7 });
      const { submits } = gpu.counters;
      if (record) gpu.dryRun(() => record(net));
      assert.equal(gpu.counters.submits, submits, `${space} ${name}`);
    }
  }
});

Deno.test("a log-determinant tells singular matrices apart", () => {
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} ${b}`);
  near(logDeterminant(Float64Array.of(0, 2, 3, 0), 2), Math.log(6));
  near(logDeterminant(Float64Array.of(4, 1, 2, 3), 2), Math.log(10));
  assert.equal(logDeterminant(Float64Array.of(5, 5, 1, 5, 5, 1, 1, 1, 3), 3), -Infinity);
});

Deno.test("epe_nas compares classes with each other where there are more than 100", () => {
  const rng = new Rng(3, 1);
  const rows = Array.from(
    { length: 6 },
    () => Float64Array.from({ length: 9 }, () => rng.normal()),
  );
  const labels = [0, 0, 0, 7, 7, 150];
  const sums = [[0, 1, 2], [3, 4], [5]].map((members) => {
    const all = correlations(members.map((i) => rows[i]));
    return sum(all.map((v) => Math.log(Math.abs(v) + 1e-5))) / members.length;
  });
  const [a, b, c] = sums;
  const expected = 2 * (Math.abs(a - b) + Math.abs(a - c) + Math.abs(b - c)) / 3;
  assert.ok(off(epeScore(rows, labels, 200), expected) < 1e-12);
});
