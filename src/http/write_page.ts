/** Writes the page that searches in a browser to the disk. */
import { basename, join } from "@std/path";
import { knownSets, locateDataSet } from "../data/mod.ts";
import { UsageError } from "../common/errors.ts";
import { requireFolder, writeAtomic } from "../run/files.ts";
import type { WritePage } from "../run/serving.ts";
import { isRealFolder } from "./file.ts";
import { tabFile, tabFiles } from "./tab_bundle.ts";

export const writePage: WritePage = async ({ out, single, sets, places }) => {
  if (single) {
    if (sets.length > 0) {
      throw new UsageError(
        "Cannot put sets beside a single file: pages from a disk may read no files; leave out --with",
      );
    }
    if (isRealFolder(out)) {
      throw new UsageError(`Cannot write ${out}: it is a folder, expected the name of a file`);
    }
    const text = await tabFile(places.cacheDir);
    writeAtomic(out, text);
    return await sizes([new TextEncoder().encode(text)]);
  }
  const files = await tabFiles(places.cacheDir);
  requireFolder(out);
  for (const [name, bytes] of files) writeAtomic(join(out, name), bytes);
  await copySets(out, sets, places);
  return await sizes([...files.values()]);
};

/** Copies sets to `data`, and lists their files where the page looks for them. */
async function copySets(
  out: string,
  sets: readonly string[],
  places: Parameters<WritePage>[0]["places"],
): Promise<void> {
  const index: Record<string, string[]> = {};
  for (const name of sets) {
    const found = Object.hasOwn(knownSets, name) ? await locateDataSet(name, places) : null;
    if (found?.kind !== "idx") {
      throw new UsageError(
        `Cannot put ${name} beside the page: expected a set of IDX files that is on this machine, such ` +
          `as fashion-mnist or mnist`,
      );
    }
    requireFolder(join(out, "data", name));
    for (const path of found.files) {
      await Deno.copyFile(path, join(out, "data", name, basename(path)));
    }
    index[name] = found.files.map((path) => basename(path));
  }
  requireFolder(join(out, "data"));
  writeAtomic(join(out, "data", "index.json"), JSON.stringify(index) + "\n");
}

async function sizes(files: readonly Uint8Array<ArrayBuffer>[]) {
  let [bytes, packed] = [0, 0];
  for (const file of files) {
    const stream = new Blob([file]).stream().pipeThrough(new CompressionStream("gzip"));
    packed += (await new Response(stream).arrayBuffer()).byteLength;
    bytes += file.length;
  }
  return { bytes, packed };
}
