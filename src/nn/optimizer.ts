/** Optimisers: they update the weights that a step touched, all tensors of a slab in one dispatch. */
import adamWgsl from "../../kernels/adam.wgsl" with { type: "text" };
import sgdWgsl from "../../kernels/sgd.wgsl" with { type: "text" };
import { DataError } from "../common/errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type ClipOptions, Clipper, groupsFor } from "./clip.ts";
import { Planner, type PlanOptions, type Touched } from "./regions.ts";
import type { Slab } from "./slab.ts";
import type { NamedTensors } from "./weights.ts";

const sgdKernel = kernel("sgd", sgdWgsl);
const adamKernel = kernel("adam", adamWgsl);

/** Everything an optimiser remembers. */
export interface OptimizerState {
  json: unknown;
  tensors: NamedTensors;
}

/** Settings of `Sgd`; the learning rate is given at each step. */
export interface SgdOptions extends ClipOptions, PlanOptions {
  /** Factor of the previous update, in [0, 1). */
  momentum: number;
  nesterov: boolean;
  /** λ of λ·Σw², without ½: the gradient is 2λw. */
  l2: number;
}

/**
 * SGD with momentum: g = gradient + 2·l2·w; m = momentum·m + g; then w −= lr·m, or with Nesterov
 * w −= lr·(g + momentum·m).
 */
export class Sgd {
  readonly #planner: Planner;
  readonly #clipper: Clipper;

  constructor(
    private readonly gpu: Gpu,
    private readonly slabs: readonly Slab[],
    private readonly options: SgdOptions,
  ) {
    this.#planner = new Planner(gpu, slabs);
    this.#clipper = new Clipper(gpu, options);
  }

  /**
   * Records the update of what `run` touched.
   * @returns sums of squares of the gradients, L2 term included and not clipped, one per chunk; null where
   * nothing was touched. Valid until the next `run`.
   */
  step(touched: readonly Touched[], lr: number): Tensor | null {
    const { momentum, nesterov, l2 } = this.options;
    const plan = this.#planner.plan(touched, this.options);
    const squares = this.#clipper.squares(plan, l2);
    const factors = this.#clipper.factors(plan, squares);
    for (const { slab, chunks, n } of plan.slabs) {
      const { weights, grads } = slab;
      this.gpu.run(
        sgdKernel,
        { chunks, grads, weights, factors: factors ?? grads, moments: slab.state("momentum") },
        { n, lr, momentum, l2, nesterov, ...this.#clipper.params },
        groupsFor(n),
      );
    }
    return squares;
  }

  /** Records an update for `Gpu.dryRun`: the same as a step, since no steps are counted. */
  dryRun(touched: readonly Touched[], lr: number): Tensor | null {
    return this.step(touched, lr);
  }

  /** Resets all momentum to 0, as in a new optimiser. */
  reset(): void {
    for (const slab of this.slabs) {
      this.gpu.write(slab.state("momentum"), new Float32Array(slab.words));
    }
  }

  /** The momentum of every weight. */
  async snapshot(): Promise<OptimizerState> {
    return { json: null, tensors: await readStates(this.gpu, this.slabs, ["momentum"]) };
  }

  restore({ tensors }: OptimizerState): void {
    writeStates(this.gpu, this.slabs, ["momentum"], tensors);
  }
}

/** Settings of `Adam` (Kingma and Ba 2015), in its notation. */
export interface AdamOptions extends ClipOptions, Pick<PlanOptions, "decays" | "updates"> {
  /** Learning rate of a step that is given none. */
  lr: number;
  /** Decay of the running mean of the gradient, β₁ in [0, 1). */
  beta1: number;
  /** Decay of the running mean of its square, β₂ in [0, 1). */
  beta2: number;
  /** ε, added to √v. */
  epsilon: number;
  /** λ of λ·Σw² in the loss; default 0. */
  l2?: number;
}

/**
 * Adam as TensorFlow has it: g = gradient + 2·l2·w; lr_t = lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ);
 * w −= lr_t·m / (√v + ε).
 * Steps are counted for all weights together.
 */
export class Adam {
  readonly #planner: Planner;
  readonly #clipper: Clipper;
  #steps = 0;

