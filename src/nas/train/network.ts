/**
 * `network.json`: describes a trained network beside its weights. Both together contain everything needed to
 * classify an image: how the network is built, its image format, and the meaning of its outputs.
 */
import * as z from "zod";
import { Tape, type Value } from "../../autodiff/tape.ts";
import type { DataSet } from "../../data/dataset.ts";
import { DataError } from "../../common/errors.ts";
import { expectation } from "../config/zod_messages.ts";
import { WeightStore } from "../../nn/weights.ts";
import { retrainConfig } from "../config/config_schema.ts";
import { upgradedNetwork } from "../config/old_formats.ts";
import { openSpace } from "../registry.ts";
import type { Model, Pass } from "../space.ts";

const positive = z.number().int().positive();
const perChannel = z.array(z.number()).min(1);

export const networkFile = z.object({
  format: z.literal("denas-network"),
  version: z.literal(2),
  /** The search space with its settings, the form of its network, and the architecture in it. */
  space: retrainConfig.shape.space,
  form: retrainConfig.shape.form,
  choice: z.array(z.number().int().nonnegative()),
  /** Height, width, channels of an image. */
  input: z.tuple([positive, positive, positive]),
  /** Pictures are resized to this shorter side before the square is cut; default: the side of the square. */
  resize: positive.optional(),
  classes: z.array(z.string()).min(1),
  /** One class per image (softmax), or any number of labels (a sigmoid each). */
  task: z.enum(["single-label", "multi-label"]),
  /** Per channel, for pixels scaled to 0 … 1: images are normalised as (x / 255 − mean) / deviation. */
  mean: perChannel,
  deviation: perChannel,
  /** Name of the data set it was trained on. */
  data: z.string(),
});

/** Contents of `network.json`: how to build a trained network, prepare its images and name its outputs. */
export type NetworkFile = z.infer<typeof networkFile>;

/** Contents of `network.json` for an architecture that is trained on a data set. */
export function networkOf(
  { space, form }: Pick<NetworkFile, "space" | "form">,
  choice: readonly number[],
  { name, task, image, resize, classes, mean, deviation }: DataSet,
): NetworkFile {
  return {
    format: "denas-network",
    version: 2,
    space,
    form,
    choice: [...choice],
    input: [...image],
    ...resize !== undefined && { resize },
    classes,
    task,
    mean,
    deviation,
    data: name,
  };
}

export const formatNetworkFile = (network: NetworkFile): string =>
  JSON.stringify(networkFile.parse(network), null, 2) + "\n";

/**
 * Parses and checks `network.json`.
 * @param name of the file, for messages.
 * @throws DataError naming the field.
 */
export function parseNetworkFile(text: string, name: string): NetworkFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`Cannot read network ${name}: ${(cause as Error).message}, expected JSON`, {
      cause,
    });
  }
  const parsed = networkFile.safeParse(upgradedNetwork(json), { error: expectation });
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new DataError(
    `Cannot read network ${name}: ${path.join(".") || "it"}: ${message}; retrain the architecture`,
    { cause: parsed.error },
  );
}

/** Declares the network's weights in a new store; `materialise` it to run on a device. */
export function buildNetwork(
  { space: settings, form, choice, input, classes }: Pick<
    NetworkFile,
    "space" | "form" | "choice" | "input" | "classes"
  >,
): { model: Model; weights: WeightStore } {
  const space = openSpace(settings);
  const weights = new WeightStore();
  const model = space.build(space.decode(choice), {
    weights,
    input,
    classes: classes.length,
    form,
    ownStatistics: true,
  });
  return { model, weights };
}

/** Pass for inference: no dropout, running statistics. */
export const inference: Pass = {
  training: false,
  batchStatistics: false,
  seed: 0,
  step: 0,
  steps: 1,
};

/** Records the forward pass of one image on a tape that never runs: needs no device. */
export function tapeOf(model: Model, input: readonly [number, number, number]) {
  const tape = new Tape();
  const { logits }: { logits: Value } = model.forward(tape.input([1, ...input]), inference);
  return { nodes: tape.nodes, logits };
}
