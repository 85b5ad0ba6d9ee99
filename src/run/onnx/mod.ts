/**
 * Builds an ONNX file of a trained network. It is derived from the tape of one forward pass, so every space
 * exports.
 */
import { DataError } from "../../common/errors.ts";
import { buildNetwork, type NetworkFile, tapeOf } from "../../nas/train/network.ts";
import type { TrainedNetwork } from "../network.ts";
import { metadataOf, resizeRule } from "../metadata.ts";
import { emitters } from "./emitters.ts";
import { GraphBuilder } from "./graph.ts";
import { elementType, type OnnxModel } from "./model.ts";

/**
 * Builds the model. Input `image` uint8 [N, h, w, c]; outputs `logits` and `probabilities` float [N,
 * classes]. Normalisation is inside; N is variable.
 * @throws DataError when the weights belong to another network; ExportError naming an operation that cannot
 * be expressed in ONNX here.
 */
export function onnxModel({ network, tensors, testAccuracy }: TrainedNetwork): OnnxModel {
  const { model, weights } = buildNetwork(network);
  for (const { name, shape } of weights.params()) {
    const got = tensors[name]?.shape;
    if (got && got.length === shape.length && got.every((n, i) => n === shape[i])) continue;
    throw new DataError(
      `Cannot export weight ${name}: it is ${got ? `[${got}]` : "missing"}, expected [${shape}]; ` +
        `the weights belong to another network`,
    );
  }
  const { nodes, logits: last } = tapeOf(model, network.input);
  const input = "image", normalised = "normalised";
  const graph = new GraphBuilder(emitters, tensors, normalised);
  normalise(graph, network, input, normalised);
  graph.addTape(nodes, last);
  graph.finishNode("logits", "Identity", [graph.add(last)]);
  graph.finishNode(
    "probabilities",
    network.task === "multi-label" ? "Sigmoid" : "Softmax",
    ["logits"],
    network.task === "multi-label" ? {} : { axis: 1 },
  );
  const [h, w, c] = network.input, classes = network.classes.length;
  const row = (name: string, note: string) =>
    ({ name, type: "float", dims: ["N", classes], note }) as const;
  return {
    name: `${network.space.kind}-${network.data}`.replace(/[^\w-]+/g, "_"),
    note: resizeRule(network),
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: [{
      name: input,
      type: "uint8",
      dims: ["N", h, w, c],
      note: `images as bytes, ${c === 1 ? "grey" : "red, green, blue"} per pixel`,
    }],
    outputs: [
      row("probabilities", "per class, in the order of the metadata's class names"),
      row("logits", "before softmax or sigmoid"),
    ],
    metadata: metadataOf(network, testAccuracy),
  };
}

/** Adds (x / 255 − mean) / deviation, from bytes NHWC to floats NCHW. */
function normalise(
  graph: GraphBuilder,
  { mean, deviation }: NetworkFile,
  input: string,
  output: string,
): void {
  const c = mean.length;
  const perChannel = (name: string, values: number[]) =>
    graph.constant(name, [c, 1, 1], Float32Array.from(values));
  const floats = graph.node("Cast", [input], { to: elementType("float") }, "normalise");
  const planes = graph.node("Transpose", [floats], { perm: [0, 3, 1, 2] }, "normalise");
  const centred = graph.node(
    "Sub",
    [
      planes,
      perChannel("normalise/mean", mean.map((v) => 255 * v)),
    ],
    {},
    "normalise",
  );
  const factor = perChannel("normalise/factor", deviation.map((v) => 1 / (255 * v)));
  graph.finishNode(output, "Mul", [centred, factor]);
}
