/**
 * Parts shared by the controllers: an LSTM without biases, learned embeddings, attention over earlier states
 * (Pham et al. 2018, appendix; `specs` of the released code). All samples of a batch take every step
 * together: tensors are [n, H].
 */
import { Tape, type Value } from "../../autodiff/tape.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { WeightStore } from "../../nn/weights.ts";
import { uniformInit } from "../../nn/init.ts";
import {
  add,
  attend,
  bernoulliLogProb,
  concat,
  embedding,
  logitShape,
  logSoftmaxPick,
  lstmCell,
  matmul,
  rowSquares,
  sampleBernoulli,
  sampleCategorical,
} from "../../ops/mod.ts";
import { Stream } from "../../common/random.ts";
import type { ControllerConfig } from "./settings.ts";

export type { ControllerConfig } from "./settings.ts";

/** Results of one unrolled pass over all decisions. */
export interface Unrolled {
  /** Chosen options, uint32: [n], or [n, j] for a row of skip bits. */
  decisions: Value[];
  /** Shaped logits of each decision, for the heat-map: [n, options], or q [n, j] of a row of skip bits. */
  logits: { value: Value; kind: "categorical" | "skip" }[];
  /** Σ log p of the decisions, [n]. */
  logProb: Value;
  /** Σ of the entropies that enter the reward, [n]. */
  entropy: Value;
  /** Σ of the full entropy of every decision, [n]; differentiable. */
  fullEntropy: Value;
  /** Σ of all squared logits before shaping, [n]. */
  squares: Value;
  /** Skip penalty, mean over layers, [n]; null where there are no skips. */
  penalty: Value | null;
}

/** Source of decisions: sampled, or given (to differentiate their probability). */
export type Source =
  | { kind: "sample"; seed: number; draw: number }
  | { kind: "given"; next: (shape: readonly number[]) => Value };

export interface ControllerNetwork {
  readonly weights: ControllerWeights;
  /** Records a pass for n samples. */
  unroll(pass: ControllerPass): Unrolled;
  /**
   * Converts from the order of decisions (a row of skip bits is contiguous) to the order of the space's
   * choice. `fromChoice` converts back.
   */
  toChoice(decided: readonly number[]): number[];
  fromChoice(choice: readonly number[]): number[];
}

const init = uniformInit(0.1);

/** An embedding of n options and the weights of their logits. */
export const declareOptions = (
  store: WeightStore,
  { hidden }: ControllerConfig,
  n: number,
  name = "",
) => ({
  embedding: store.param(`w_emb${name}`, [n, hidden], init),
  soft: store.param(`w_soft${name}`, [hidden, n], init),
});

/** Declares the weights that all controllers have; those of the options come in between. */
export function declareWeights<T>(
  store: WeightStore,
  { hidden, lstmLayers }: ControllerConfig,
  options: () => T,
): ControllerWeights & { options: T } {
  return {
    lstm: Array.from(
      { length: lstmLayers },
      (_, i) => store.param(`lstm${i}`, [2 * hidden, 4 * hidden], init),
    ),
    start: store.param("g_emb", [1, hidden], init),
    options: options(),
    anchor: store.param("w_attn_1", [hidden, hidden], init),
    query: store.param("w_attn_2", [hidden, hidden], init),
    v: store.param("v_attn", [hidden], init),
  };
}

export interface ControllerWeights {
  lstm: Value[];
  start: Value;
  anchor: Value;
  query: Value;
  v: Value;
}

/** The state of one batch of samples during a pass over the decisions. */
export class ControllerPass {
  readonly tape = new Tape();
  readonly decisions: Value[] = [];
  readonly logits: Unrolled["logits"] = [];
  /** Whether the entropy holds only the chosen option's term, as in the macro controller (Q13). */
  sampledEntropy = false;
  readonly #logProbs: Value[] = [];
  readonly #entropies: Value[] = [];
  readonly #fullEntropies: Value[] = [];
  readonly #squares: Value[] = [];
  #states: { h: Value; c: Value }[] = [];
  #salt = 0;

  constructor(
    readonly gpu: Gpu,
    readonly n: number,
    readonly weights: ControllerWeights,
    readonly config: ControllerConfig,
    readonly source: Source,
  ) {
    const zero = this.zeros(config.hidden);
    this.#states = weights.lstm.map(() => ({ h: zero, c: zero }));
  }

  /** A constant [n, width] of zeros. */
  zeros(width: number): Value {
    return this.tape.input([this.n, width], { tensor: this.gpu.zeros([this.n, width]) });
  }

  /** The learned start input, for every sample. */
  start(): Value {
    const index = this.tape.input([this.n], { tensor: this.gpu.zeros([this.n]) });
    return embedding(this.weights.start, index);
  }

  /** One LSTM step; returns the top layer's h. */
  step(input: Value): Value {
    this.#states = this.#states.map(({ h, c }, i) => {
      const gates = matmul(concat([input, h]), this.weights.lstm[i]);
      const [next, cell] = lstmCell(gates, c);
      input = next;
      return { h: next, c: cell };
    });
    return input;
  }

  /** Attention scores of the current state over earlier ones: [n, j]; keys [n, j·H]. */
  attend(h: Value, keys: Value): Value {
    return attend(keys, matmul(h, this.weights.query), this.weights.v);
  }

  /** Shapes logits: temperature, then c·tanh. */
  shape(logits: Value, reduce = 1): Value {
    const { temperature, tanhConstant } = this.config;
    this.#squares.push(rowSquares(logits));
    return logitShape(logits, { temperature, tanhConstant: tanhConstant / reduce });
  }

  /** Makes one decision among the columns of shaped logits. */
  categorical(logits: Value): Value {
    const index = this.#given([this.n]) ?? sampleCategorical(logits, this.#random());
    const [logProb, full, sampled] = logSoftmaxPick(logits, index);
    this.#finish(index, { value: logits, kind: "categorical" }, logProb, full, sampled);
    return index;
  }

  /** Makes independent connect decisions with logits [−q, +q]. */
  bernoulli(q: Value): Value {
    const bits = this.#given(q.shape) ?? sampleBernoulli(q, this.#random());
    this.#finish(bits, { value: q, kind: "skip" }, ...bernoulliLogProb(q, bits));
    return bits;
  }

  done(): Omit<Unrolled, "penalty"> {
    return {
      decisions: this.decisions,
      logits: this.logits,
      logProb: this.#logProbs.reduce(add),
      entropy: this.#entropies.reduce(add),
      fullEntropy: this.#fullEntropies.reduce(add),
      squares: this.#squares.reduce(add),
    };
  }

  #given(shape: readonly number[]): Value | undefined {
    return this.source.kind === "given" ? this.source.next(shape) : undefined;
  }

  #random() {
    const { seed, draw } = this.source as Extract<Source, { kind: "sample" }>;
    return { seed, stream: Stream.controller, step: draw, salt: this.#salt++ };
  }

  #finish(
    decision: Value,
    logits: Unrolled["logits"][number],
    logProb: Value,
    full: Value,
    sampled: Value,
  ): void {
    this.decisions.push(decision);
    this.logits.push(logits);
    this.#logProbs.push(logProb);
    this.#entropies.push(this.sampledEntropy ? sampled : full);
    this.#fullEntropies.push(full);
  }
}
