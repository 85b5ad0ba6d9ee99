/** Measures the device's highest rates of arithmetic and copying, by its own clock. */
import { type Gpu, kernel, type Stopwatch, type Tensor } from "../src/gpu/mod.ts";
import type { Work } from "./kernels.ts";
import copyWgsl from "./copy.wgsl" with { type: "text" };
import fmaWgsl from "./fma.wgsl" with { type: "text" };
import idleWgsl from "./idle.wgsl" with { type: "text" };

const fma = kernel("fma", fmaWgsl);
const copy = kernel("copy", copyWgsl);
const idle = kernel("idle", idleWgsl);

/** Shortest duration of a sample, in milliseconds, unless it is a single repetition. */
export const SAMPLE_MS = 4;
const SAMPLES = 8;

/** Highest measured rates of the adapter. */
export interface Ceilings {
  /** 10⁹ multiply and add operations per second, on registers. */
  gflops: number;
  /** 10⁹ bytes read and written per second, when copying 4 MiB. */
  gbytes: number;
  /** Microseconds of an empty dispatch, among others in a pass. */
  floorUs: number;
}

export const noCeilings: Ceilings = { gflops: 0, gbytes: 0, floorUs: Infinity };

/**
 * Lower bound of a pass's milliseconds: the cost of its dispatches, plus only the arithmetic or only the
 * copying, whichever takes longer.
 */
export const limitMs = (
  { flops, bytes }: Work,
  dispatches: number,
  { gflops, gbytes, floorUs }: Ceilings,
): number => dispatches * floorUs / 1e3 + Math.max(flops / gflops, bytes / gbytes) / 1e6;

/** Samples all ceilings once more; the best of all samples is kept. */
export async function sampleCeilings(
  gpu: Gpu,
  watch: Stopwatch,
  so: Ceilings,
): Promise<Ceilings> {
  const best = { ...so };
  const bytes = 4 << 20;
  const [x, y] = [gpu.pool.acquire(bytes, "ceiling x"), gpu.pool.acquire(bytes, "ceiling y")]
    .map((buffer): Tensor => ({ buffer, shape: [bytes / 4], offset: 0 }));
  const fastest = async (record: () => void) => {
    const estimate = await watch.estimate(record);
    let ms = Infinity;
    for (let i = 0; i < SAMPLES; i++) {
      ms = Math.min(ms, ...await watch.sample([record], [estimate], SAMPLE_MS));
    }
    return ms;
  };
  const threads = 4096, rounds = 256;
  for (const { T, lanes } of [{ T: "vec4f", lanes: 4 }, { T: "f32", lanes: 1 }]) {
    const params = { T, n: threads, rounds, a: 0.999, b: 0.001 };
    const flops = 2 * threads * rounds * 8 * 8 * lanes;
    const ms = await fastest(() => gpu.run(fma, { y }, params, threads));
    best.gflops = Math.max(best.gflops, flops / ms / 1e6);
  }
  const n = bytes / 16;
  const copyMs = await fastest(() => gpu.run(copy, { x, y }, { n }, n / 4));
  best.gbytes = Math.max(best.gbytes, 2 * bytes / copyMs / 1e6);
  const idleMs = await fastest(() => gpu.run(idle, { y }, {}, [1]));
  best.floorUs = Math.min(best.floorUs, 1e3 * idleMs);
  gpu.pool.release(x.buffer);
  gpu.pool.release(y.buffer);
  return best;
}
