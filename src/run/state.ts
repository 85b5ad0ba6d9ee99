/** `state.json`: the current status of a run, in one small file that is always complete. */
import { join } from "@std/path";
import { DataError, UsageError } from "../common/errors.ts";
import { writeAtomic } from "./files.ts";
import { isGuarded } from "./guard.ts";
import { type RunState, runState } from "./state_schema.ts";

/**
 * Reads the state. It is "interrupted" when the file says "running" but no process writes in the run.
 * @throws UsageError when the folder is no run, DataError when its state is damaged.
 */
export function readState(path: string): RunState {
  const file = join(path, "state.json");
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw new UsageError(
      `Cannot open run ${path}: there is no state.json in it; "denas runs" lists the runs`,
      { cause },
    );
  }
  let state: RunState;
  try {
    state = runState.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(
      `Cannot read ${file}: it is not what denas writes; put it back, or delete the run's folder`,
      { cause },
    );
  }
  if (state.status === "running" && !isGuarded(path)) state.status = "interrupted";
  return state;
}

export function writeState(path: string, state: RunState): void {
  writeAtomic(join(path, "state.json"), JSON.stringify(state, null, 2) + "\n");
}

/**
 * All runs in a folder, oldest first; other entries are skipped.
 * @param onDamaged called with the error of a run that is left out because its state cannot be read.
 * @param accept whether a folder with a state.json may be read.
 */
export function listRuns(
  runs: string,
  onDamaged: (problem: string) => void,
  accept: (path: string, name: string) => boolean = () => true,
): { path: string; name: string; state: RunState }[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(runs)].filter((entry) => entry.isDirectory).map(({ name }) =>
      name
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const path = join(runs, name);
    if (!exists(join(path, "state.json")) || !accept(path, name)) return [];
    try {
      return [{ path, name, state: readState(path) }];
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      onDamaged(error.message);
      return [];
    }
  }).sort((a, b) => a.state.started.localeCompare(b.state.started));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
