/** Settings of a search that this device ends in a given time: what a minute's measurement allows. */
import type { Overrides } from "../nas/config/config.ts";

/** Seconds of measuring, compiling included. */
export const mostSeconds = 60;
/** Presets by rising size; the spaces have sizes of their own for each. */
export const ladder = ["smoke", "quick", "paper"];
/** Below this number of epochs a search learns little: a smaller preset, or fewer images, do better. */
const leastEpochs = 6;
/** Above it (those of the published micro search) a search gains little. */
const mostEpochs = 150;

/** A measured preset: seconds of an epoch on so many training images in batches. */
export interface Rung {
  seconds: number;
  images: number;
  batch: number;
}

/** Settings in words of the form: a preset, and what replaces its values. */
export interface Sized {
  preset: string;
  overrides: Overrides;
  /** What the search should take; null where nothing was measured in time. */
  seconds: number | null;
}

/**
 * The largest preset with enough epochs in the time, else the smallest on fewer images.
 * @param presets of the space, smallest first.
 * @param measure null when the time for measuring is over.
 */
export async function sizeFor(
  minutes: number,
  presets: readonly string[],
  measure: (preset: string) => Promise<Rung | null>,
): Promise<Sized> {
  let found: Sized = { preset: presets[0], overrides: {}, seconds: null };
  for (const preset of presets) {
    const rung = await measure(preset);
    if (!rung) break;
    const { seconds, images, batch } = rung;
    const epochs = Math.min(mostEpochs, Math.floor(60 * minutes / seconds));
    if (epochs >= leastEpochs) {
      found = { preset, overrides: { epochs }, seconds: epochs * seconds };
      continue;
    }
    if (found.seconds !== null) break;
    const share = 60 * minutes / (leastEpochs * seconds);
    const trainImages = Math.max(batch, Math.floor(images * share / batch) * batch);
    found = {
      preset,
      overrides: { epochs: leastEpochs, trainImages },
      seconds: leastEpochs * seconds * trainImages / images,
    };
    break;
  }
  return found;
}