  constructor(
    private readonly gpu: Gpu,
    private readonly slabs: readonly Slab[],
    private readonly options: AdamOptions,
  ) {
    this.#planner = new Planner(gpu, slabs);
    this.#clipper = new Clipper(gpu, options);
  }

  /** Records the update of what `run` touched; returns what `Sgd.step` does. */
  step(touched: readonly Touched[], lr = this.options.lr): Tensor | null {
    return this.#record(touched, lr, ++this.#steps);
  }

  /** Records an update without counting the step, for `Gpu.dryRun`. */
  dryRun(touched: readonly Touched[], lr = this.options.lr): Tensor | null {
    return this.#record(touched, lr, this.#steps + 1);
  }

  #record(touched: readonly Touched[], lr: number, t: number): Tensor | null {
    const { beta1, beta2, epsilon, l2 = 0 } = this.options;
    const corrected = lr * Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t);
    const { decays, updates } = this.options;
    const plan = this.#planner.plan(touched, { decays, updates });
    const squares = this.#clipper.squares(plan, l2);
    const factors = this.#clipper.factors(plan, squares);
    for (const { slab, chunks, n } of plan.slabs) {
      const { weights, grads } = slab;
      const [first, second] = [slab.state("first"), slab.state("second")];
      this.gpu.run(
        adamKernel,
        { chunks, grads, weights, factors: factors ?? grads, first, second },
        { n, lr: corrected, beta1, beta2, epsilon, l2, ...this.#clipper.params },
        groupsFor(n),
      );
    }
    return squares;
  }

  /** Forgets all moments and the number of steps, as in a new optimiser. */
  reset(): void {
    for (const slab of this.slabs) {
      for (const name of ["first", "second"]) {
        this.gpu.write(slab.state(name), new Float32Array(slab.words));
      }
    }
    this.#steps = 0;
  }

  /** Both moments of every weight and the number of steps. */
  async snapshot(): Promise<OptimizerState> {
    const tensors = await readStates(this.gpu, this.slabs, ["first", "second"]);
    return { json: { steps: this.#steps }, tensors };
  }

  restore({ json, tensors }: OptimizerState): void {
    const steps = (json as { steps?: unknown } | null)?.steps;
    if (typeof steps !== "number") {
      throw new DataError(`Cannot restore Adam: got ${JSON.stringify(json)}, expected its steps`);
    }
    writeStates(this.gpu, this.slabs, ["first", "second"], tensors);
    this.#steps = steps;
  }
}

const statesOf = (slabs: readonly Slab[], names: readonly string[]) =>
  slabs.flatMap((slab, i) => names.map((name) => ({ key: `${name}.${i}`, slab, name })));

async function readStates(
  gpu: Gpu,
  slabs: readonly Slab[],
  names: readonly string[],
): Promise<NamedTensors> {
  const states = statesOf(slabs, names);
  const data = await gpu.read(states.map(({ slab, name }) => slab.state(name)));
  return Object.fromEntries(
    states.map(({ key }, i) => [key, { shape: [data[i].length], data: data[i] }]),
  );
}

function writeStates(
  gpu: Gpu,
  slabs: readonly Slab[],
  names: readonly string[],
  tensors: NamedTensors,
): void {
  const states = statesOf(slabs, names);
  for (const { key, slab } of states) {
    if (tensors[key]?.data.length !== slab.words) {
      throw new DataError(
        `Cannot restore the optimiser: ${key} has ${
          tensors[key]?.data.length ?? "no"
        } elements, expected ` +
          `${slab.words}; it belongs to another network`,
      );
    }
  }
  for (const { key, slab, name } of states) {
    gpu.write(slab.state(name), Float32Array.from(tensors[key].data));
  }
}
