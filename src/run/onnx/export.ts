/** Exports the network of a run's folder as an ONNX file. */
import { readNetwork, type Which } from "../network.ts";
import { onnxModel } from "./mod.ts";
import { encodeModel } from "./model.ts";

/**
 * Exports the network of a finished retraining: bytes of an ONNX file. Needs no adapter.
 * @param path the run's folder.
 * @throws UsageError, DataError as `readNetwork`; ExportError naming an operation that cannot be expressed in
 * ONNX here.
 */
export function exportOnnx(path: string, which?: Which): Uint8Array {
  return encodeModel(onnxModel(readNetwork(path, which)));
}
