/** A recorder that computes nothing: it reports each dispatch, with tensors that have no memory. */
import { reductionDispatch } from "./deferred_reduction.ts";
import type { Kernel, Params } from "./kernel.ts";
import { BufferPool, standIn } from "./pool.ts";
import type { Dispatch } from "./programs.ts";
import type { Reduction, StepRecorder } from "./recorder.ts";
import { numel, type Shape, type Tensor } from "./tensor.ts";
import type { Traits } from "./traits.ts";
import type { Tuning } from "./tuning.ts";

export class DryRun implements StepRecorder {
  readonly pool = new BufferPool(standIn);
  readonly profile = null;

  constructor(
    readonly traits: Traits,
    private readonly tuning: Tuning,
    private readonly onDispatch: (dispatch: Dispatch) => void,
  ) {}

  run(kernel: Kernel, _: Readonly<Record<string, Tensor>>, params: Params): void {
    this.onDispatch({ kernel, params });
  }

  choose<T>(key: string, candidates: readonly T[]): T {
    return this.tuning.choose(key, candidates);
  }

  reduceSplits(job: Reduction, main: (sums: Tensor) => void): void {
    main(job.to);
    this.onDispatch(reductionDispatch([job]));
  }

  temporary(
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    shape: Shape = [data.length],
  ): Tensor {
    return { shape, buffer: this.pool.acquire(numel(shape) * 4), offset: 0 };
  }

  startRun(): void {}
  keepUntilRun(): void {}
  noteWork(): void {}
}
