/** An op's pass with tensors to run it on. */
import { type Grad, numel, type Shape, type Tensor } from "../../autodiff/op.ts";
import type { Gpu } from "../../gpu/device.ts";
import { standIn } from "../../gpu/pool.ts";
import type { OpPass } from "./passes.ts";

/** Values in (−0.5, 0.5) without order: no denormals, no ties for a maximum. */
const pattern = Float32Array.from({ length: 1 << 14 }, (_, i) => ((i * 0.618034) % 1) - 0.5);

/** Takes memory from the pool until it is released. */
export class Prepared {
  readonly #io;
  readonly #dy: (Tensor | null)[];
  readonly #dx: (Grad | null)[];
  readonly #owned: Tensor[] = [];

  /** @param dry with no memory: only to hear what the op would choose between. */
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

  /** Records what has to be there before the pass: what a backward pass reads of the forward one. */
  precede(): void {
    if (this.pass.kind === "backward") this.pass.op.forward(this.gpu, this.#io);
  }

  /** Inputs whose gradients the pass is for. */
  get wanted(): number[] {
    return this.#dx.flatMap((g, i) => g ? [i] : []);
  }

  /** Records the pass. @param wanted the gradients of these inputs only. */
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
