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
  /** Ids of the trials whose architectures this one was made from. */
  parents?: number[];
  /** Seed of the weights and masks of a network that is trained for the trial; default: the search's. */
  seed?: number;
}

export interface Score {
  /** The objective: larger is better; any finite number, in the unit of the evaluator. */
  value: number;
  loss?: number;
  /** Where a search has several: all to be maximised, `value` first. */
  objectives?: number[];
}

/** Whether an evaluation gave a score, failed, or was refused by the limits of the search. */
export type TrialStatus = "ok" | "failed" | "infeasible";

export interface Scored<A> extends Trial<A> {
  /** Of a trial without a score of its own: as low as the evaluator's or the search's lowest. */
  score: Score;
  /** Default: ok. */
  status?: TrialStatus;
  /** Present unless ok. */
  reason?: string;
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
  /** Order in which the trials of one `ask` are told: that of the ask (default), or as their results arrive. */
  readonly order?: "ask" | "arrival";
  /** From the current policy; nothing will be told back (shared-weight training). */
  draw(n: number): Promise<A[]>;
  /** n to be scored; a strategy may add some of its own. */
  ask(n: number): Promise<Trial<A>[]>;
  /** All trials of one ask, failed ones too. */
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
