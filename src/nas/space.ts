/** The interface of search spaces. No code here: spaces live in `spaces/`, one file each. */
import type { Value } from "../autodiff/tape.ts";
import type { WeightStore } from "../nn/weights.ts";
import type { Rng } from "../common/random.ts";

/** One choice that a strategy has to make. */
export interface Decision {
  /** Unique within an architecture, and the same whatever the other choices are: `layer3/op`. */
  id: string;
  /** In words, for messages and tables. */
  name: string;
  kind: "op" | "input" | "skip" | "number";
  /** Index of the node or layer that this decision belongs to. */
  node: number;
  /** How many options there are: choices are 0 … options−1. */
  options: number;
  /** What the options are called, for pictures and tables. */
  labels?: readonly string[];
  /** Options that are not allowed here are false. */
  mask?: boolean[];
}

/**
 * A position in the decisions of a space: a persistent value, one step costs constant time. Lists, conditional
 * choices and trees are walked the same way.
 */
export interface Cursor {
  /** The decision to make here; null when the architecture is complete. */
  readonly decision: Decision | null;
  /** The position after this choice. Throws a UsageError, naming the decision, where it is not allowed. */
  choose(option: number): Cursor;
}

/**
 * What an architecture computes, as a directed graph: the input of kernels and predictors. Labels name
 * operations for programs; captions for people are in `Graph`.
 */
export interface LabelledGraph {
  /** One label per vertex. */
  labels: string[];
  /** For each vertex the vertices it leads to, ascending, none twice. */
  successors: number[][];
}

/** `search`: a child of the shared-weight supernet; `final`: the network that is trained from scratch. */
export type Form = "search" | "final";

/** What one forward pass is for. */
export interface Pass {
  /** Batch statistics, dropout and drop-path on. */
  training: boolean;
  /** Dropout before the classifier; default: in training. */
  dropout?: boolean;
  /** Batch norm uses the batch's own statistics (always in training). */
  batchStatistics: boolean;
  seed: number;
  /** Global training step and how many there will be: random streams and the drop-path schedule. */
  step: number;
  steps: number;
}

export interface Model {
  /** images `[n, h, w, c]` → logits `[n, classes]`; `aux` only in training and where there is an auxiliary head. */
  forward(images: Value, pass: Pass): { logits: Value; aux?: Value };
  /** What a profile calls it; set while there is one. */
  label?: string;
}

/** A network as nodes and edges with captions: for drawing only, no result depends on it. */
export interface Graph {
  name: string;
  nodes: {
    id: string;
    label: string;
    kind: "input" | "op" | "sum" | "concat" | "reduce" | "output";
    group?: string;
  }[];
  edges: { from: string; to: string; kind: "sequence" | "skip" }[];
}

/** How a space writes and reads the notation of published tables. */
export interface Notation<A> {
  /**
   * Whether a text looks like this notation; whether it is right is for `parse` to say.
   * @param named whether the user named this space.
   */
  looks(text: string, named: boolean): boolean;
  format(arch: A): string;
  /** @throws UsageError that says what is wrong where. */
  parse(text: string): A;
  /** Settings of the published networks of such a text. */
  published(text: string): Record<string, unknown>;
}

export interface SearchSpace<A> {
  name: string;
  /** One line on what an architecture of this space is. */
  summary: string;
  /** The position before the first decision. */
  start(): Cursor;
  /** Throws, naming the decision. */
  decode(choice: readonly number[]): A;
  /** Law: `decode(encode(a))` equals a. */
  encode(arch: A): number[];
  /** Equal for equivalent architectures: de-duplication and tables. */
  key(arch: A): string;
  /** Where tables list architectures apart that compute the same: equal for these. */
  unique?(arch: A): string;
  /** The notation of published tables, where there is one. */
  notation?: Notation<A>;
  /** Declares every weight of the supernet, sampled or not (shared-weight search only). */
  supernet(into: BuildContext): void;
  /** Declares the weights this architecture needs and returns the network. */
  build(arch: A, into: BuildContext): Model;
  /** What it computes, for kernels and predictors: one graph per cell, or one for a whole network. */
  graphs(arch: A): LabelledGraph[];
  /** How it is drawn: one graph per cell, or one for a whole network. */
  picture(arch: A): Graph[];
  mutate?(arch: A, rng: Rng): A;
  neighbours?(arch: A): A[];
  crossover?(a: A, b: A, rng: Rng): A;
}

/** What a network is built into. */
export interface BuildContext {
  weights: WeightStore;
  /** Height, width, channels of an input image. */
  input: readonly [number, number, number];
  classes: number;
  form: Form;
  /** Search children keep running statistics too, which all architectures share (Q5). */
  sharedStatistics?: boolean;
  /** The weights belong to one architecture: every norm keeps running statistics, whatever the form. */
  ownStatistics?: boolean;
}
