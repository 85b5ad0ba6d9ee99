/** What a search would train on, for the page to show before it starts. */
import { byteOffsets, type DataSet, labelWidth } from "../data/dataset.ts";

/** Pictures that are shown of each class. */
const shown = 6;
/** Most classes whose pictures are shown. */
const mostClasses = 24;

export async function previewOf(data: DataSet) {
  const { name, task, classes, image, train, valid, testCount, notes, decoder } = data;
  const [h, w, c] = image;
  const width = labelWidth(train);
  const counts = classes.map(() => 0);
  const pictures: { label: number; rgba: Uint8ClampedArray<ArrayBuffer> }[] = [];
  const offsets = byteOffsets(train);
  for (let i = 0; i < train.n; i++) {
    for (const label of labelsOf(train.labels, i, width)) {
      if (++counts[label] > shown || label >= mostClasses) continue;
      pictures.push({
        label,
        rgba: rgbaOf(train.pixels.subarray(offsets[i], offsets[i + 1]), c),
      });
    }
  }
  const test = await data.test();
  return {
    name,
    task,
    classes,
    counts,
    size: [h, w, c] as const,
    train: train.n,
    valid: valid.n,
    test: Math.max(testCount, test.n),
    notes,
    decoder,
    pictures,
  };
}

function labelsOf(labels: Uint8Array | Uint16Array, i: number, width: number): number[] {
  if (width === 1) return [labels[i]];
  return Array.from({ length: width }, (_, k) => k).filter((k) => labels[i * width + k] === 1);
}

function rgbaOf(pixels: Uint8Array, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const n = pixels.length / channels;
  const rgba = new Uint8ClampedArray(4 * n);
  for (let p = 0; p < n; p++) {
    for (let c = 0; c < 3; c++) rgba[4 * p + c] = pixels[p * channels + (channels === 3 ? c : 0)];
    rgba[4 * p + 3] = 255;
  }
  return rgba;
}
