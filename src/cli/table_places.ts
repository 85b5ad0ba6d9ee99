/** Where tables of results are looked for when none is named. */
import { join } from "@std/path";
import { places } from "./paths.ts";

/** Names of files, as they are published and as they come after a first reading. */
const usual: Readonly<Record<string, readonly string[]>> = {
  nasbench201: ["nasbench201/nb201.csv", "nb201.csv", "nb201.csv.gz"],
  nasbench101: ["nasbench101/nasbench_only108.tfrecord", "nasbench_only108.tfrecord"],
  "nasbench-macro": ["nasbench-macro/nas-bench-macro_cifar10.json", "nas-bench-macro_cifar10.json"],
};

/** $DENAS_TABLES where it is set, then a folder of the cache. */
export function tableFolders(): string[] {
  const given = Deno.env.get("DENAS_TABLES");
  return [...given ? [given] : [], join(places().cacheDir, "tables")];
}

/** A table of this space, or null. */
export function knownTable(space: string): string | null {
  for (const folder of tableFolders()) {
    for (const name of usual[space] ?? []) {
      const path = join(folder, name);
      try {
        if (Deno.statSync(path).isFile) return path;
      } catch {
        // Not there: on to the next.
      }
    }
  }
  return null;
}
