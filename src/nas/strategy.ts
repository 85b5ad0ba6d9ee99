/** The interface of search strategies. No code here: strategies live in `strategies/`, one file each. */

/** Plain data that fully restores something; JSON beside named arrays (they go to safetensors). */
export interface State {
  json: unknown;
  tensors: Record<string, { shape: readonly number[]; data: Float32Array | Uint32Array }>;
}

export interface Trial<A> {
  /** Counts from 0 over the whole run. */
  id: number;
  arch: A;
  /** Epochs of training to score it after, where the evaluator has fidelities; default: the longest training. */
  epochs?: number;
  /** Scored untrained or after less than the longest training: not comparable with others, never the winner. */
  partial?: boolean;
}

export interface Score {
  /** The objective: larger is better (accuracy as a fraction 0 … 1). */
  value: number;
  loss?: number;
  /** Where a search has several: all to be maximised, `value` first. */
  objectives?: number[];
}

export interface Scored<A> extends Trial<A> {
  score: Score;
}

/** What a strategy can tell about itself after a round, for plots and the controller heat-map. */
export interface StrategyReport {
  loss?: number;
  /** Euclidean norm of the controller's gradient. */
  gradientNorm?: number;
  reward?: number;
  entropy?: number;
  baseline?: number;
  skipRate?: number;
  /** Score of the one network that was trained for this round, where there is such a one. */
  trained?: number;
  /** Mean probability per option, one row per decision. */
  probabilities?: number[][];
  /** Id of the decision behind each row. */
  decisions?: string[];
}

export interface Strategy<A> {
  /** From the current policy; nothing will be told back (shared-weight training). */
  draw(n: number): Promise<A[]>;
  /** n to be scored; a strategy may add some of its own. */
  ask(n: number): Promise<Trial<A>[]>;
  /** All of one ask, in its order. */
  tell(done: Scored<A>[]): Promise<StrategyReport>;
  /**
   * The trial of what was trained. Present where an epoch trains the best of its candidates after they are
   * scored, instead of training before the rounds: after `tell`, `draw` gives that architecture.
   */
  askTrained?(): Trial<A>[];
  /** What `askTrained` gave, scored. */
  tellTrained?(done: Scored<A>[]): StrategyReport;
  /** Records a draw and a step on n samples, for the kernels they need, where it learns on the device. */
  dryRun?(n: number): void;
  /** n architectures from the policy that a search kept, where the strategy has a policy. */
  sampleFrom?(policy: State["tensors"], n: number): Promise<A[]>;
  snapshot(): Promise<State>;
  restore(state: State): Promise<void>;
}
