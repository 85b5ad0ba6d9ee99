/** Small untrained networks with a batch, for tests of scores. */
import { Rng } from "../../../src/common/random.ts";
import type { Gpu } from "../../../src/gpu/mod.ts";
import { openSpace, spaces } from "../../../src/nas/registry.ts";
import type { Untrained } from "../../../src/nas/zero_cost/untrained.ts";
import { WeightStore } from "../../../src/nn/weights.ts";
import { settingsFor } from "../child_config.ts";

export interface SmallNet {
  space: string;
  settings?: Record<string, unknown>;
  choice?: readonly number[];
  images?: number;
  side?: number;
  classes?: number;
  seed?: number;
}

/** A network of a space, by default of the example of its definition. */
export function smallNet(
  gpu: Gpu,
  of: SmallNet,
): Untrained & { data: Float32Array; labels: Uint32Array } {
  const { settings, choice, images = 4, side = 6, classes = 3, seed = 1 } = of;
  const definition = spaces.get(of.space);
  const example = settingsFor(of.space, {
    ...definition.example.settings,
    auxHead: false,
    ...settings,
  });
  const space = openSpace(example);
  const weights = new WeightStore();
  const input = [side, side, 3] as const;
  const arch = space.decode(choice ?? definition.example.choice);
  const model = space.build(arch, { weights, input, classes, form: "final" });
  weights.materialise(gpu, seed);
  const rng = new Rng(seed, 99);
  const data = Float32Array.from({ length: images * side * side * 3 }, () => rng.normal());
  const labels = Uint32Array.from({ length: images }, (_, i) => i % classes);
  const batch = {
    images: gpu.upload(data, [images, ...input]),
    labels: gpu.upload(labels),
    n: images,
  };
  return { gpu, model, weights, batch, input, classes, seed, data, labels };
}
