/** Imports of a page that searches, retrains, exports and draws; all of it must load in a browser. */
export { retrain } from "../../src/nas/train/retrain.ts";
export { search } from "../../src/nas/search/search.ts";
export { readIdxPair } from "../../src/data/idx.ts";
export { readCifarTrain } from "../../src/data/cifar.ts";
export { syntheticDataSet } from "../../src/data/synthetic.ts";
export { decodeCheckpoint, encodeCheckpoint } from "../../src/run/checkpoint.ts";
export { drawSvg, drawText } from "../../src/run/draw.ts";
export { plotRun } from "../../src/run/drawing/run_plot.ts";
export { parseHistory } from "../../src/run/history.ts";
export { onnxModel } from "../../src/run/onnx/mod.ts";
export { encodeModel } from "../../src/run/onnx/model.ts";
