/** The networks of benchmarks against plain loops in float64, written from the papers and not from the engine. */
import assert from "node:assert/strict";
import { run, Tape } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { Rng } from "../../src/common/random.ts";
import { spaceAt } from "./child_config.ts";
import { add, first, joined, make, type Map4, pool, Reference, relu } from "./plain_loops.ts";

const gpu = await Gpu.open();

type Forward = (r: Reference, images: Map4) => number[];

/** c3 and c1 to node 1 and 2, pools and skips to node 3; nodes as in the paper's figure. */
const nasbench201: Forward = (r, images) => {
  let x = r.convNorm(images, "stem", 3);
  for (let cell = 0; cell < 3; cell++) {
    if (cell > 0) {
      const name = `reduce${cell}`;
      const main = r.convNorm(relu(r.convNorm(relu(x), `${name}/a`, 3, 2)), `${name}/b`, 3);
      x = add(main, r.conv(pool(x, "avg", 2, 2), `${name}/shortcut`, 1));
    }
    const conv = (m: Map4, edge: number, k: number) =>
      r.convNorm(relu(m), `cell${cell}/edge${edge}/conv${k}`, k);
    const node1 = conv(x, 0, 3);
    const node2 = add(conv(x, 1, 1), pool(node1, "avg", 3, 1));
    x = add(x, conv(node2, 5, 3));
  }
  return r.classify(relu(r.norm(x, "last")));
};

/** in → {1: c3, 2: c1, out}; 1 → {2, 3: pool}; 2, 3 → out: truncation, projections, concatenation, sum. */
const nasbench101: Forward = (r, images) => {
  let x = relu(r.convNorm(images, "stem", 3));
  let width = 5;
  for (let cell = 0; cell < 3; cell++) {
    if (cell > 0) [x, width] = [pool(x, "max", 2, 2), 2 * width];
    const block = (m: Map4, name: string, k: number) =>
      relu(r.convNorm(m, `cell${cell}/${name}`, k));
    const project = (where: string, c: number) => block(x, `${where}project${c}`, 1);
    const c2 = Math.ceil(width / 2), c3 = Math.floor(width / 2);
    const v1 = block(project("vertex1/", c2), `vertex1/conv3x${c2}`, 3);
    const v2 = block(add(project("vertex2/", c2), v1), `vertex2/conv1x${c2}`, 1);
    const v3 = pool(first(v1, c3), "max", 3, 1);
    x = add(joined([v2, v3]), project("output/", width));
  }
  return r.classify(x);
};

/** 1 2 0 1 0 2 0 1. */
const nasbenchMacro: Forward = (r, images) => {
  let x = relu(r.convNorm(images, "stem", 3));
  [1, 2, 0, 1, 0, 2, 0, 1].forEach((op, layer) => {
    const stride = [0, 2, 5].includes(layer) ? 2 : 1;
    if (op === 0) {
      if (stride === 2) x = r.convNorm(x, `layer${layer}/identity`, 1, 2);
      return;
    }
    const k = op === 1 ? 3 : 5, name = `layer${layer}/ir${k}`;
    const wide = relu(r.convNorm(x, `${name}/expand`, 1));
    const spread = relu(
      r.norm(r.depthwise(wide, `${name}/depthwise`, k, stride), `${name}/depthwise`),
    );
    const y = r.convNorm(spread, `${name}/project`, 1);
    x = stride === 1 ? add(y, x) : y;
  });
  return r.classify(relu(r.convNorm(x, "last", 1)));
};

