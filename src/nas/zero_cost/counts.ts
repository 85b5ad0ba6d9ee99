import { Tape } from "../../autodiff/tape.ts";
import { reach } from "../../autodiff/schedule.ts";
import type { ZeroCostScore } from "./score.ts";
import { forward, type Untrained } from "./untrained.ts";

const MILLION = 1e6;

export const params: ZeroCostScore = {
  name: "params",
  summary: "trainable parameters, in millions",
  score: ({ weights }) =>
    Promise.resolve(
      weights.parameters({ filter: ({ name }) => !name.startsWith("aux/") }) / MILLION,
    ),
};

export const flops: ZeroCostScore = {
  name: "flops",
  summary: "multiply-adds of one image, in millions",
  score: (net) => Promise.resolve(macsOf(net) / MILLION),
};

/** Multiply-adds of all layers that the logits depend on. */
function macsOf(net: Untrained): number {
  const tape = new Tape();
  const logits = forward(net, tape.input([1, ...net.input]));
  return [...reach(tape, [logits])].reduce(
    (sum, { op, inputs, params }) => sum + (op.macs?.(inputs.map((v) => v.shape), params) ?? 0),
    0,
  );
}
