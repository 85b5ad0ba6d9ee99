/** Outputs of a run beside its folder, where the user asked for them. */
import { dirname } from "@std/path";
import { UsageError } from "../common/errors.ts";
import type { LoggedEvent } from "../nas/events.ts";
import type { RunIO } from "../nas/search/search.ts";
import type { Store } from "../nas/search/store.ts";
import { requireFolder } from "../run/files.ts";
import type { RunFolder } from "../run/folder.ts";
import { withCopies, writeParams } from "../run/model_copies.ts";
import { Monitor } from "../run/nnabla_monitor.ts";
import type { RunState } from "../run/state_schema.ts";
import type { OutputOptions } from "./nnabla_options.ts";
import { fromHere } from "./paths.ts";

/** The default interval of nnabla-examples. */
const usualInterval = 1000;

/** The outputs with absolute paths, as state.json keeps them for a resume. */
export function outputsOf(options: OutputOptions): RunState["outputs"] {
  const { monitorPath, modelSavePath = options.monitorSavePath, modelSaveInterval } = options;
  if (modelSaveInterval === 0) {
    throw new UsageError("Cannot save the weights every 0 steps: expected at least 1");
  }
  return {
    monitorPath: monitorPath && fromHere(monitorPath),
    modelSavePath: modelSavePath && fromHere(modelSavePath),
    modelSaveInterval,
  };
}

/** Creates the output folders. Runs before the search or training, so that a failure shows early. */
export function requireFolders({ monitorPath, modelSavePath }: RunState["outputs"] = {}): void {
  for (const folder of [monitorPath, modelSavePath]) {
    if (folder !== undefined) requireFolder(folder);
  }
}

/** Checks that the winner can be written to `out`. Runs before the search, so that a failure shows early. */
export function checkOut(out: string): void {
  const path = fromHere(out);
  const folder = dirname(path);
  if (!isFolder(folder)) {
    throw new UsageError(
      `Cannot write the winner to ${out}: there is no folder ${folder}, expected one; ` +
        `make it or choose another --out`,
    );
  }
  if (isFolder(path)) {
    throw new UsageError(
      `Cannot write the winner to ${out}: it is a folder, expected the name of a file`,
    );
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    const { NotFound, NotADirectory } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) return false;
    throw error;
  }
}

export class Outputs {
  /** The run's own store; also copies what it is given to the other outputs. */
  readonly store: Store;
  readonly snapshots: RunIO["snapshots"];
  readonly #monitor?: Monitor;

  constructor(folder: RunFolder) {
    const { monitorPath, modelSavePath, modelSaveInterval } = folder.state.outputs ?? {};
    this.store = folder;
    if (modelSavePath !== undefined) {
      this.store = withCopies(folder, modelSavePath);
      this.snapshots = {
        every: modelSaveInterval ?? usualInterval,
        save: (step, tensors) => writeParams(modelSavePath, step, tensors),
      };
    }
    if (monitorPath !== undefined) this.#monitor = new Monitor(monitorPath, folder.earlier);
  }

  show(event: LoggedEvent): void {
    this.#monitor?.show(event);
  }

  close(): void {
    this.#monitor?.close();
  }
}