/** Two nodes: sep3(0) + dil3(1); max(1) + skip(2); the reduction cell dil5(0) + skip(1); avg(0) + sep3(2). */
const darts: Forward = (r, images) => {
  let [s0, s1] = [0, 1].map(() => r.convNorm(images, "stem", 3));
  for (let l = 0; l < 3; l++) {
    const reduction = l === 1 || l === 2;
    const at = (name: string) => `cell${l}/${name}`;
    const fit0 = s0.shape[1] !== s1.shape[1]
      ? r.halve(relu(s0), at("fit0"))
      : r.convNorm(relu(s0), at("fit0"), 1);
    const fit1 = r.convNorm(relu(s1), at("fit1"), 1);
    const sep = (m: Map4, where: string, stride: number) => {
      const step = (y: Map4, i: number, s: number) => {
        const name = at(`${where}/sep_conv_3x3/${i}`);
        return r.norm(r.mix(r.depthwise(relu(y), name, 3, s), name), name);
      };
      return step(step(m, 0, stride), 1, 1);
    };
    const dil = (m: Map4, where: string, k: number, stride: number) => {
      const name = at(`${where}/dil_conv_${k}x${k}`);
      return r.norm(r.mix(r.depthwise(relu(m), name, k, stride, 2), name), name);
    };
    const nodes = reduction
      ? (() => {
        const a = add(
          dil(fit0, "node0/in0", 5, 2),
          r.halve(relu(fit1), at("node0/in1/skip_connect")),
        );
        return [a, add(pool(fit0, "avg", 3, 2), sep(a, "node1/in2", 1))];
      })()
      : (() => {
        const a = add(sep(fit0, "node0/in0", 1), dil(fit1, "node0/in1", 3, 1));
        return [a, add(pool(fit1, "max", 3, 1), a)];
      })();
    [s0, s1] = [s1, joined(nodes)];
  }
  return r.classify(s1);
};

const cases = {
  nasbench201: {
    text: "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
    sizes: { layers: 3, filters: 3 },
    forward: nasbench201,
  },
  nasbench101: {
    text: "01101/00110/00001/00001/00000:input,conv3x3-bn-relu,conv1x1-bn-relu,maxpool3x3,output",
    sizes: { layers: 3, filters: 5 },
    forward: nasbench101,
  },
  "nasbench-macro": { text: "12010201", sizes: { layers: 8, filters: 2 }, forward: nasbenchMacro },
  darts: {
    text: "normal: (sep_conv_3x3,0) (dil_conv_3x3,1) (max_pool_3x3,1) (skip_connect,2); " +
      "reduce: (dil_conv_5x5,0) (skip_connect,1) (avg_pool_3x3,0) (sep_conv_3x3,2)",
    sizes: { layers: 3, filters: 3, blocks: 2 },
    forward: darts,
  },
};

for (const [name, { text, sizes, forward }] of Object.entries(cases)) {
  for (const form of ["final", "search"] as const) {
    Deno.test(`${name}: the ${form} network computes what plain loops do`, async () => {
      const space = spaceAt(name, { dropPathKeep: 1, auxHead: false, ...sizes });
      const input = [9, 8, 3] as const;
      const weights = new WeightStore();
      const model = space.build(space.notation!.parse(text), { weights, input, classes: 4, form });
      weights.materialise(gpu, 5);
      const tensors = await weights.tensors();
      const rng = new Rng(6, 0);
      for (const [key, { data }] of Object.entries(tensors)) {
        if (/(gamma|beta|\/b)$/.test(key)) data.forEach((_, i) => data[i] = 0.5 + rng.next());
      }
      weights.load(tensors);
      const images = make([2, ...input], () => rng.normal());
      const tape = new Tape();
      const x = tape.input([2, ...input], {
        tensor: gpu.upload(Float32Array.from(images.data), [2, ...input]),
      });
      const pass = { training: false, batchStatistics: true, seed: 1, step: 0, steps: 1 };
      const { logits } = model.forward(x, pass);
      const [got] = await gpu.read([run(gpu, tape, { outputs: [logits] }).of(logits)]);
      const wanted = forward(new Reference(tensors), images);
      const scale = Math.max(...wanted.map(Math.abs));
      wanted.forEach((v, i) =>
        assert.ok(Math.abs(got[i] - v) < 1e-4 * scale, `${i}: ${got[i]}, expected ${v}`)
      );
    });
  }
}
