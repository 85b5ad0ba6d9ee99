/** `state.json`: the current status of a run, in one small file that is always complete. */
import { join } from "@std/path";
import { z } from "zod";
import { DataError, UsageError } from "../common/errors.ts";
import { writeAtomic } from "./files.ts";
import { isGuarded } from "./guard.ts";

const fraction = z.number();

export const runState = z.object({
  /** `queued`: new, or to be resumed, and waiting for its turn or for the adapter. */
  status: z.enum(["queued", "running", "done", "interrupted", "failed"]),
  command: z.enum(["search", "retrain"]),
  pid: z.number().int(),
  deno: z.string(),
  started: z.string(),
  updated: z.string(),
  step: z.number().int(),
  steps: z.number().int().optional(),
  epoch: z.number().int(),
  epochs: z.number().int().optional(),
  secondsLeft: z.number().optional(),
  space: z.string().optional(),
  data: z.string().optional(),
  /** Data folder given by the user, for a resume. */
  dataDir: z.string().optional(),
  /** Destination for a copy of the winner, given by the user, for a resume. */
  out: z.string().optional(),
  /** Number of worker processes, for a resume. */
  workers: z.number().int().positive().optional(),
  /** Other outputs requested by the user, for a resume. */
  outputs: z.object({
    monitorPath: z.string().optional(),
    modelSavePath: z.string().optional(),
    /** Steps between two copies of the weights. */
    modelSaveInterval: z.number().int().positive().optional(),
  }).optional(),
  best: z.object({ trial: z.number().int(), score: z.number() }).optional(),
  /** Description of a search's scores; a unit of `fraction` is shown as per cent. */
  scores: z.object({ label: z.string(), unit: z.string(), comparable: z.boolean() }).optional(),
  testAccuracy: fraction.optional(),
  error: z.string().optional(),
});

export type RunState = z.infer<typeof runState>;

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
