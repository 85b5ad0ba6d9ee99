/** Finds runs by the names that users give. */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { isSafetensors } from "../run/safetensors.ts";
import { readState } from "../run/state.ts";
import { fromHere } from "./paths.ts";

/** The folder of a run, given as a path or by its name within the folder of all runs. */
export function runPath(run: string, runs: string): string {
  const direct = fromHere(run);
  if (isFolder(direct)) return direct;
  const named = join(fromHere(runs), run);
  return isFolder(named) ? named : direct;
}

/** Like `runPath`. @throws UsageError where there is no run. */
export function existingRun(run: string, runs: string): string {
  const path = runPath(run, runs);
  readState(path);
  return path;
}

/** Like `existingRun`, but accepts a file of weights too. @throws UsageError where there is neither. */
export function existingWeights(what: string, runs: string): string {
  const file = fromHere(what);
  if (!isSafetensors(file)) return existingRun(what, runs);
  if (isFile(file)) return file;
  throw new UsageError(
    `Cannot start from ${what}: there is no such file, expected a run or a .safetensors file of one`,
  );
}

export function isFile(path: string): boolean {
  return stat(path)?.isFile ?? false;
}

export function isFolder(path: string): boolean {
  return stat(path)?.isDirectory ?? false;
}

function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
