/** One op at one shape, ready to be timed: tensors on the device and the dispatches of each pass. */
import {
  type Grad,
  numel,
  type Op,
  registry,
  type Shape,
  type Tensor,
} from "../src/autodiff/op.ts";
import type { Gpu } from "../src/gpu/mod.ts";
import "../src/ops/mod.ts";
import { check, type Computed } from "./check.ts";
import {
  type Digest,
  digest,
  distinct,
  inputsOf,
  type Job,
  repeated,
  smallGradient,
} from "./data.ts";
import { batchInputs, passes, type PassName } from "./shape_list.ts";

/** Least work of a pass. */
export interface Work {
  /** Multiplications and additions; 0 where an op does not count them. */
  flops: number;
  /** Bytes of all tensors, each counted once. */
  bytes: number;
}

const bytesOf = (shapes: readonly Shape[]) => 4 * shapes.reduce((sum, s) => sum + numel(s), 0);

export class Prepared {
  readonly #op: Op<unknown>;
  readonly #io;
  readonly #dy: (Tensor | null)[] = [];
  readonly #owned: Tensor[] = [];

  constructor(private readonly gpu: Gpu, readonly job: Job) {
    const op = registry.find((o) => o.name === job.op);
    if (!op) throw new Error(`Cannot time ${job.op}: there is no such op`);
    this.#op = op;
    const images = distinct(job.shapes[0][0]);
    const { out, saved = [] } = op.shapes(job.shapes, job.params);
    this.#io = {
      inputs: inputsOf(job).map((values, i) => this.#tensor(job.shapes[i], values)),
      out: out.map((s) => this.#tensor(s)),
      saved: saved.map((s) => this.#tensor(s)),
      params: job.params,
    };
    const gradient = repeated(smallGradient(out[0], images), out[0]);
    this.#dy = out.map((s, i) => i ? null : this.#tensor(s, gradient));
  }

  /** Passes of the op; ops without weights have no weight gradient. */
  get passes(): PassName[] {
    const { backward, mutates = [] } = this.#op;
    if (typeof backward === "string") return ["forward"];
    const weights = this.job.shapes.length - mutates.length > this.#batched;
    return passes.filter((p) => p !== "weight gradient" || weights);
  }

  /** Returns a function that records a pass. */
  record(pass: PassName): () => void {
    const io = this.#io;
    if (pass === "forward") return () => this.#op.forward(this.gpu, io);
    const dx = this.#targets(pass);
    return () => this.#backward(dx);
  }

  work(pass: PassName): Work {
    const { shapes, params } = this.job;
    const inputs = shapes.filter((_, i) => !this.#op.mutates?.includes(i));
    const { out } = this.#op.shapes(shapes, params);
    const flops = 2 * (this.#op.macs?.(shapes, params) ?? 0);
    if (pass === "forward") return { flops, bytes: bytesOf([...inputs, out[0]]) };
    const read = this.#op.reads?.inputs === false ? [] : inputs;
    const written = inputs.filter((_, i) => (i < this.#batched) === (pass === "input gradient"));
    return { flops, bytes: bytesOf([out[0], ...read, ...written]) };
  }

  /** Runs everything once and checks it; returns digests to compare other implementations with. */
  async check(): Promise<Record<PassName, Digest>> {
    const { gpu } = this;
    this.record("forward")();
    const [out] = await gpu.read([this.#io.out[0]]);
    const gradients: Computed["gradients"] = this.job.shapes.map(() => null);
    const digests = { forward: digest(out) } as Record<PassName, Digest>;
    for (const pass of this.passes.slice(1)) {
      const dx = this.#targets(pass);
      this.#backward(dx);
      const wanted = dx.flatMap((g, i) => g ? [i] : []);
      const got = await gpu.read(wanted.map((i) => dx[i]!.tensor));
      wanted.forEach((i, k) => gradients[i] = got[k]);
      const sums = got.map(digest);
      digests[pass] = {
        sum: sums.reduce((a, d) => a + d.sum, 0),
        magnitude: sums.reduce((a, d) => a + d.magnitude, 0),
      };
    }
    check(this.#op, this.job, { out, gradients });
    return digests;
  }

  /** Frees the memory. */
  release(): void {
    for (const { buffer } of this.#owned) this.gpu.pool.release(buffer);
  }

  get #batched(): number {
    return batchInputs(this.job.op, this.job.shapes.length);
  }

  /** Gradients of the images' inputs, or of the weights. */
  #targets(pass: PassName): (Grad | null)[] {
    const { mutates = [], handsOver = [] } = this.#op;
    return this.#io.inputs.map(({ shape }, i) =>
      (i < this.#batched) === (pass === "input gradient") && ![...mutates, ...handsOver].includes(i)
        ? { tensor: this.#tensor(shape), accumulate: false }
        : null
    );
  }

  #backward(dx: readonly (Grad | null)[]): void {
    const backward = this.#op.backward as (gpu: Gpu, io: unknown) => void;
    backward(this.gpu, { ...this.#io, dy: this.#dy, dx });
  }

  #tensor(shape: Shape, data?: Float32Array<ArrayBuffer>): Tensor {
    const buffer = this.gpu.pool.acquire(numel(shape) * 4);
    const tensor = { shape, buffer, offset: 0 };
    this.#owned.push(tensor);
    if (data) this.gpu.write(tensor, data);
    return tensor;
  }
}
