/** A run as the user names it. */
import { join } from "@std/path";
import { readState } from "../run/state.ts";
import { fromHere } from "./paths.ts";

/** The folder of a run that is given as a path, or by its name within the folder of all runs. */
export function runPath(run: string, runs: string): string {
  const direct = fromHere(run);
  if (isFolder(direct)) return direct;
  const named = join(fromHere(runs), run);
  return isFolder(named) ? named : direct;
}

/** As `runPath`; throws a UsageError where there is no run. */
export function existingRun(run: string, runs: string): string {
  const path = runPath(run, runs);
  readState(path);
  return path;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
