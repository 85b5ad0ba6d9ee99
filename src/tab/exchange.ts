/** Runs in and out of the tab: a zip archive of the folder that the command line reads and writes. */
import { DataError, UsageError } from "../common/errors.ts";
import { makeZip } from "../common/zip.ts";
import { keptFolder } from "../data/kept_images.ts";
import { CHECKPOINTS } from "../run/checkpoint.ts";
import { runState } from "../run/state_schema.ts";
import type { Disk } from "./disk.ts";
import { runName, RUNS, WEIGHTS } from "./run_files.ts";
import { type Dropped, treeOf } from "./tree.ts";

const folders = [CHECKPOINTS, keptFolder, WEIGHTS];
/** Files of a run's folder: plain names, and those of its folders. */
const fileOfRun = new RegExp(`^((${folders.join("|")})/)?[\\w-][\\w.-]*$`);

/** All files of a run as one archive. */
export async function runFiles(disk: Disk, name: string): Promise<Blob> {
  const folder = `${RUNS}/${name}`;
  const files: [string, Uint8Array<ArrayBuffer>][] = [];
  const add = async (path: string) => {
    const bytes = await disk.read(`${folder}/${path}`);
    if (bytes) files.push([`${name}/${path}`, bytes]);
  };
  for (const entry of (await disk.list(folder)).sort()) {
    if (!folders.includes(entry)) await add(entry);
    else {for (const file of (await disk.list(`${folder}/${entry}`)).sort()) {
        await add(`${entry}/${file}`);
      }}
  }
  return makeZip(files.filter(([path]) => !path.endsWith(".part")));
}

/**
 * Takes up the folder of a run, or an archive of it.
 * @returns its name, which is new where the old one is taken.
 * @throws UsageError where it is no run, DataError where its state is damaged.
 */
export async function importRun(disk: Disk, files: readonly Dropped[]): Promise<string> {
  const { name, tree } = await treeOf(files);
  const state = tree.get("state.json");
  if (!state || !tree.has("config.json")) {
    throw new UsageError(
      `Cannot take up ${name} as a run: there is no state.json and config.json in it, expected the ` +
        `folder of one run, or a zip archive of it`,
    );
  }
  try {
    runState.parse(JSON.parse(new TextDecoder().decode(await state.read())));
  } catch (cause) {
    throw new DataError(`Cannot take up ${name}: its state.json is not what denas writes`, {
      cause,
    });
  }
  const taken = new Set(await disk.list(RUNS));
  const plain = runName.test(name) ? name : "imported";
  let free = plain;
  for (let n = 2; taken.has(free); n++) free = `${plain}.${n}`;
  try {
    for (const [path, file] of tree) {
      if (path === "state.json" || !fileOfRun.test(path)) continue;
      await disk.write(`${RUNS}/${free}/${path}`, await file.read());
    }
    // Last: a folder without it is no run.
    await disk.write(`${RUNS}/${free}/state.json`, await state.read());
    return free;
  } catch (error) {
    await disk.remove(`${RUNS}/${free}`);
    throw error;
  }
}
