/**
 * Fusion of sums and ReLUs into neighbouring ops: where it happens, and that values and gradients do not
 * change.
 */
import assert from "node:assert/strict";
import { testData } from "../../src/autodiff/gradcheck.ts";
import { run, schedule, Tape, type Value } from "../../src/autodiff/mod.ts";
import { reshape } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { numel, type Shape } from "../../src/gpu/tensor.ts";
import { add, batchNorm, matmul, maxPool2d, pointwise, relu } from "../../src/ops/mod.ts";

const gpu = await Gpu.open();
const options = {
  epsilon: 1e-5,
  decay: 0.9,
  mode: "batch",
  update: false,
  debias: false,
} as const;
const shape = [2, 5, 3, 8], elements = 240, channels = 8;

/** Two images, the weights of norms, and a weighting of the result, all of which want gradients. */
function setting() {
  const tape = new Tape();
  const input = (shape: Shape, seed: number) =>
    tape.input(shape, {
      tensor: gpu.upload(Float32Array.from(testData(numel(shape), "real", seed)), shape),
      wantsGrad: true,
    });
  const [a, b] = [input(shape, 1), input(shape, 2)];
  const [gamma, beta] = [input([channels], 3), input([channels], 4)];
  const norm = (x: Value) => relu(batchNorm(x, gamma, beta, null, options));
  return { tape, a, b, norm, all: [a, b, gamma, beta, input([elements, 1], 5)] };
}

type Build = (s: ReturnType<typeof setting>) => Value[];

/** The sum, and what it is made from: read from outside it stays apart. */
const networks: Record<string, { build: Build; fused: string[]; apart: string[] }> = {
  "the second term": {
    build: ({ a, b, norm }) => {
      const terms = [relu(b), norm(a)];
      return [add(terms[0], terms[1]), ...terms];
    },
    fused: ["relu", "batch_norm_plus"],
    apart: ["relu", "batch_norm", "add"],
  },
  "the first term, what is added made later and from the same image": {
    build: ({ a, b, norm }) => {
      const terms = [norm(a), relu(add(a, b))];
      return [add(terms[0], terms[1]), ...terms];
    },
    fused: ["add", "relu", "batch_norm_plus"],
    apart: ["batch_norm", "add", "relu", "add"],
  },
  "both terms": {
    build: ({ a, b, norm }) => {
      const terms = [norm(a), norm(b)];
      return [add(terms[0], terms[1]), ...terms];
    },
    fused: ["batch_norm", "batch_norm_plus"],
    apart: ["batch_norm", "batch_norm", "add"],
  },
  "a chain of sums": {
    build: ({ a, b, norm }) => {
      const inner = add(norm(a), relu(b)), outer = norm(b);
      return [add(inner, outer), inner, outer];
    },
    fused: ["relu", "batch_norm_plus", "batch_norm_plus"],
    apart: ["relu", "batch_norm_plus", "batch_norm", "add"],
  },
  "what is added has other readers, before and after": {
    build: ({ a, b, norm }) => {
      const shared = relu(b);
      const inner = add(norm(shared), norm(a));
      return [add(inner, shared), inner];
    },
    fused: ["relu", "batch_norm", "batch_norm_plus", "add"],
    apart: ["relu", "batch_norm", "batch_norm_plus", "add"],
  },
};

const opsOf = (tape: Tape, outputs: readonly Value[]) =>
  schedule(tape, outputs).actions.map((a) => a.kind === "forward" ? a.node.op.name : a.kind);

for (const [what, { build, fused, apart }] of Object.entries(networks)) {
  Deno.test(`a sum and a batch norm are one op where it is ${what}`, async () => {
    const results = async (outside: boolean) => {
      const s = setting();
      const [y, ...terms] = build(s);
      const outputs = outside ? [y, ...terms] : [y];
      assert.deepEqual(opsOf(s.tape, outputs), outside ? apart : fused);
      const loss = reshape(matmul(reshape(y, [1, elements]), s.all[4]), [1]);
      const result = run(gpu, s.tape, { outputs, loss });
      return await gpu.read([result.of(y), ...s.all.map((v) => result.gradient(v))]);
    };
    assert.deepEqual(await results(false), await results(true));
  });
}

Deno.test("a batch norm is no part of a sum where somebody else reads it, as another shape, or with what is no result", () => {
  const read = setting();
  const y = read.norm(read.a);
  const sum = add(y, add(relu(y), relu(read.b)));
  assert.deepEqual(opsOf(read.tape, [sum]), ["batch_norm", "relu", "relu", "add", "add"]);
  const bent = setting();
  const flat = [elements / channels, channels];
  const terms = [reshape(bent.norm(bent.a), flat), reshape(relu(bent.b), flat)] as const;
  assert.deepEqual(opsOf(bent.tape, [add(...terms)]), ["batch_norm", "relu", "add"]);
  const outside = setting();
  const given = add(outside.norm(outside.a), outside.b);
  assert.deepEqual(opsOf(outside.tape, [given]), ["batch_norm", "add"]);
});

