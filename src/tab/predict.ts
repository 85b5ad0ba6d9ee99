/** Classifies a picture, or a frame of the camera, with the network of a finished retraining. */
import { UsageError } from "../common/errors.ts";
import { toGrey } from "../data/picture_set.ts";
import { Gpu } from "../gpu/device.ts";
import { Classifier } from "../nas/train/classifier.ts";
import type { Disk } from "./disk.ts";
import { readTrained } from "./engine.ts";
import { decode, shrink } from "./pictures.ts";
import { readRunState } from "./run_files.ts";

/** The network that was asked last, on its device. A name may be that of a later run once a run is deleted. */
let last: { name: string; started: string; gpu: Gpu; classifier: Classifier } | null = null;

function forget(): void {
  last?.gpu.close();
  last = null;
}

export async function classify(disk: Disk, name: string, picture: Blob | ImageBitmap) {
  const { network, tensors } = await readTrained(disk, name);
  const { input: [h, w, c], resize = h, classes } = network;
  if (h !== w || c !== 1 && c !== 3) {
    throw new UsageError(
      `Cannot classify a picture: the network takes ${h}×${w}×${c}, expected squares of 1 or 3 channels`,
    );
  }
  const wanted = { resize, side: h };
  const { rgb } = picture instanceof Blob
    ? await decode(new Uint8Array(await picture.arrayBuffer()), wanted)
    : shrink(picture, wanted);
  const pixels = c === 3 ? rgb : toGrey({ pixels: rgb, labels: new Uint8Array(1), n: 1 }).pixels;
  const started = (await readRunState(disk, name))?.started ?? "";
  if (last?.name !== name || last.started !== started) {
    forget();
    const gpu = await Gpu.open();
    forget(); // Another picture may have opened one meanwhile.
    last = { name, started, gpu, classifier: new Classifier(gpu, network, tensors) };
  }
  const { gpu, classifier } = last;
  try {
    const probabilities = await classifier.probabilities(pixels, 1);
    return classes.map((label, i) => ({ label, probability: probabilities[i] }))
      .sort((a, b) => b.probability - a.probability);
  } catch (error) {
    if (last?.gpu === gpu) forget(); // The device may be gone; the next picture opens another.
    throw error;
  }
}
