/** Measures presets on this device, with steps on the images of the search. */
import type { DataSet } from "../data/dataset.ts";
import { Gpu } from "../gpu/device.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import { secondsPerEpoch } from "../nas/search/epoch_seconds.ts";
import { search } from "../nas/search/search.ts";
import { memoryStore } from "../nas/search/store.ts";
import { limited } from "./data_sets.ts";
import { mostSeconds, type Rung, type Sized, sizeFor } from "./sizing.ts";

/** Timed steps; slow devices would not end more of them in a minute. */
const steps = 12;

/** The settings of `sizeFor` for this device, after a minute at most. */
export async function measured(
  minutes: number,
  presets: readonly string[],
  configOf: (preset: string) => SearchConfig,
  data: DataSet,
): Promise<Sized> {
  const signal = AbortSignal.timeout(1000 * mostSeconds);
  const gpu = await Gpu.open();
  const measure = async (preset: string): Promise<Rung | null> => {
    const config = configOf(preset);
    const dataset = limited(data, config.trainImages, config.validImages);
    try {
      const seconds = await secondsPerEpoch({
        config,
        dataset,
        steps,
        run: (probe, images) =>
          search(probe as SearchConfig, { signal, store: memoryStore(), gpu, dataset: images }),
      });
      if (!signal.aborted) return { seconds, images: dataset.train.n, batch: config.batch };
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return null;
  };
  try {
    return await sizeFor(minutes, presets, measure);
  } finally {
    gpu.close();
  }
}
