/**
 * Deferred split-K reduction, the second half of reductions without atomics: kernels leave partial sums in one
 * buffer, and one dispatch adds up those of many reductions, each in a fixed order. It is recorded when the
 * buffer is full, at the end of a submission, or before anything that touches one of the results.
 */
import sumSplitsWgsl from "../../kernels/sum_splits.wgsl" with { type: "text" };
import { kernel } from "./kernel.ts";
import type { DeviceBuffer } from "./pool.ts";
import type { Dispatch } from "./programs.ts";
import type { Reduction, StepRecorder } from "./recorder.ts";
import { numel, type Tensor } from "./tensor.ts";

const sumSplits = kernel("sum_splits", sumSplitsWgsl);

/** WebGPU's alignment of binding offsets, in words. */
const ALIGN = 64;
const ROW = 6;

/** Whether a reduction can use vec4f: number and offset of its results are multiples of four. */
const byFour = ({ n, to }: Reduction) => n % 4 === 0 && to.offset % 4 === 0;

/** Four lanes if all reductions allow them: a vec4f costs a software adapter less than a single number. */
const lanesOf = (jobs: readonly Reduction[]) => jobs.every(byFour) ? 4 : 1;
const vectorOf = (lanes: number) => lanes === 4 ? "vec4f" : "f32";

/** The dispatch that adds up these reductions; its pipeline does not depend on the number of results. */
export const reductionDispatch = (jobs: readonly Reduction[]): Dispatch => ({
  kernel: sumSplits,
  params: { count: jobs.length, n: 1, V: vectorOf(lanesOf(jobs)) },
});

interface Job extends Reduction {
  /** First partial sum. */
  from: number;
}

export class DeferredReduction {
  /** Jobs by the buffer of their results, in the order they came. */
  readonly #jobs = new Map<DeviceBuffer, Job[]>();
  #partials: Tensor | null = null;
  #used = 0;
  /** Whether partial sums are being recorded: their memory is taken, but there is no job yet. */
  #recording = false;

  constructor(
    private readonly recorder: StepRecorder,
    private readonly create: (bytes: number) => DeviceBuffer,
    /** Makes a table for the next dispatch to bind. */
    private readonly table: (words: Uint32Array) => Tensor,
  ) {}

  /** `main` records what writes the partial sums. */
  add(job: Reduction, main: (sums: Tensor) => void): void {
    if (this.#recording) throw new Error("Cannot nest reductions: expected one after the other");
    if (this.concern(job.to)) this.flush();
    const sums = this.#take(job.splits * job.n);
    this.#recording = true;
    try {
      main(sums);
    } finally {
      this.#recording = false;
    }
    const { buffer } = job.to;
    const jobs = this.#jobs.get(buffer);
    if (jobs) jobs.push({ ...job, from: sums.offset });
    else this.#jobs.set(buffer, [{ ...job, from: sums.offset }]);
  }

  /** Whether there are sums to be recorded. */
  get pending(): boolean {
    return this.#jobs.size > 0;
  }

  /** Whether the tensor has elements that are still to be summed. */
  concern({ buffer, offset, shape }: Tensor): boolean {
    const jobs = this.#jobs.get(buffer);
    if (!jobs) return false;
    const end = offset + numel(shape);
    return jobs.some(({ to, n }) => to.offset < end && offset < to.offset + n);
  }

  /** Records the pending sums, one dispatch per destination buffer. */
  flush(): void {
    if (!this.pending) return;
    const due = [...this.#jobs.values()];
    this.#jobs.clear();
    this.recorder.profile?.begin("sum splits");
    for (const jobs of due) {
      const lanes = lanesOf(jobs), rows = new Uint32Array(jobs.length * ROW);
      let done = 0;
      jobs.forEach(({ from, n, splits, to, add }, i) => {
        const places = [done, from, n].map((words) => words / lanes);
        rows.set([...places, splits, to.offset / lanes, Number(add)], i * ROW);
        done += n;
      });
      const tensors = { jobs: this.table(rows), sums: this.#partials!, y: whole(jobs[0].to) };
      const n = done / lanes;
      this.recorder.run(sumSplits, tensors, { count: jobs.length, n, V: vectorOf(lanes) }, n);
    }
    this.recorder.profile?.end();
    if (!this.#recording) this.#used = 0;
  }

  /** Memory for partial sums; flushes if they do not fit, and replaces a buffer that is too small. */
  #take(words: number): Tensor {
    const room = this.recorder.traits.partialSums;
    const size = this.#partials ? numel(this.#partials.shape) : 0;
    if (this.#used + words > size) {
      this.flush();
      if (words > size) {
        const shape = [Math.max(room, words)];
        this.#partials = { shape, buffer: this.create(shape[0] * 4), offset: 0 };
      }
    }
    const taken = { ...this.#partials!, shape: [words], offset: this.#used };
    this.#used += Math.ceil(words / ALIGN) * ALIGN;
    return taken;
  }
}

/** The buffer that a tensor lies in. */
const whole = ({ buffer }: Tensor): Tensor => ({ shape: [buffer.bytes / 4], buffer, offset: 0 });
