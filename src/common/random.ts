/**
 * Counter-based random numbers: the same (seed, stream, step, index) gives the same 32 bits here and in
 * `kernels/lib/random.wgsl`, whatever was drawn before. The hash is pcg4d (Jarzynski & Olano, "Hash
 * Functions for GPU Rendering", JCGT 9(3), 2020).
 */

/** Every consumer of randomness has a stream of its own, so that none disturbs another. */
export const Stream = {
  data: 1,
  init: 2,
  dropout: 3,
  controller: 4,
  augment: 5,
  search: 6,
  dropPath: 7,
} as const;

/**
 * Derives a stream for each of several consumers in one step (the dropouts of a network, the decisions of a
 * controller). Streams stay below 256: the salt takes the other bits of the word, and all indices are free.
 */
export const salted = (stream: number, salt: number): number => stream + 256 * salt;

/** 32 random bits for a counter. */
export function hash(seed: number, stream: number, step: number, index: number): number {
  let x = (Math.imul(seed, 1664525) + 1013904223) | 0;
  let y = (Math.imul(stream, 1664525) + 1013904223) | 0;
  let z = (Math.imul(step, 1664525) + 1013904223) | 0;
  let w = (Math.imul(index, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  return w >>> 0;
}

/** Uniform in [0, 1) with 24 bits, so that float32 holds it exactly; equal to `uniform01` in WGSL. */
export function uniform(seed: number, stream: number, step: number, index: number): number {
  return (hash(seed, stream, step, index) >>> 8) / 16777216;
}

/** A sequential view of one (seed, stream, step): for host code that draws one number after another. */
export class Rng {
  constructor(
    readonly seed: number,
    readonly stream: number,
    readonly step = 0,
    /** How many numbers were drawn; saved in checkpoints. */
    public index = 0,
  ) {}

  /** Uniform in [0, 1). */
  next(): number {
    return uniform(this.seed, this.stream, this.step, this.index++);
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** Standard normal (Box–Muller; takes two draws). */
  normal(): number {
    const u = 1 - this.next();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.next());
  }

  /** Fisher–Yates permutation of 0 … n−1. */
  permutation(n: number): Uint32Array<ArrayBuffer> {
    const p = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [p[i], p[j]] = [p[j], p[i]];
    }
    return p;
  }
}
