/** `denas predict`: classify picture files with a trained network. */
import type { Command } from "commander";
import { imageOf } from "../data/one_picture.ts";
import { pictureKinds } from "../data/picture_header.ts";
import { PicturePool } from "../data/picture_pool.ts";
import { DataError, whyUnreadable } from "../common/errors.ts";
import type { Classifier } from "../nas/train/classifier.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import type { NetworkFile } from "../nas/train/network.ts";
import { positive } from "./option_values.ts";
import { fromHere } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { oneLine, paint, percent, print, printError, printNote } from "./terminal.ts";

interface PredictOptions {
  top: number;
  json?: boolean;
  best?: boolean;
  adapter: SearchConfig["adapter"];
  runs: string;
}

/** Prediction for one picture. */
export interface Prediction {
  file: string;
  /** The most likely class; with several labels per image, all classes above ½. */
  labels: string[];
  /** The most likely classes, best first. */
  probabilities: { class: string; probability: number }[];
}

/** Number of pictures that are decoded and classified together. */
const AT_ONCE = 64;

export function addPredict(program: Command, finish: (code: number) => void): void {
  program.command("predict")
    .argument("<run>", "folder of a retraining, or its name")
    .argument("<images...>", `${pictureKinds} files`)
    .description("Classify picture files with a trained network.")
    .option("--top <n>", "classes to name per picture", positive, 3)
    .option("--json", "print one line of JSON per picture")
    .option("--best", "the weights of the best validation epoch in place of the last ones")
    .option("--adapter <kind>", "default, high-performance, low-power or software", "default")
    .option("--runs <folder>", "folder of all runs", "runs")
    .addHelpText(
      "after",
      `
Pictures of any size: the centre square is resized as in training.

Examples:
  $ denas predict 2026-01-31-retrain-1 cat.jpg dog.png
  $ denas predict runs/2026-01-31-retrain-1 photos/*.jpg --json | jq .labels`,
    ).action(async (run: string, images: string[], options: PredictOptions) => {
      finish(await predictFiles(runPath(run, options.runs), images, options));
    });
}

/**
 * Classifies picture files. @returns the exit code: 1 when one could not be read; the others are still
 * classified.
 */
async function predictFiles(
  path: string,
  files: readonly string[],
  { top, json, best, adapter }: PredictOptions,
): Promise<number> {
  const [{ readNetwork }, { Classifier }, { openDevice }, { followTuning }] = await Promise.all([
    import("../run/network.ts"),
    import("../nas/train/classifier.ts"),
    import("../nas/search/search.ts"),
    import("./follow.ts"),
  ]);
  const { network, tensors } = readNetwork(path, best ? "best" : "last");
  const { gpu, done } = await openDevice(adapter, undefined);
  let unreadable = 0;
  using pool = new PicturePool();
  try {
    const classifier = new Classifier(gpu, network, tensors);
    followTuning(gpu, path, () => gpu.questions(() => classifier.dryRun()), printNote);
    for (let i = 0; i < files.length; i += AT_ONCE) {
      const some = files.slice(i, i + AT_ONCE);
      const pictures = await readPictures(some, network, pool);
      unreadable += some.length - pictures.length;
      for (const prediction of await classify(classifier, network, pictures, top)) {
        print(json ? JSON.stringify(prediction) : lineOf(prediction));
      }
    }
  } finally {
    done();
  }
  return unreadable > 0 ? 1 : 0;
}

interface Picture {
  file: string;
  pixels: Uint8Array;
}

/** Reads the picture files; problems with the others go to stderr. */
async function readPictures(
  files: readonly string[],
  network: NetworkFile,
  pool: PicturePool,
): Promise<Picture[]> {
  const pictures = await Promise.all(files.map(async (file) => {
    try {
      return { file, pixels: await imageOf(await readBytes(file), network, file, pool) };
    } catch (error) {
      if (error instanceof DataError) return error;
      throw error;
    }
  }));
  const readable: Picture[] = [];
  for (const picture of pictures) {
    if (!(picture instanceof DataError)) readable.push(picture);
    else printError(`${paint("red", "denas:")} ${picture.message}`);
  }
  return readable;
}

async function readBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const path = fromHere(file);
    // A device has no end. Pipes are read: they may come from another program.
    const { isBlockDevice, isCharDevice } = await Deno.stat(path);
    if (isBlockDevice || isCharDevice) throw new Error("it is a device");
    return await Deno.readFile(path);
  } catch (cause) {
    const why = whyUnreadable(cause);
    throw new DataError(`Cannot read picture ${file}: ${why}, expected ${pictureKinds}`, { cause });
  }
}

async function classify(
  classifier: Classifier,
  { classes, task, input }: NetworkFile,
  pictures: readonly Picture[],
  top: number,
): Promise<Prediction[]> {
  if (pictures.length === 0) return [];
  const size = input.reduce((a, b) => a * b);
  const pixels = new Uint8Array(pictures.length * size);
  pictures.forEach((picture, i) => pixels.set(picture.pixels, i * size));
  const all = await classifier.probabilities(pixels, pictures.length);
  return pictures.map(({ file }, i) => {
    const row = [...all.subarray(i * classes.length, (i + 1) * classes.length)];
    const ranked = row.map((probability, c) => ({ class: classes[c], probability }))
      .sort((a, b) => b.probability - a.probability);
    const held = task === "multi-label"
      ? ranked.filter(({ probability }) => probability >= 0.5)
      : ranked.slice(0, 1);
    return {
      file,
      labels: held.map((c) => c.class),
      probabilities: ranked.slice(0, Math.max(1, top)),
    };
  });
}

function lineOf({ file, labels, probabilities }: Prediction): string {
  const shares = probabilities.map((c) => `${c.class} ${percent(c.probability)}`).join(", ");
  return oneLine(`${file}: ${labels.join(" + ") || "none"} (${shares})`);
}
