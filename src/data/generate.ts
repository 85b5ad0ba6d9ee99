/** Makes a generated data set and keeps its files. */
import { dirname, join } from "@std/path";
import { DataError } from "../common/errors.ts";
import type { Images } from "./dataset.ts";
import { npyLabels, npyParts, type Sink, writeNpyImages } from "./npy_set.ts";
import type { Made, Recipe } from "./recipes.ts";

/** Images that the set is made of. */
export interface Source {
  train: Images;
  test(): Promise<Images>;
}

/**
 * Writes the six files of a set as folder `dir`, which appears only when it is whole. Another process that makes
 * the same set writes the same bytes: the first one's folder stays.
 * @throws DataError where the folder cannot be written.
 */
export async function generate(recipe: Recipe, source: Source, dir: string): Promise<void> {
  let part: string | undefined;
  try {
    await Deno.mkdir(dirname(dir), { recursive: true });
    part = await Deno.makeTempDir({ dir: dirname(dir), prefix: ".making-" });
    const { train, valid, test } = recipe.counts;
    const training = recipe.make("train", source.train);
    const testing = recipe.make("test", await source.test());
    const made: Record<typeof npyParts[number], [Made, number, number]> = {
      train: [training, 0, train],
      valid: [training, train, train + valid],
      test: [testing, 0, test],
    };
    for (const name of npyParts) write(part, name, recipe, ...made[name]);
    await Deno.chmod(part, 0o755);
    await Deno.rename(part, dir);
  } catch (cause) {
    const there = await Deno.stat(join(dir, "test_y.npy")).then(() => true, () => false);
    if (there) return;
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      `Cannot write ${dir}: ${(cause as Error).message}, expected a folder with room for it; ` +
        `free some space or choose another cache folder`,
      { cause },
    );
  } finally {
    if (part !== undefined) await Deno.remove(part, { recursive: true }).catch(() => {});
  }
}

function write(
  dir: string,
  name: string,
  { image, normalisation }: Recipe,
  made: Made,
  from: number,
  to: number,
): void {
  using file = Deno.openSync(join(dir, `${name}_x.npy`), { createNew: true, write: true });
  const sink: Sink = {
    write(bytes) {
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    },
  };
  writeNpyImages(sink, to - from, image, normalisation, (into) => made.draw(into));
  file.syncSync();
  Deno.writeFileSync(join(dir, `${name}_y.npy`), npyLabels(made.labels.subarray(from, to)));
}
