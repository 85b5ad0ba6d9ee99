/** An op's pass with tensors, ready to run. */
import { type Grad, numel, type Shape, type Tensor } from "../../autodiff/op.ts";
import type { Gpu } from "../../gpu/device.ts";
import { standIn } from "../../gpu/pool.ts";
import type { OpPass } from "./passes.ts";

/** Irregular values in (−0.5, 0.5): no denormals, no ties for a maximum. */
const pattern = Float32Array.from({ length: 1 << 14 }, (_, i) => ((i * 0.618034) % 1) - 0.5);

/** Holds memory from the pool until released. */
export class Prepared {
  readonly #io;
  readonly #dy: (Tensor | null)[];
  readonly #dx: (Grad | null)[];
  readonly #owned: Tensor[] = [];

  /** @param dry allocates no memory: only to find the variants that the op can choose from. */
  constructor(private readonly gpu: Gpu, readonly pass: OpPass, dry = false) {
    const { op, shapes, params } = pass;
    const { out, saved = [] } = op.shapes(shapes, params);
    const tensor = (shape: Shape) =>
      dry ? { shape, buffer: standIn(), offset: 0 } : this.#tensor(shape);
    this.#io = {
      inputs: shapes.map(tensor),
      out: out.map(tensor),
      saved: saved.map(tensor),
      params,
    };
    this.#dy = pass.dy.map((has, i) => has ? tensor(out[i]) : null);
    this.#dx = pass.dx.map((accumulate, i) =>
      accumulate === null ? null : { tensor: tensor(shapes[i]), accumulate }
    );
    if (!dry) this.precede();
  }

  /** Records the forward pass that a backward pass reads results of. */
  precede(): void {
    if (this.pass.kind === "backward") this.pass.op.forward(this.gpu, this.#io);
  }

  /** Indices of the inputs whose gradients the pass computes. */
  get wanted(): number[] {
    return this.#dx.flatMap((g, i) => g ? [i] : []);
  }

  /**
   * Records the pass.
   * @param wanted computes the gradients of these inputs only.
   */
  record(wanted: readonly number[] = this.wanted): void {
    const { op, kind } = this.pass;
    if (kind === "forward") return op.forward(this.gpu, this.#io);
    const dx = this.#dx.map((g, i) => wanted.includes(i) ? g : null);
    (op.backward as (gpu: Gpu, io: unknown) => void)(this.gpu, { ...this.#io, dy: this.#dy, dx });
  }

  release(): void {
    for (const { buffer } of this.#owned) this.gpu.pool.release(buffer);
  }

  #tensor(shape: Shape): Tensor {
    const words = numel(shape);
    const tensor = { shape, buffer: this.gpu.pool.acquire(words * 4), offset: 0 };
    this.#owned.push(tensor);
    const data = new Float32Array(words);
    for (let at = 0; at < words; at += pattern.length) {
      data.set(pattern.subarray(0, words - at), at);
    }
    this.gpu.write(tensor, data);
    return tensor;
  }
}
