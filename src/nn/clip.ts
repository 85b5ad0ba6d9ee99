/** Gradient clipping by norm: sums of squares per chunk, then per tensor or over all, in a fixed order. */
import clipFactorsWgsl from "../../kernels/clip_factors.wgsl" with { type: "text" };
import gradientSquaresWgsl from "../../kernels/gradient_squares.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type Plan, Staging } from "./regions.ts";

const squaresKernel = kernel("gradient_squares", gradientSquaresWgsl);
const factorsKernel = kernel("clip_factors", clipFactorsWgsl);

export interface ClipOptions {
  /** Nothing, each tensor's norm, or the norm over all of them. */
  clip?: "none" | "tensor" | "global";
  /** Gradients of a larger norm are scaled down to it; the L2 term counts. */
  clipNorm?: number;
}

/** Work-groups along one axis at most. */
const GROUPS = 65535;

/** Work-groups for n chunks. */
export const groupsFor = (n: number): [number, number] => [
  Math.min(n, GROUPS),
  Math.ceil(n / GROUPS),
];

/** Memory of the pool until the next `run`. */
function temporary(gpu: Gpu, words: number): Tensor {
  const tensor = { shape: [words], buffer: gpu.pool.acquire(words * 4), offset: 0 };
  gpu.keepUntilRun(tensor);
  return tensor;
}

export class Clipper {
  readonly #ranges: Staging;
  readonly #mode: "none" | "tensor" | "global";
  readonly #bound: number;

  constructor(private readonly gpu: Gpu, { clip = "none", clipNorm = 5 }: ClipOptions) {
    this.#ranges = new Staging(gpu);
    this.#mode = clip;
    this.#bound = clipNorm;
  }

  /** Parameters of the update kernels for clipping. */
  get params(): { clipped: boolean; per_tensor: boolean } {
    return { clipped: this.#mode !== "none", per_tensor: this.#mode === "tensor" };
  }

  /** Records Σ (gradient + 2·l2·w)² of each chunk; null where nothing was touched. Valid until the next `run`. */
  squares(plan: Plan, l2: number): Tensor | null {
    if (!plan.ranges.length) return null;
    const { gpu } = this;
    const squares = temporary(gpu, plan.n);
    for (const { slab, chunks, n, before } of plan.slabs) {
      gpu.run(
        squaresKernel,
        { chunks, grads: slab.grads, weights: slab.weights, squares },
        { n, l2, to: before, SIZE: `${gpu.traits.reduceGroup}u` },
        groupsFor(n),
      );
    }
    return squares;
  }

  /** Records the factors that scale gradients down; null if nothing is clipped. */
  factors(plan: Plan, squares: Tensor | null): Tensor | null {
    if (!squares || !this.params.clipped) return null;
    const { gpu } = this;
    const list = this.#mode === "tensor" ? plan.ranges : [[0, plan.n]];
    const ranges = this.#ranges.put(Uint32Array.from(list.flat()));
    const factors = temporary(gpu, list.length);
    gpu.run(
      factorsKernel,
      { ranges, squares, factors },
      { n: list.length, bound: this.#bound },
      groupsFor(list.length),
    );
    return factors;
  }
}
