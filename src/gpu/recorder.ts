/** The interface for recording dispatches: the contract between ops and the device. */
import type { Kernel, Params } from "./kernel.ts";
import type { BufferPool } from "./pool.ts";
import type { Profile } from "./profile.ts";
import type { Tensor } from "./tensor.ts";
import type { Traits } from "./traits.ts";

/** The result of a split-K reduction: the sum of `splits` rows of `n` partial sums, in their order. */
export interface Reduction {
  splits: number;
  n: number;
  to: Tensor;
  /** Add to the existing values. */
  add: boolean;
}

/** The device as ops use it. */
export interface Recorder {
  /** Assumptions about the adapter. */
  readonly traits: Traits;
  /** Memory for the tensors of a step. */
  readonly pool: BufferPool;
  /** Appends one dispatch. `work` is the number of invocations, or the work-groups per axis. */
  run(
    k: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    params: Params,
    work: number | readonly [number, number?, number?],
  ): void;
  /** Chooses one of several variants of a kernel: see `Tuning.choose`. */
  choose<T>(key: string, candidates: readonly T[]): T;
  /**
   * Records a split-K reduction: `main` records the dispatches that write the rows of partial sums. They are
   * added up later, many reductions in one dispatch, but before anything else touches the result. Must not be
   * nested.
   */
  reduceSplits(job: Reduction, main: (sums: Tensor) => void): void;
}

/** A recorder that can run tapes, step by step. */
export interface StepRecorder extends Recorder {
  /** While set, dispatches are timed and spans of host work noted. */
  readonly profile: Profile | null;
  /** Starts a run: the results of the last one, and the temporaries that it read, return to the pool. */
  startRun(): void;
  /** Returns a tensor to the pool when the next run starts. */
  keepUntilRun(tensor: Tensor): void;
  /** A tensor from the pool with these contents, for the next run only. */
  temporary(
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    shape?: Tensor["shape"],
  ): Tensor;
  /** Counts multiply-adds that were recorded; submits when there are enough for one submission. */
  noteWork(macs: number): void;
}
