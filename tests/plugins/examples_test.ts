/** The examples that train, on the real adapter: a space from search to ONNX, and an evaluator. */
import assert from "node:assert/strict";
import { syntheticDataSet } from "../../src/data/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import type { Plugin } from "../../src/nas/definition.ts";
import type { RunEvent } from "../../src/nas/events.ts";
import { finalConfig, pictureOf } from "../../src/nas/config/final_config.ts";
import { parseNetworkFile } from "../../src/nas/train/network.ts";
import { register } from "../../src/nas/registry.ts";
import { retrain } from "../../src/nas/train/retrain.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { drawText } from "../../src/run/draw.ts";
import { onnxModel } from "../../src/run/onnx/mod.ts";
import { encodeModel } from "../../src/run/onnx/model.ts";
import residual from "../../examples/residual.ts";
import throughput from "../../examples/throughput.ts";

for (const example of [residual, throughput]) register(example as Plugin);

const gpu = await Gpu.open();
const dataset = syntheticDataSet({ train: 24, valid: 8, test: 8, image: [8, 8, 3], classes: 3 });
const { signal } = new AbortController();
const small = { "space.layers": 2, "space.filters": 4, "space.stem": 1, batch: 8, evalBatch: 8 };

async function all(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const found: RunEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

Deno.test("the space of an example is searched, drawn, retrained and exported like a built-in one", async () => {
  const overrides = { ...small, epochs: 1, "evaluator.rewardBatch": 8, "selection.images": 8 };
  const config = resolveSearchConfig({ mode: "residual", preset: "smoke", overrides });
  const store = memoryStore();
  const searched = await all(search(config, { signal, store, gpu, dataset }));
  assert.ok(searched.some((event) => event.type === "trial"));
  const arch = parseArchFile(store.files.get("arch.json") as string, "arch.json");
  assert.deepEqual([arch.space, arch.settings.layers, arch.choice.length], ["residual", 2, 2]);
  assert.match(drawText(pictureOf(arch)), /classifier/);
  const given = { batch: 8, evalBatch: 8, "space.filters": 4, epochs: 1 };
  const final = finalConfig(arch, { preset: "smoke", given });
  const trained = memoryStore();
  await all(retrain(arch, final, { signal, store: trained, gpu, dataset }));
  const network = parseNetworkFile(trained.files.get("network.json") as string, "network.json");
  const tensors = trained.files.get("weights.safetensors") as never;
  assert.ok(encodeModel(onnxModel({ network, tensors })).length > 1000);
});

Deno.test("the evaluator of an example scores by accuracy and time, above 0 and finite", async () => {
  const overrides = {
    ...small,
    strategy: "random",
    evaluator: "throughput",
    rounds: 2,
    "evaluator.images": 8,
    "evaluator.passes": 1,
  };
  const config = resolveSearchConfig({ mode: "residual", preset: "smoke", overrides });
  const events = await all(search(config, { signal, store: memoryStore(), gpu, dataset }));
  const scores = events.flatMap((e) => e.type === "trial" && e.on === "reward" ? [e.score] : []);
  assert.equal(scores.length, 2);
  assert.ok(scores.every((score) => Number.isFinite(score) && score >= 0));
});

globalThis.addEventListener("unload", () => gpu.close());
