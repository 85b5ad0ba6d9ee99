/** The spaces of published benchmarks on the engine: built, trained, sampled, with shared weights. */
import assert from "node:assert/strict";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveRetrainConfig } from "../../src/nas/config/config.ts";
import { describe } from "../../src/nas/analysis/describe.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { readFormText } from "../../src/nas/arch_formats/mod.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { Rng } from "../../src/common/random.ts";
import { drawSvg, drawText } from "../../src/run/draw.ts";
import { spaceAt } from "./child_config.ts";

const gpu = await Gpu.open();
const dataset = syntheticDataSet({
  train: 32,
  valid: 16,
  test: 16,
  image: [8, 8, 3],
  classes: 3,
});

/** An architecture in its own notation, the parameters of the published network, and a smaller one's sizes. */
const examples = {
  nasbench201: {
    text: "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|",
    parameters: 73_306 + 2 * 243_040 + 28_000,
    layers: 3,
  },
  nasbench101: {
    text: "0111010/0000001/0000001/0000100/0000001/0000001/0000000:input,conv1x1-bn-relu," +
      "conv3x3-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output",
    parameters: 2_694_282,
    layers: 3,
  },
  "nasbench-macro": { text: "02012100", parameters: 890_666, layers: 8 },
  // DARTS_V2.
  darts: {
    text: "normal: (sep_conv_3x3,0) (sep_conv_3x3,1) (sep_conv_3x3,0) (sep_conv_3x3,1) " +
      "(sep_conv_3x3,1) (skip_connect,0) (skip_connect,0) (dil_conv_3x3,2); " +
      "reduce: (max_pool_3x3,0) (max_pool_3x3,1) (skip_connect,2) (max_pool_3x3,1) " +
      "(max_pool_3x3,0) (skip_connect,2) (skip_connect,2) (max_pool_3x3,1)",
    parameters: 3_349_342,
    layers: 3,
  },
};

for (const [name, { text, parameters, layers }] of Object.entries(examples)) {
  const { arch } = readFormText(text)!;
  const { blocks } = arch.settings;
  const small = { layers, filters: 4, blocks, auxHead: false };

  Deno.test(`${name}: its notation is read, and its published network has the known size`, () => {
    assert.equal(arch.space, name);
    const config = resolveRetrainConfig({
      space: name,
      preset: "paper",
      overrides: { "space.blocks": blocks },
    });
    const space = openSpace(config.space);
    const size = describe({
      space,
      choice: arch.choice,
      input: [32, 32, 3],
      classes: 10,
      form: config.form,
    });
    assert.equal(size.parameters, parameters);
    assert.equal(space.notation!.format(space.notation!.parse(text)), text);
  });

  Deno.test(`${name}: retraining learns, and tests at the end`, async () => {
    const config = resolveRetrainConfig({
      space: name,
      preset: "smoke",
      overrides: {
        epochs: 10,
        batch: 8,
        evalBatch: 16,
        "space.blocks": blocks,
        "space.stem": 1,
        "augment.flip": false,
        "optimizer.lrMax": 0.05,
      },
    });
    const events: RunEvent[] = [];
    const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
    for await (const event of retrain(arch, config, io)) events.push(event);
    const losses = events.flatMap((e) => e.type === "epoch" ? [e.loss] : []);
    assert.ok(losses.at(-1)! < 0.7 * losses[0], `loss ${losses}`);
    const done = events.at(-1)!;
    assert.ok(done.type === "done" && done.testAccuracy! > 0.4, JSON.stringify(done));
  });

  Deno.test(`${name}: shared weights hold what every architecture needs, and nothing else`, () => {
    const space = spaceAt(name, small);
    const all = new WeightStore();
    const context = { input: [8, 8, 3] as const, classes: 3, form: "search" as const };
    space.supernet!({ ...context, weights: all });
    const shapes = new Map(all.params().map((p) => [p.name, p.shape.join()]));
    const used = new Set<string>();
    for (let seed = 0; seed < 400; seed++) {
      const own = new WeightStore();
      space.build(uniformArchitecture(space, new Rng(seed, 0)), { ...context, weights: own });
      for (const p of own.params()) {
        assert.equal(shapes.get(p.name), p.shape.join(), p.name);
        used.add(p.name);
      }
    }
    // NAS-Bench-101 declares some widths for vertices that seldom or never have them.
    if (name !== "nasbench101") {
      assert.deepEqual([...shapes.keys()].filter((n) => !used.has(n)), []);
    } else assert.ok(used.size > 0.6 * shapes.size, `${used.size} of ${shapes.size}`);
  });

  Deno.test(`${name}: architectures are drawn as text and as SVG`, async () => {
    const space = spaceAt(name, small);
    const graphs = space.picture(space.decode(arch.choice));
    for (const { nodes, edges } of graphs) {
      const ids = new Set(nodes.map(({ id }) => id));
      assert.equal(ids.size, nodes.length);
      assert.ok(edges.every(({ from, to }) => ids.has(from) && ids.has(to)));
    }
    const label = { nasbench201: "nor_conv_3x3", nasbench101: "maxpool3x3", darts: "dil_conv_3x3" };
    const expected = label[name as keyof typeof label] ?? "inverted residual 5×5, ×6";
    assert.ok(drawText(graphs).includes(expected));
    assert.ok((await drawSvg(graphs)).includes(expected));
  });
}
