/** A search of ten steps on 288 made-up images; its results must agree between engines. */
import { sha256 } from "../../src/common/sha256.ts";
import { syntheticDataSet } from "../../src/data/synthetic.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { search } from "../../src/nas/search/search.ts";
import { memoryStore } from "../../src/nas/search/store.ts";
import { encodeCheckpoint } from "../../src/run/checkpoint.ts";

export interface TenSteps {
  adapter: string;
  losses: number[];
  trials: { choice: number[]; score: number }[];
  /** The selected architecture's file. */
  arch: string;
  /** SHA-256 of all tensors of the last checkpoint: weights, their momenta, the controller. */
  weights: string;
}

export async function tenSteps(): Promise<TenSteps> {
  const config = resolveSearchConfig({
    mode: "micro",
    preset: "smoke",
    overrides: {
      epochs: 1,
      batch: 16,
      evalBatch: 16,
      "evaluator.rewardBatch": 16,
      rounds: 1,
      perRound: 2,
      logEvery: 1,
      // Few kernels, because compiling takes nearly all of the time.
      "space.blocks": 1,
      selection: { drawn: 2, best: 1, images: 64 },
    },
  });
  const dataset = syntheticDataSet({ train: 160, valid: 64, test: 64, image: [8, 8, 1] });
  const store = memoryStore();
  const found: TenSteps = { adapter: "", losses: [], trials: [], arch: "", weights: "" };
  for await (const event of search(config, { signal: AbortSignal.any([]), store, dataset })) {
    if (event.type === "start") found.adapter = event.adapter!.description;
    else if (event.type === "step") found.losses.push(event.loss);
    else if (event.type === "trial") {
      found.trials.push({ choice: [...event.choice], score: event.score });
    }
  }
  found.arch = String(store.files.get("arch.json"));
  const state = (await store.load())!;
  found.weights = sha256(
    encodeCheckpoint({ state: { json: null, tensors: state.tensors }, trialBytes: 0 }, "", sha256),
  );
  return found;
}
