/** Sums that become part of a batch norm: which do, and that values and gradients stay what they were. */
import assert from "node:assert/strict";
import { testData } from "../../src/autodiff/gradcheck.ts";
import { run, schedule, Tape, type Value } from "../../src/autodiff/mod.ts";
import { reshape } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { numel, type Shape } from "../../src/gpu/tensor.ts";
import { add, batchNorm, matmul, relu } from "../../src/ops/mod.ts";

const gpu = await Gpu.open();
const options = {
  epsilon: 1e-5,
  decay: 0.9,
  mode: "batch",
  update: false,
  debias: false,
  relu: true,
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
  const norm = (x: Value) => batchNorm(x, gamma, beta, null, options);
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
