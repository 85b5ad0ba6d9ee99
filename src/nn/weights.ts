/**
 * All weights of a network or supernet, by name. First everything is declared, then `materialise` gives it
 * memory: few large slabs, so that optimisers and checkpoints handle them in few pieces. A store that is
 * never materialised counts parameters without a device.
 */
import { numel, type Shape, type Tensor } from "../autodiff/op.ts";
import { type Param, paramValue, type Value } from "../autodiff/tape.ts";
import { DataError, UsageError } from "../common/errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { sameShape } from "../ops/shapes.ts";
import { Rng, Stream } from "../common/random.ts";
import type { Init } from "./init.ts";
import { Slab } from "./slab.ts";

/** Weights start at multiples of this many elements: 256 bytes, WebGPU's alignment of binding offsets. */
const ALIGN = 64;
/** WebGPU's default limit of one binding, in elements. */
const SLAB_WORDS = (128 << 20) / 4;

/** Named arrays, as checkpoints and safetensors files have them. */
export type NamedTensors = Record<
  string,
  { shape: readonly number[]; data: Float32Array | Uint32Array }
>;

interface Entry {
  param: Param;
  value: Value;
  init: Init;
  /** Index among all declarations; selects the weight's random numbers. */
  index: number;
}

/** Weights that share a buffer, and their offsets. */
interface Packed {
  words: number;
  entries: { entry: Entry; offset: number }[];
}

/**
 * Weights and states of a network or supernet by name. `param` and `state` declare them; `materialise` gives
 * them memory and first values.
 */
export class WeightStore {
  readonly #entries = new Map<string, Entry>();
  readonly #slabs: Slab[] = [];
  /** Each buffer with its contents: weights of the slabs first, then states. */
  readonly #buffers: { tensor: Tensor; packed: Packed }[] = [];
  #gpu: Gpu | null = null;

  /** Whether memory has been given out: nothing new can be declared any more. */
  get materialised(): boolean {
    return this.#gpu !== null;
  }

  /**
   * The device that the weights lie on.
   * @throws Error before `materialise`.
   */
  get gpu(): Gpu {
    if (!this.#gpu) throw new Error("Cannot read or load weights before they are materialised");
    return this.#gpu;
  }

  /** Memory of the trainable weights; empty before `materialise`. */
  get slabs(): readonly Slab[] {
    return this.#slabs;
  }

  /**
   * A trainable weight: declares it, or returns the one of this name. `decays: false` keeps it out of the L2
   * term.
   * @throws Error when the name is taken by another shape or kind, or is unknown after `materialise`.
   */
  param(name: string, shape: Shape, init: Init, options?: { decays: boolean }): Value {
    return this.#declare(name, shape, init, { trainable: true, ...options });
  }

  /** A tensor that ops change in place and no gradient reaches (running statistics, constants). */
  state(name: string, shape: Shape, init: Init): Value {
    return this.#declare(name, shape, init, { trainable: false });
  }

  #declare(
    name: string,
    shape: Shape,
    init: Init,
    kind: Pick<Param, "trainable" | "decays">,
  ): Value {
    const { trainable } = kind;
    const known = this.#entries.get(name);
    if (known) {
      const { param } = known;
      if (param.trainable !== trainable || !sameShape(param.shape, shape)) {
        throw new Error(
          `Cannot use weight ${name} as ${describe(shape, trainable)}: it is ` +
            `${describe(param.shape, param.trainable)}`,
        );
      }
      return known.value;
    }
    if (this.#gpu) {
      throw new Error(
        `Cannot use weight ${name}: it was not declared before the store got its memory, expected one of ` +
          `${this.#entries.size} declared weights`,
      );
    }
    const param: Param = { name, shape: [...shape], ...kind };
    const value = paramValue(param);
    this.#entries.set(name, { param, value, init, index: this.#entries.size });
    return value;
  }

  /** The weight behind a value (or a part of one). */
  paramOf({ source }: Value): Param {
    if (source.kind !== "param") throw new Error("Cannot name the weight of a computed value");
    return source.param;
  }

