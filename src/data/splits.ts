/** Divisions of images into training, validation and test parts that published results were measured on. */
import { dirname, join } from "@std/path";
import { DataError } from "../common/errors.ts";
import { Rng, Stream } from "../common/random.ts";
import { type Images, pickImages, sliceImages } from "./dataset.ts";
import { type Files, readWhole } from "./file_source.ts";
import type { ReadSet } from "./reader.ts";

/**
 * `halves`: half of the training images are for validation. `test-halves`: half of the test images are, the
 * other half is for the test. `second-half`: the second half of the training images in file order is for
 * validation. `first-of-class`: the first `count` images of each class in file order are. `ids` names
 * NAS-Bench-201's own list of indices, used where it lies beside the data; otherwise the halves are random, by a
 * constant seed.
 */
export type SplitPlan =
  | { kind: "halves" | "test-halves"; ids: string }
  | { kind: "second-half" }
  | { kind: "first-of-class"; count: number };

/** Order of images that a division without a list of indices follows. */
const seed = 201;

/**
 * Divides a set. For "final" training and validation images are joined again where both are of the training files.
 * @param places folders or files beside which a list of indices may lie.
 */
export async function applySplit(
  read: ReadSet,
  plan: SplitPlan,
  { splits, files, places }: {
    splits: "search" | "final";
    files: Files;
    places: readonly string[];
  },
): Promise<ReadSet> {
  if (plan.kind === "first-of-class") {
    if (splits === "final") return read;
    return { ...read, ...firstOfClass(read.train, plan.count) };
  }
  if (plan.kind === "second-half") {
    const { train } = read;
    if (splits === "final") return read;
    const half = Math.floor(train.n / 2);
    return {
      ...read,
      train: sliceImages(train, 0, half),
      valid: sliceImages(train, half, train.n),
    };
  }
  if (plan.kind === "halves") {
    if (splits === "final") return read;
    const { parts, note } = await halvesOf(read.train.n, ["train", "valid"], plan.ids);
    const [train, valid] = parts.map((ids) => pickImages(read.train, ids));
    return { ...read, train, valid, notes: [...read.notes, ...note] };
  }
  const all = await read.test();
  const { parts, note } = await halvesOf(all.n, ["xvalid", "xtest"], plan.ids);
  return {
    ...read,
    valid: splits === "final" ? undefined : pickImages(all, parts[0]),
    testCount: parts[1].length,
    test: () => Promise.resolve(pickImages(all, parts[1])),
    notes: [...read.notes, ...note],
  };

  async function halvesOf(n: number, names: readonly [string, string], file: string) {
    for (const place of places) {
      for (const path of [join(place, file), join(dirname(place), file)]) {
        if (await files.size(path) === null) continue;
        return { parts: parseIds(await readWhole(files, path), path, names, n), note: [] };
      }
    }
    const order = new Rng(seed, Stream.data).permutation(n);
    const half = Math.floor(n / 2);
    const parts = [order.subarray(0, half), order.subarray(half)].map((ids) => ids.toSorted());
    const note = `The halves are random, not those of NAS-Bench-201; with its ${file} beside the ` +
      `data they are the published ones.`;
    return { parts, note: [note] };
  }
}

function firstOfClass(all: Images, count: number): { train: Images; valid: Images } {
  const seen = new Map<number, number>();
  const train: number[] = [], valid: number[] = [];
  all.labels.forEach((label, i) => {
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    (before < count ? valid : train).push(i);
  });
  return { train: pickImages(all, train), valid: pickImages(all, valid) };
}

/** Reads `{ "train": ["int", ["0", …]], "valid": … }`, each index below n, none twice. */
function parseIds(
  bytes: Uint8Array,
  path: string,
  names: readonly [string, string],
  n: number,
): Uint32Array<ArrayBuffer>[] {
  const cannot = (why: string, cause?: unknown) =>
    new DataError(`Cannot read indices ${path}: ${why}; fetch the file again`, { cause });
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw cannot((cause as Error).message, cause);
  }
  const taken = new Uint8Array(n);
  return names.map((name) => {
    const list = (value?.[name] as unknown[] | undefined)?.[1];
    if (!Array.isArray(list)) throw cannot(`it has no list ${name}, expected ["int", [indices]]`);
    return Uint32Array.from(list, (text) => {
      const index = Number(text);
      if (!Number.isInteger(index) || index < 0 || index >= n || taken[index]++ > 0) {
        throw cannot(`${name} has index ${text}, expected 0 … ${n - 1}, each once`);
      }
      return index;
    });
  });
}
