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
  /** Names of the options, for drawings and tables. */
  labels?: readonly string[];
  /** False for options that are not allowed here. */
  mask?: boolean[];
}

/**
 * Position in the decisions of a space. An immutable value; each step takes constant time. Lists, conditional
 * choices and trees are all walked in this way.
 */
export interface Cursor {
  /** The decision to make here; null when the architecture is complete. */
  readonly decision: Decision | null;
  /** The position after this choice. Throws a UsageError, naming the decision, where it is not allowed. */
  choose(option: number): Cursor;
}

/**
 * The computation of an architecture as a directed graph: the input of graph kernels and predictors. Labels
 * name operations for programs; captions for people are in `Graph`.
 */
export interface LabelledGraph {
  /** One label per vertex. */
  labels: string[];
  /** For each vertex the vertices it leads to, ascending, none twice. */
  successors: number[][];
}

/** `search`: a child of the shared-weight supernet; `final`: the network that is trained from scratch. */
export type Form = "search" | "final";

/** Options of one forward pass. */
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

/** A network whose weights are declared: records its forward pass on the tape of its input. */
export interface Model {
  /** Images `[n, h, w, c]` → logits `[n, classes]`; `aux` only in training with an auxiliary head. */
  forward(images: Value, pass: Pass): { logits: Value; aux?: Value };
  /** Name in a profile; set while profiling. */
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

/** A line of an outline. Rows are in reading order: those of a higher level belong to the row before them. */
export interface OutlineRow {
  label: string;
  /** 0 for a root. */
  level: number;
}

/** Writes and reads the notation of published tables. */
export interface Notation<A> {
  /**
   * Whether a text looks like this notation; `parse` then checks it.
   * @param named whether the user named this space.
   */
  looks(text: string, named: boolean): boolean;
  format(arch: A): string;
  /** @throws UsageError that says what is wrong where. */
  parse(text: string): A;
  /** Settings of the published networks for such a text. */
  published(text: string): Record<string, unknown>;
}

/** A set of architectures of type A: the decisions that select one, its network, graphs and keys. */
export interface SearchSpace<A> {
  name: string;
  /** One-line description of an architecture of this space. */
  summary: string;
  /** Number of architectures as log10: of all choices, and of different ones; null for too many to count. */
  size?(): { log10: number; log10Distinct: number } | null;
  /** The position before the first decision. */
  start(): Cursor;
  /** @throws UsageError naming the decision. */
  decode(choice: readonly number[]): A;
  /** Law: `decode(encode(a))` equals a. */
  encode(arch: A): number[];
  /** Equal for equivalent architectures; used for de-duplication and look-ups in tables. */
  key(arch: A): string;
  /** Key that is equal for architectures with the same computation, where a table lists them separately. */
  unique?(arch: A): string;
  /** The notation of published tables, where there is one. */
  notation?: Notation<A>;
  /** An architecture as text in every notation of the space, by name; `denas convert --to NAME` prints one. */
  texts?(arch: A): Readonly<Record<string, string>>;
  /**
   * Another space whose tables hold for this one too: reads a key of theirs; null for a network that this space
   * does not have.
   */
  tables?: { readonly space: string; read(key: string): A | null };
  /**
   * Declares every weight of the supernet, sampled or not; missing where architectures share no weights.
   */
  supernet?(into: BuildContext): void;
  /** Declares the weights this architecture needs and returns the network. */
  build(arch: A, into: BuildContext): Model;
  /** Labelled graphs for kernels and predictors: one per cell, or one for a whole network. */
  graphs(arch: A): LabelledGraph[];
  /**
   * The same network at several levels of detail, for kernels that compare a hierarchy: per fold level, coarsest
   * first, as many graphs as `graphs` returns.
   */
  levels?(arch: A): LabelledGraph[][];
  /** The hierarchy behind an architecture, for showing it folded to any level. */
  outline?(arch: A): OutlineRow[];
  /** Graphs for drawing: one per cell, or one for a whole network. */
  picture(arch: A): Graph[];
  /** Group of a weight, by its name, that is inherited as a whole; default: its layer. */
  slot?(weight: string): string;
  /** Remarks for the user on how the space was made; a search prints them as warnings. */
  notes?: readonly string[];
  /** An architecture to begin a search with; default: every decision uniform. */
  sample?(rng: Rng): A;
  mutate?(arch: A, rng: Rng): A;
  neighbours?(arch: A): A[];
  /** One child or two with parts of both parents; none where the parents have nothing to exchange. */
  crossover?(a: A, b: A, rng: Rng): readonly A[];
}

/** Inputs for building a network. */
export interface BuildContext {
  weights: WeightStore;
  /** Height, width, channels of an input image. */
  input: readonly [number, number, number];
  classes: number;
  form: Form;
  /** Search children keep running statistics too, shared by all architectures (Q5). */
  sharedStatistics?: boolean;
  /** The weights belong to one architecture: every norm keeps running statistics, in either form. */
  ownStatistics?: boolean;
}