  /** Everything declared, in order. */
  params(): Param[] {
    return [...this.#entries.values()].map(({ param }) => param);
  }

  /** Number of trainable parameters. */
  parameters({ filter = () => true }: { filter?: (param: Param) => boolean } = {}): number {
    return this.params().filter((p) => p.trainable && filter(p))
      .reduce((sum, p) => sum + numel(p.shape), 0);
  }

  /** Bytes that `materialise` takes: weights and their gradients, and states. */
  bytes(): { weights: number; gradients: number; states: number } {
    const bytes = (trainable: boolean) =>
      this.#pack(trainable).reduce((sum, { words }) => sum + words * 4, 0);
    const weights = bytes(true);
    return { weights, gradients: weights, states: bytes(false) };
  }

  /**
   * Allocates and initialises everything declared. Each weight samples from a stream of its own, by its index
   * among the declarations.
   */
  materialise(gpu: Gpu, seed: number): void {
    if (this.#gpu) throw new Error("Cannot materialise a weight store twice");
    for (const packed of this.#pack(true)) {
      const slab = new Slab(gpu, packed.words);
      this.#slabs.push(slab);
      this.#buffers.push({ tensor: slab.weights, packed });
      for (const { entry: { param }, offset } of packed.entries) {
        const place = (of: Tensor) => ({ shape: param.shape, buffer: of.buffer, offset });
        param.tensor = place(slab.weights);
        param.grad = place(slab.grads);
      }
    }
    for (const packed of this.#pack(false)) {
      const tensor = gpu.empty([packed.words]);
      this.#buffers.push({ tensor, packed });
      for (const { entry: { param }, offset } of packed.entries) {
        param.tensor = { shape: param.shape, buffer: tensor.buffer, offset };
      }
    }
    this.#gpu = gpu;
    this.#fill(({ init, index }, out) => init(out, new Rng(seed, Stream.init, index)));
  }

  /** Weights and states as they are on the device, in one read-back. */
  async tensors(): Promise<NamedTensors> {
    const contents = await this.gpu.read(this.#buffers.map(({ tensor }) => tensor));
    const result: NamedTensors = {};
    this.#buffers.forEach(({ packed }, i) => {
      for (const { entry: { param }, offset } of packed.entries) {
        const data = contents[i].subarray(offset, offset + numel(param.shape));
        result[param.name] = { shape: param.shape, data };
      }
    });
    return result;
  }

  /**
   * Replaces every weight and state.
   * @throws DataError, with nothing replaced, unless names and shapes are exactly those declared.
   */
  load(tensors: NamedTensors): void {
    for (const { param } of this.#entries.values()) {
      const got = tensors[param.name];
      if (!got || !sameShape(got.shape, param.shape) || got.data.length !== numel(param.shape)) {
        throw new DataError(
          `Cannot load weights: ${param.name} is ${got ? `[${got.shape}]` : "missing"}, expected ` +
            `[${param.shape}]; they belong to another architecture or configuration`,
        );
      }
    }
    const unknown = Object.keys(tensors).find((name) => !this.#entries.has(name));
    if (unknown !== undefined) {
      throw new DataError(
        `Cannot load weights: this network has no ${unknown}; they belong to another architecture or ` +
          `configuration`,
      );
    }
    this.#fill(({ param }, out) => out.set(tensors[param.name].data));
  }

  #fill(write: (entry: Entry, out: Float32Array) => void): void {
    const gpu = this.gpu;
    for (const { tensor, packed } of this.#buffers) {
      const data = new Float32Array(packed.words);
      for (const { entry, offset } of packed.entries) {
        write(entry, data.subarray(offset, offset + numel(entry.param.shape)));
      }
      gpu.write(tensor, data);
    }
  }

  #pack(trainable: boolean): Packed[] {
    const slabs: Packed[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.param.trainable !== trainable) continue;
      const words = Math.ceil(numel(entry.param.shape) / ALIGN) * ALIGN;
      if (words > SLAB_WORDS) {
        throw new UsageError(
          `Cannot place weight ${entry.param.name}: [${entry.param.shape}] takes ${
            words * 4
          } bytes, ` +
            `expected at most ${SLAB_WORDS * 4}; try fewer filters`,
        );
      }
      let slab = slabs.at(-1);
      if (!slab || slab.words + words > SLAB_WORDS) {
        slab = { words: 0, entries: [] };
        slabs.push(slab);
      }
      slab.entries.push({ entry, offset: slab.words });
      slab.words += words;
    }
    return slabs;
  }
}

const describe = (shape: Shape, trainable: boolean) =>
  `${trainable ? "trainable" : "state"} [${shape}]`;
