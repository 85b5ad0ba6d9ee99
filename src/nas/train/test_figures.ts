/** Figures of a trained network on the test images, for the last event of a retraining. */
import type { Batches } from "../../data/batches.ts";
import type { DataSet, Images } from "../../data/dataset.ts";
import type { Gpu } from "../../gpu/device.ts";
import { multiLabelScores } from "./multi_label.ts";
import type { Model, Pass } from "../space.ts";
import { logitsOf, predict } from "./training.ts";

export interface Tested {
  gpu: Gpu;
  model: Model;
  images: Images;
  /** Batches of `images`, in order. */
  batches: Batches;
  pass: Pass;
}

/** Test figures. Every image counts once, whatever the batch size. */
export async function testFigures(tested: Tested, { task, classes }: DataSet) {
  return task === "multi-label"
    ? await labelFigures(tested, classes.length)
    : await classFigures(tested, classes.length);
}

/** Accuracy, accuracy per class, and the confusion matrix (row = true class). */
async function classFigures({ gpu, model, images, batches, pass }: Tested, classes: number) {
  const predicted = await predict(gpu, model, batches, pass);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  predicted.forEach((p, i) => confusion[images.labels[i]][p]++);
  const hits = confusion.map((row, c) => row[c]);
  const counts = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  return {
    testAccuracy: hits.reduce((a, b) => a + b, 0) / images.n,
    perClassAccuracy: hits.map((h, c) => counts[c] ? h / counts[c] : 0),
    confusion,
  };
}

/** Figures for several labels per image: accuracy is the share of images with all labels right. */
async function labelFigures({ gpu, model, images, batches, pass }: Tested, classes: number) {
  const logits = await logitsOf(gpu, model, batches, pass);
  const multiLabel = multiLabelScores(logits, images.labels, classes);
  return { testAccuracy: multiLabel.exactMatch, multiLabel };
}
