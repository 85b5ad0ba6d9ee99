/** Time on the device's own clock, and what the device can do at most. */
import { Gpu, kernel, Profile } from "../src/gpu/mod.ts";
import copyWgsl from "./copy.wgsl" with { type: "text" };
import fmaWgsl from "./fma.wgsl" with { type: "text" };

const fma = kernel("fma", fmaWgsl);
const copy = kernel("copy", copyWgsl);

/** A sample lasts at least so long, or one repetition. */
const SAMPLE_MS = 4;

/** Times what is recorded between two submissions, by GPU timestamps around its one pass. */
export class Timer {
  #ms = 0;

  private constructor(readonly gpu: Gpu) {}

  static async open(): Promise<Timer> {
    const timer = new Timer(await Gpu.open({ timestamps: true }));
    const profile: Profile = await Profile.start(timer.gpu.device, {
      wholePasses: true,
      sink: ({ track, ms }) => {
        if (track === "device") timer.#ms += ms;
      },
    });
    timer.gpu.profile = profile;
    return timer;
  }

  /** Milliseconds of one `record` among `times` in one submission. */
  async once(record: () => void, times = 1): Promise<number> {
    const { gpu } = this;
    gpu.submit();
    await gpu.profile!.drain();
    this.#ms = 0;
    for (let i = 0; i < times; i++) record();
    gpu.submit();
    await gpu.profile!.drain();
    await gpu.settle();
    return this.#ms / times;
  }

  /** Milliseconds of the device in whatever `body` submits. */
  async around(body: () => Promise<void>): Promise<{ deviceMs: number }> {
    await this.gpu.profile!.drain();
    this.#ms = 0;
    await body();
    await this.gpu.profile!.drain();
    return { deviceMs: this.#ms };
  }

  /** How often to repeat something for a sample; runs it twice, as the first run compiles. */
  async repetitions(record: () => void): Promise<number> {
    await this.once(record);
    const ms = await this.once(record);
    return Math.max(1, Math.min(64, Math.round(SAMPLE_MS / Math.max(ms, 1e-3))));
  }

  close(): void {
    this.gpu.profile = null;
    this.gpu.close();
  }
}

/** What the adapter reaches at most, so far as it was measured. */
export interface Ceilings {
  /** 10⁹ multiply and add operations per second, on registers. */
  gflops: number;
  /** 10⁹ bytes read and written per second, copying 4 MiB. */
  gbytes: number;
}

/** Samples both ceilings once more; the largest of all samples counts. */
export async function sampleCeilings(timer: Timer, so: Ceilings): Promise<Ceilings> {
  const { gpu } = timer;
  const best = { ...so };
  const bytes = 4 << 20;
  const [x, y] = [gpu.pool.acquire(bytes, "ceiling x"), gpu.pool.acquire(bytes, "ceiling y")]
    .map((buffer) => ({ buffer, shape: [bytes / 4], offset: 0 }));
  const threads = 4096, rounds = 256;
  for (const { T, lanes } of [{ T: "vec4f", lanes: 4 }, { T: "f32", lanes: 1 }]) {
    const params = { T, n: threads, rounds, a: 0.999, b: 0.001 };
    const record = () => gpu.run(fma, { y }, params, threads);
    const flops = 2 * threads * rounds * 8 * 8 * lanes;
    await timer.once(record);
    for (let i = 0; i < 8; i++) {
      best.gflops = Math.max(best.gflops, flops / await timer.once(record) / 1e6);
    }
  }
  // The best of several in one pass: one alone is short.
  const n = bytes / 16, times = 8;
  const record = () => gpu.run(copy, { x, y }, { n }, n / 4);
  await timer.once(record);
  for (let i = 0; i < 8; i++) {
    best.gbytes = Math.max(best.gbytes, 2 * bytes / await timer.once(record, times) / 1e6);
  }
  gpu.pool.release(x.buffer);
  gpu.pool.release(y.buffer);
  return best;
}