/** Two images, a batch norm without ReLU, and 1×1 convolutions. */
function plain() {
  const { tape, a, b, all } = setting();
  const [, , gamma, beta, weights] = all;
  const w = tape.input([channels, channels], {
    tensor: gpu.upload(Float32Array.from(testData(channels ** 2, "real", 6))),
    wantsGrad: true,
  });
  const norm = (x: Value) => batchNorm(x, gamma, beta, null, options);
  const mix = (...xs: Value[]) => pointwise(xs, xs.map(() => w));
  return { tape, a, b, weights, norm, mix, all: [a, b, gamma, beta, w] };
}

const withRelu = (x: Value): [Value, Value] => [x, relu(x)];

/** The result first; the other values are read from outside, which keeps ReLUs apart. */
const withRelus: Record<
  string,
  { build: (s: ReturnType<typeof plain>) => Value[]; ops: string[] }
> = {
  "of all who read it": {
    build: ({ a, mix }) => {
      const shared = relu(a);
      return [add(mix(shared), mix(shared)), shared];
    },
    ops: ["pointwise", "pointwise", "add"],
  },
  "of an op that reads several": {
    build: ({ a, b, mix }) => {
      const [x, y] = [relu(a), relu(b)];
      return [mix(x, y), x, y];
    },
    ops: ["pointwise"],
  },
  "of the op before, where another reader does not take it": {
    build: ({ a, norm, mix }) => {
      const [x, y] = withRelu(norm(a));
      return [add(mix(y), maxPool2d(y, { k: 3, stride: 1, padding: "same" })), y, x];
    },
    ops: ["batch_norm", "pointwise", "max_pool2d", "add"],
  },
  "of the op before, in one scope with it": {
    build: ({ tape, a, norm, mix }) => {
      const [x, y] = tape.scope("in", () => withRelu(norm(a)));
      return [tape.scope("out", () => mix(y)), y, x];
    },
    ops: ["batch_norm", "pointwise"],
  },
  "of the op behind, in another scope": {
    build: ({ tape, a, norm, mix }) => {
      const x = tape.scope("in", () => norm(a));
      const y = relu(x);
      return [tape.scope("out", () => mix(y)), y, x];
    },
    ops: ["batch_norm", "pointwise"],
  },
  "of the op before, with a sum": {
    build: ({ tape, a, b, norm, mix }) => {
      const [x, y] = tape.scope("in", () => withRelu(norm(a)));
      return [add(mix(b), y), y, x];
    },
    ops: ["pointwise", "batch_norm_plus"],
  },
};

for (const [what, { build, ops }] of Object.entries(withRelus)) {
  Deno.test(`a ReLU is part ${what}`, async () => {
    const results = async (outside: boolean) => {
      const s = plain();
      const [y, ...read] = build(s);
      const outputs = outside ? [y, ...read] : [y];
      if (!outside) assert.deepEqual(opsOf(s.tape, outputs), ops);
      const loss = reshape(matmul(reshape(y, [1, elements]), s.weights), [1]);
      const result = run(gpu, s.tape, { outputs, loss });
      const wanted = s.all.filter((v) => reaches(y, v));
      return await gpu.read([result.of(y), ...wanted.map((v) => result.gradient(v))]);
    };
    assert.deepEqual(await results(false), await results(true));
  });
}

const reaches = (y: Value, x: Value): boolean =>
  y.source === x.source ||
  y.source.kind === "node" && y.source.node.inputs.some((v) => reaches(v, x));

Deno.test("which op takes a ReLU that both neighbours know follows from scopes: the values are the same", () => {
  const reluOf = (build: (s: ReturnType<typeof plain>) => Value) => {
    const s = plain();
    const { actions } = schedule(s.tape, [build(s)]);
    return actions.flatMap((a) =>
      a.kind === "forward" && (a.node.params as { relu?: boolean }).relu ? [a.node.op.name] : []
    );
  };
  const before = withRelus["of the op before, in one scope with it"].build;
  const behind = withRelus["of the op behind, in another scope"].build;
  assert.deepEqual(reluOf((s) => before(s)[0]), ["batch_norm"]);
  assert.deepEqual(reluOf((s) => behind(s)[0]), ["pointwise"]);
});

Deno.test("a ReLU stays where only some of its readers, or only some inputs of one, could do without", () => {
  const some = plain();
  const x = relu(some.a);
  const y = add(some.mix(x), maxPool2d(x, { k: 3, stride: 1, padding: "same" }));
  assert.deepEqual(opsOf(some.tape, [y]), ["relu", "pointwise", "max_pool2d", "add"]);
  const one = plain();
  assert.deepEqual(opsOf(one.tape, [one.mix(relu(one.a), one.b)]), ["relu", "pointwise"]);
});
