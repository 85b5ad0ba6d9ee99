/** Description of a network in the files exported from it. */
import type { NetworkFile } from "../nas/train/network.ts";

/**
 * How a picture of any size becomes an image of the network, in words. The rule is that of training
 * (`decodePicture` in `src/data/picture.ts`).
 */
export function resizeRule(
  { input: [h, w, c], resize }: Pick<NetworkFile, "input" | "resize">,
): string {
  const grey = c === 1 ? "; grey = 0.299 red + 0.587 green + 0.114 blue, rounded" : "";
  const square = resize === undefined
    ? `cut the centre square; resize it to ${h} x ${w} by area averaging`
    : `resize the shorter side to ${resize} by area averaging; cut ${h} x ${w} around the centre`;
  return `turn upright after EXIF; transparent pixels over black; ${square}, rounded to bytes${grey}`;
}

/** Texts about the network, for readers of the file. */
export function metadataOf(network: NetworkFile, testAccuracy?: number): Record<string, string> {
  const { classes, task, input, mean, deviation, space, choice, data } = network;
  return {
    producer: "denas",
    classes: JSON.stringify(classes),
    task,
    input: JSON.stringify(input),
    resize: resizeRule(network),
    mean: JSON.stringify(mean),
    deviation: JSON.stringify(deviation),
    space: space.kind,
    architecture: JSON.stringify(choice),
    data,
    ...testAccuracy !== undefined && { test_accuracy: String(testAccuracy) },
  };
}
