/** The interface of search strategies. No code here: strategies live in `strategies/`, one file each. */

/** Plain data that fully restores an object: JSON, and named arrays that are stored as safetensors. */
export interface State {
  json: unknown;
  tensors: Record<string, { shape: readonly number[]; data: Float32Array | Uint32Array }>;
}

/** Parameters that a model learned from the scores so far. */
export interface ModelFit {
  /** Kernels by which it compares architectures, with the setting and the weight of each; weights sum to 1. */
  kernels: string[];
  settings: string[];
  weights: number[];
  /** Variance of the noise, in units of the targets' variance. */
  noise: number;
  /** Logarithm of the marginal likelihood per architecture. */
  likelihood: number;
}

/** An architecture that a strategy wants scored. */
export interface Trial<A> {
  /** Counts from 0 over the whole run. */
  id: number;
  arch: A;
  /** Training epochs before scoring, where the evaluator has fidelities; default: the longest training. */
  epochs?: number;
  /** Scored untrained or after less than the longest training: not comparable with others, cannot win. */
  partial?: boolean;
  /** Ids of the trials whose architectures this one was made from. */
  parents?: number[];
  /** Earlier trials whose trained weights the network begins with, by slot: a group of weights. */
  inherit?: { slot: string; donors: number[] }[];
  /** Seed of the weights and masks of the trial's own network; default: the search's seed. */
  seed?: number;
  /** The model by which the architecture was chosen. */
  model?: ModelFit;
  /**
   * Number of trials told before this one was asked. Set by asynchronous searches: with the order of the
   * trial events it is all that replaying the strategy needs.
   */
  askedAfter?: number;
}

/** Measurement of one architecture by an evaluator. */
export interface Score {
  /** The objective: larger is better; any finite number, in the unit of the evaluator. */
  value: number;
  /** Mean loss per image over the same images, for reports. */
  loss?: number;
  /** Values of all objectives where there are several; all to be maximised, `value` first. */
  objectives?: number[];
}

/** Whether an evaluation gave a score, failed, or was rejected by the constraints of the search. */
export type TrialStatus = "ok" | "failed" | "infeasible";

/** A trial with its result, as the strategy gets it. */
export interface Scored<A> extends Trial<A> {
  /** For a trial without a score: the lowest score of the evaluator, or of the search so far. */
  score: Score;
  /** Default: ok. */
  status?: TrialStatus;
  /** Present unless ok. */
  reason?: string;
}

/** Figures of a strategy after a round, for plots and the controller heat-map. */
export interface StrategyReport {
  loss?: number;
  /** Euclidean norm of the controller's gradient. */
  gradientNorm?: number;
  reward?: number;
  entropy?: number;
  baseline?: number;
  skipRate?: number;
  /** Score of the one network trained in this round, for strategies that train one. */
  trained?: number;
  /** Mean probability per option, one row per decision. */
  probabilities?: number[][];
  /** Id of the decision behind each row. */
  decisions?: string[];
}

/**
 * Search algorithm with an ask-and-tell interface over architectures of type A. `snapshot` and `restore` cover
 * its whole state, random numbers included: a resumed search continues exactly.
 */
export interface Strategy<A> {
  /**
   * Order in which `tell` gets results: as asked, after the whole round (default), or as they arrive. With
   * "arrival" a search on several workers is asynchronous: `ask` for the next trial follows each `tell`, while
   * others are still evaluated.
   */
  readonly order?: "ask" | "arrival";
  /** Samples from the current policy without a later `tell` (shared-weight training). */
  draw(n: number): Promise<A[]>;
  /** Why there is nothing more to ask; set once `ask` has returned no trial. Ends the rounds of a search. */
  readonly finished?: string;
  /** n trials to be scored; a strategy may add more of its own. */
  ask(n: number): Promise<Trial<A>[]>;
  /** Takes the results of all trials of one `ask`, failed ones too. */
  tell(done: Scored<A>[]): Promise<StrategyReport>;
  /**
   * The trial of the trained architecture. Present in strategies whose epochs first score candidates and then
   * train the best one, instead of training first: after `tell`, `draw` gives that architecture.
   */
  askTrained?(): Trial<A>[];
  /** Takes the result of the trial from `askTrained`. */
  tellTrained?(done: Scored<A>[]): StrategyReport;
  /**
   * Records sampling and a learning step for n samples, to find the kernels they need, if it uses the device.
   */
  dryRun?(n: number): void;
  /** Samples n architectures from a saved policy, where the strategy has one. */
  sampleFrom?(policy: State["tensors"], n: number): Promise<A[]>;
  snapshot(): Promise<State>;
  restore(state: State): Promise<void>;
}
