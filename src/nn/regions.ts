/**
 * Plans of updates: lists of weights become tables of chunks of the slabs, so that one dispatch updates any
 * number of tensors.
 */
import type { Param } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { Slab } from "./slab.ts";

/** A weight, or a part of one, whose gradient was written: what `run` returns. */
export interface Touched {
  param: Param;
  offset: number;
  words: number;
}

export interface PlanOptions {
  /** Also update weights that were not touched, by L2 and momentum alone. */
  decayAll?: boolean;
  /** Which weights take part in the L2 term. Default: all. */
  decays?: (param: Param) => boolean;
  /** Which touched weights are updated; the others stay as they are. Default: all. */
  updates?: (param: Param) => boolean;
}

/** Chunks of one slab: uint32 rows of (first element, length, tensor, flags). */
export interface SlabPlan {
  slab: Slab;
  chunks: Tensor;
  n: number;
  /** Number of chunks in earlier slabs. */
  before: number;
}

export interface Plan {
  slabs: SlabPlan[];
  /** Per touched tensor: its first chunk among those of all slabs, and how many. */
  ranges: [first: number, n: number][];
  /** Chunks of all slabs. */
  n: number;
}

const CHUNK = 1024;
const LIVE = 1;
const DECAYS = 2;

interface Region {
  start: number;
  end: number;
  flags: number;
}

/** Makes plans; reuses the memory of their tables. */
export class Planner {
  readonly #staging: Staging[];

  constructor(gpu: Gpu, private readonly slabs: readonly Slab[]) {
    this.#staging = slabs.map(() => new Staging(gpu));
  }

  plan(touched: readonly Touched[], options: PlanOptions = {}): Plan {
    const plan: Plan = { slabs: [], ranges: [], n: 0 };
    const sorted = this.#regions(touched, options);
    sorted.forEach((regions, s) => {
      const live = regions.filter(({ flags }) => flags & LIVE);
      const rest = options.decayAll ? gaps(regions, this.slabs[s].words) : [];
      const all = [...live, ...rest];
      const rows: number[] = [];
      for (const { start, end, flags } of all) {
        const n = Math.ceil((end - start) / CHUNK);
        for (let at = start; at < end; at += CHUNK) {
          rows.push(at, Math.min(CHUNK, end - at), plan.ranges.length, flags);
        }
        if (flags & LIVE) plan.ranges.push([plan.n + rows.length / 4 - n, n]);
      }
      if (!rows.length) return;
      const n = rows.length / 4;
      const chunks = this.#staging[s].put(Uint32Array.from(rows));
      plan.slabs.push({ slab: this.slabs[s], chunks, n, before: plan.n });
      plan.n += n;
    });
    return plan;
  }

  /** Touched elements of each slab in their order. */
  #regions(touched: readonly Touched[], { decays, updates }: PlanOptions): Region[][] {
    const regions: Region[][] = this.slabs.map(() => []);
    for (const { param, offset, words } of touched) {
      const s = this.slabs.findIndex((slab) => slab.weights.buffer === param.tensor?.buffer);
      if (s < 0) {
        throw new Error(`Cannot update weight ${param.name}: it lies in none of the slabs`);
      }
      const start = param.tensor!.offset + offset;
      const flags = (updates && !updates(param) ? 0 : LIVE) |
        (decays && !decays(param) ? 0 : DECAYS);
      regions[s].push({ start, end: start + words, flags });
    }
    for (const list of regions) {
      list.sort((a, b) => a.start - b.start);
      for (let i = 1; i < list.length; i++) {
        if (list[i].start < list[i - 1].end) {
          throw new Error(
            `Cannot update weights: element ${
              list[i].start
            } belongs to two parts that have gradients`,
          );
        }
      }
    }
    return regions;
  }
}

/** The gaps between regions. */
function gaps(regions: readonly Region[], words: number): Region[] {
  const result: Region[] = [];
  let at = 0;
  for (const { start, end } of [...regions, { start: words, end: words }]) {
    if (start > at) result.push({ start: at, end: start, flags: DECAYS });
    at = end;
  }
  return result;
}

/**
 * Uploads tables without an extra submission: a buffer is overwritten only once the submission that used it
 * was sent. An unchanged table is reused.
 */
export class Staging {
  readonly #buffers: { tensor: Tensor; words: number; submits: number }[] = [];
  #last: { data: Uint32Array; buffer: { tensor: Tensor; submits: number } } | null = null;

  constructor(private readonly gpu: Gpu) {}

  put(data: Uint32Array<ArrayBuffer>): Tensor {
    const { submits } = this.gpu.counters;
    if (this.#last && equal(this.#last.data, data)) {
      this.#last.buffer.submits = submits;
      return this.#last.buffer.tensor;
    }
    let buffer = this.#buffers.find((b) => b.submits < submits && b.words >= data.length);
    if (!buffer) {
      const words = 2 ** Math.ceil(Math.log2(Math.max(data.length, 64)));
      buffer = { tensor: this.gpu.empty([words]), words, submits };
      this.#buffers.push(buffer);
    }
    buffer.submits = submits;
    this.gpu.writeAhead(buffer.tensor, data);
    this.#last = { data, buffer };
    return buffer.tensor;
  }
}

const equal = (a: Uint32Array, b: Uint32Array) =>
  a.length === b.length && a.every((v, i) => v === b[i]);
