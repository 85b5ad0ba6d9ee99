/** Weights of an earlier run, as a start for another. */
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import type { EarlierWeights } from "../nas/train/warm_start.ts";
import { type Command, readCheckpoint } from "./folder.ts";
import { readFile, WEIGHTS } from "./network.ts";
import { decodeSafetensors, isSafetensors, type Tensors } from "./safetensors.ts";
import { readState } from "./state.ts";

/**
 * Files with the weights of each command, and the prefix of the weights' names in results and in checkpoints.
 */
const places: Record<Command, { file: string; inFile: string; inCheckpoint: string }> = {
  search: {
    file: "supernet.safetensors",
    inFile: "trainer/weights/",
    inCheckpoint: "evaluator/trainer/weights/",
  },
  retrain: { file: WEIGHTS, inFile: "", inCheckpoint: "trainer/weights/" },
};

/**
 * Reads the final weights of a run, those of its last checkpoint if it has no final ones, or those of a file.
 * @param path the run's folder, or a .safetensors file written by a run.
 * @param command the command that starts from them.
 * @throws UsageError when it is no run or has no weights yet, DataError when a file is damaged.
 */
export function readEarlierWeights(path: string, command: Command): EarlierWeights {
  if (isSafetensors(path)) return ofFile(path, command);
  const state = readState(path);
  const { file, inFile, inCheckpoint } = places[state.command];
  const weights = join(path, file);
  const tensors = state.status === "done"
    ? below(inFile, decodeSafetensors(readFile(weights), weights).tensors)
    : below(inCheckpoint, readCheckpoint(path)?.state.tensors ?? {});
  if (Object.keys(tensors).length === 0) {
    throw new UsageError(
      `Cannot start from ${path}: the run is ${state.status} and has no weights, expected a run with a ` +
        `checkpoint or at its end`,
    );
  }
  return { from: path, tensors, statistics: state.command === command };
}

/** Reads a weights file. A retraining's file has plain names, a supernet's those of its trainer. */
function ofFile(path: string, command: Command): EarlierWeights {
  const all = decodeSafetensors(readFile(path), path).tensors;
  const ofSupernet = below(places.search.inFile, all);
  const searched = Object.keys(ofSupernet).length > 0;
  return {
    from: path,
    tensors: searched ? ofSupernet : all,
    statistics: command === (searched ? "search" : "retrain"),
  };
}

function below(prefix: string, tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
