/** Reads a trained network from its run folder. */
import { join } from "@std/path";
import { DataError, UsageError, whyUnreadable } from "../common/errors.ts";
import { type NetworkFile, parseNetworkFile } from "../nas/train/network.ts";
import { readHistory } from "./read_history.ts";
import { decodeSafetensors, type Tensors } from "./safetensors.ts";
import { readState } from "./state.ts";

/** File names in the folder of a finished retraining. */
export const NETWORK = "network.json", WEIGHTS = "weights.safetensors", ONNX = "model.onnx";
const BEST = "weights_best.safetensors";

/**
 * Weights of a retraining to use: after its last epoch, or of the epoch with the best validation accuracy.
 */
export type Which = "last" | "best";

/** Network and weights of a finished retraining: enough to classify images or to export the network. */
export interface TrainedNetwork {
  network: NetworkFile;
  /** Weights and running statistics by the names of the engine. */
  tensors: Tensors;
  /** Accuracy on the test images, as a fraction; absent when the run did not measure it. */
  testAccuracy?: number;
}

/**
 * Reads the network and the weights of a finished retraining.
 * @param path folder of a retraining.
 * @throws UsageError when it is no retraining, not done or without best weights, DataError when a file is
 * missing or damaged.
 */
export function readNetwork(path: string, which: Which = "last"): TrainedNetwork {
  const { command, status, testAccuracy } = readState(path);
  if (command !== "retrain") {
    throw new UsageError(
      `Cannot take a network from ${path}: it is a ${command}, whose weights all candidates share, ` +
        `expected a retraining; run "denas retrain ${join(path, "arch.json")}" first`,
    );
  }
  if (status !== "done" && !exists(join(path, WEIGHTS))) {
    throw new UsageError(
      `Cannot take a network from ${path}: the run is ${status}, expected one that is done` +
        (status === "running" ? "" : `; go on with it: "denas resume ${path}"`),
    );
  }
  const file = join(path, NETWORK);
  const network = parseNetworkFile(new TextDecoder().decode(readFile(file)), file);
  if (which === "last") return { network, tensors: tensorsOf(join(path, WEIGHTS)), testAccuracy };
  if (!exists(join(path, BEST))) {
    throw new UsageError(
      `Cannot take the best weights from ${path}: there is no ${BEST}, since nothing was validated; ` +
        `leave out --best`,
    );
  }
  const tested = readHistory(path).done?.best?.testAccuracy;
  return { network, tensors: tensorsOf(join(path, BEST)), testAccuracy: tested };
}

const tensorsOf = (file: string): Tensors => decodeSafetensors(readFile(file), file).tensors;

/** Reads a file. @throws DataError when it is missing or cannot be read. */
export function readFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    const why = whyUnreadable(cause);
    throw new DataError(`Cannot read ${path}: ${why}; put it back, or repeat the run`, { cause });
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
