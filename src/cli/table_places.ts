/** Finds tables of results when none is named. */
import { join } from "@std/path";
import { places } from "./paths.ts";

/** File names: as published, and as saved after the first reading. */
const usual: Readonly<Record<string, readonly string[]>> = {
  nasbench201: ["nasbench201/nb201.csv", "nb201.csv", "nb201.csv.gz"],
  nasbench101: ["nasbench101/nasbench_only108.tfrecord", "nasbench_only108.tfrecord"],
  "nasbench-macro": ["nasbench-macro/nas-bench-macro_cifar10.json", "nas-bench-macro_cifar10.json"],
};

/** Folders that are searched: $DENAS_TABLES where it is set, then a folder of the cache. */
export function tableFolders(): string[] {
  const given = Deno.env.get("DENAS_TABLES");
  return [...given ? [given] : [], join(places().cacheDir, "tables")];
}

/** Path of a table of this space, or null. */
export function knownTable(space: string): string | null {
  for (const folder of tableFolders()) {
    for (const name of usual[space] ?? []) {
      const path = join(folder, name);
      try {
        if (Deno.statSync(path).isFile) return path;
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}
