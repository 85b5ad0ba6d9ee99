/** The interface of search spaces. No code here: spaces live in `spaces/`, one file each. */
import type { Value } from "../autodiff/tape.ts";
import type { WeightStore } from "../nn/weights.ts";
import type { Rng } from "../random.ts";

/** One choice that a strategy has to make. */
export interface Decision {
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

/** How a child network is built: everything that is not the architecture itself. */
export interface ChildConfig {
  /** `search`: the child of the shared-weight supernet; `final`: the network trained from scratch. */
  form: "search" | "final";
  layers: number;
  /** Channels of the first stage. */
  filters: number;
  /** Channels that the ranges of space macro-range count in; 0 = filters. */
  rangeFilters: number;
  /** Operations offered (macro 4, 5 or 6; micro 5). */
  branches: number;
  /** Blocks per cell (micro). */
  blocks: number;
  /** Total stride of the stem: 1, 2 or 4. */
  stem: number;
  /** Keep probability of dropout before the classifier. */
  keep: number;
  /** Keep probability of drop-path at the last layer and step (micro final). */
  dropPathKeep: number;
  auxHead: boolean;
  /** Quirk Q3: separable operations of a final macro network become full convolutions; all reductions are made. */
  legacyFixed: boolean;
  /** Quirk Q6: a micro reduction cell of the search child sees h(l−1) twice. */
  legacyReduce: boolean;
  /** Quirk Q10: first weights of depthwise kernels and of the micro space's banks as released. */
  legacyInit: boolean;
  /** Batch norm: epsilon and decay of the running statistics. */
  bnEpsilon: number;
  bnDecay: number;
  /** Epsilon of the norm after a searched operation (macro search). */
  opBnEpsilon: number;
  /** Running statistics forget their start values at the first update. */
  bnDebias: boolean;
  /** Batch statistics of search children: `batch` keeps no running statistics (Q5). */
  rewardStatistics: "batch" | "running";
  /** Quirk Q7: dropout stays on when search children are scored. */
  rewardDropout: boolean;
}

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

/** A network as nodes and edges: for drawing and describing. */
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

export interface SearchSpace<A> {
  name: string;
  /** One line on what an architecture of this space is. */
  summary: string;
  /** The next decision after these choices; null when the architecture is complete. Throws, naming the decision, on an invalid prefix. */
  next(prefix: readonly number[]): Decision | null;
  /** Throws, naming the decision. */
  decode(choice: readonly number[]): A;
  /** Law: `decode(encode(a))` equals a. */
  encode(arch: A): number[];
  /** Equal for equivalent architectures: de-duplication and tables. */
  key(arch: A): string;
  /** Where tables list architectures apart that compute the same: equal for these. */
  unique?(arch: A): string;
  /** The notation of published tables, where there is one. */
  format?(arch: A): string;
  /** Reads that notation; throws a UsageError that says what is wrong where. */
  parse?(text: string): A;
  /** Declares every weight of the supernet, sampled or not (shared-weight search only). */
  supernet(into: BuildContext): void;
  /** Declares the weights this architecture needs and returns the network. */
  build(arch: A, into: BuildContext): Model;
  /** For drawing; one graph for macro, one per cell for micro. */
  graphs(arch: A): Graph[];
  mutate?(arch: A, rng: Rng): A;
  neighbours?(arch: A): A[];
  crossover?(a: A, b: A, rng: Rng): A;
}

export interface BuildContext {
  weights: WeightStore;
  /** Height, width, channels of an input image. */
  input: readonly [number, number, number];
  classes: number;
  config: ChildConfig;
  /** The weights belong to one architecture: every norm keeps running statistics, whatever the form. */
  ownStatistics?: boolean;
}
