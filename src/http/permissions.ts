/**
 * Permissions of a run's process: its own folder, the adapter's lock, its data, resized pictures, and the
 * paths that the command line was given where it was started there. No network, no programs.
 */
import { dirname, isAbsolute, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { hostsOf, knownSets, locateDataSet } from "../data/mod.ts";
import { driverFiles } from "../run/driver.ts";
import type { ServerOptions } from "../run/serving.ts";
import type { Run } from "./runs_folder.ts";

/** Environment variables for cache folders, printing, and the driver of WebGPU. */
const variables = [
  ...["HOME", "XDG_CACHE_HOME", "DENO_DIR", "LOCALAPPDATA", "INIT_CWD", "DENAS_COMMAND"],
  ...["DENAS_NOHUP"],
  ...["NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS", "TERM", "COLORTERM", "CI", "TMUX"],
  ...["TEAMCITY_VERSION", "TERM_PROGRAM", "DENO_WEBGPU_BACKEND", "TF_BUILD", "AGENT_NAME"],
];

/** Flags of `deno run` for a run's process. */
export async function permissionsFor(
  run: Run,
  root: string,
  { places, dataDir }: ServerOptions,
): Promise<string[]> {
  const { cacheDir, packageDirs } = places;
  const { data } = run.config;
  const published = Object.hasOwn(knownSets, data);
  const given = run.state.dataDir ?? dataDir;
  const locks = join(cacheDir, "locks");
  Deno.mkdirSync(locks, { recursive: true });
  const read = [
    fileURLToPath(new URL("../../", import.meta.url)),
    root,
    cacheDir,
    "/usr/share/datasets",
    ...packageDirs,
    ...driverFiles,
    ...given === undefined ? [] : [given],
    ...pathsIn(run.config),
  ];
  const write = [run.path, locks];
  if (!published) {
    const kept = join(cacheDir, "pictures");
    Deno.mkdirSync(kept, { recursive: true });
    write.push(kept);
  }
  const { out, outputs } = run.state;
  if (out !== undefined) {
    // The file is written beside its path and renamed; the folder is flushed.
    read.push(dirname(out));
    write.push(out, `${out}.part`);
  }
  const folders = pathsIn(outputs);
  read.push(...folders);
  write.push(...folders);
  const flags = [`--allow-env=${variables.join(",")}`];
  if (published && await isMissing(data, { ...places, dataDir: given })) {
    const { of, recipe } = knownSets[data];
    write.push(join(cacheDir, of ?? data));
    // A generated set is made beside its folder, then renamed.
    if (recipe) write.push(cacheDir);
    const hosts = hostsOf(knownSets[data]);
    if (hosts.length > 0) flags.push(`--allow-net=${hosts.join(",")}`);
  }
  return [...flags, `--allow-read=${list(read)}`, `--allow-write=${list(write)}`];
}

/** Whether a published set would have to be downloaded. Other problems are reported by the run. */
async function isMissing(name: string, places: Parameters<typeof locateDataSet>[1]) {
  return await locateDataSet(name, places).then((found) => found === null, () => false);
}

/**
 * Paths in a run's settings. Clients cannot give any (see start_schema.ts): these come from the command line.
 */
function pathsIn(value: unknown): string[] {
  if (typeof value === "string") return isAbsolute(value) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(pathsIn);
}

/** Joins paths for a Deno flag, which separates them by commas and escapes a comma as two. */
function list(paths: readonly string[]): string {
  return paths.map((path) => path.replaceAll(",", ",,")).join(",");
}
