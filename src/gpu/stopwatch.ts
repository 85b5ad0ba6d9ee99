/** Times pieces of work against each other: by the device's clock where it has one, else by the wall clock. */
import type { Gpu } from "./device.ts";
import { Profile } from "./profile.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Milliseconds of one sample. Shorter samples would measure the device's clock more than the work; the wall
 * clock includes the read-back, ten milliseconds and more, sometimes many more.
 */
const SAMPLE_MS = { device: 2, wall: 120 };
/** Most repetitions in a sample: their parameters have to fit into one submission. */
const MOST = { device: 64, wall: 512 };
/** Work of one submission, in milliseconds. */
const SUBMISSION_MS = 100;

/** Records dispatches. */
export type Work = () => void;

export class Stopwatch {
  /** Milliseconds of each piece of work in the current submission. */
  #samples: number[] = [];
  /** Milliseconds of all passes since `around` began. */
  #passMs = 0;
  readonly #word: Tensor;
  /** Milliseconds of a read-back alone. */
  #readBack = 0;

  private constructor(private readonly gpu: Gpu, private readonly profile: Profile | null) {
    this.#word = gpu.empty([1]);
  }

  /** The device must not be profiled already. */
  static async start(gpu: Gpu): Promise<Stopwatch> {
    if (!gpu.device.features.has("timestamp-query")) {
      const watch = new Stopwatch(gpu, null);
      const samples = await watch.#byWallClock(Array(8).fill(() => {}));
      watch.#readBack = Math.min(...samples);
      return watch;
    }
    const watch: Stopwatch = new Stopwatch(
      gpu,
      await Profile.start(gpu.device, {
        wholePasses: true,
        sink: ({ track, ms, args }) => {
          if (track !== "device") return;
          watch.#passMs += ms;
          // Passes without `work` only prepare the work.
          if (args?.work !== undefined) watch.#samples[args.work as number] += ms;
        },
      }),
    );
    gpu.profile = watch.profile;
    return watch;
  }

  /** Whether times are the device's own. */
  get precise(): boolean {
    return this.profile !== null;
  }

  /** Rough milliseconds of a piece of work. It runs twice; the first run, which compiles, is not counted. */
  async estimate(work: Work): Promise<number> {
    await this.#once([work]);
    return (await this.#once([work]))[0];
  }

  /**
   * Milliseconds of each piece of work, all of them in turn, so that what disturbs one disturbs all.
   * @param estimates about how long each takes. @param sampleMs how long to repeat each of them.
   */
  async sample(
    works: readonly Work[],
    estimates: readonly number[],
    sampleMs = SAMPLE_MS[this.precise ? "device" : "wall"],
  ): Promise<number[]> {
    const most = MOST[this.precise ? "device" : "wall"];
    const times = estimates.map((ms) =>
      Math.max(1, Math.min(most, Math.round(sampleMs / Math.max(ms, 1e-3))))
    );
    const result: number[] = [];
    for (let from = 0; from < works.length;) {
      let to = from, ms = 0;
      do ms += times[to] * estimates[to++]; while (to < works.length && ms < SUBMISSION_MS);
      const repeated = works.slice(from, to).map((work, i) => () => {
        for (let k = 0; k < times[from + i]; k++) work();
      });
      result.push(...(await this.#once(repeated)).map((ms, i) => ms / times[from + i]));
      from = to;
    }
    return result;
  }

  /** Device milliseconds of everything `body` submits; wall-clock time if the device has no clock. */
  async around(body: () => Promise<void>): Promise<number> {
    await this.profile?.drain();
    this.#passMs = 0;
    const start = performance.now();
    await body();
    if (!this.profile) return performance.now() - start;
    await this.profile.drain();
    return this.#passMs;
  }

  /** Stops timing; the device stays open. */
  async stop(): Promise<void> {
    await this.profile?.drain();
    if (this.profile) this.gpu.profile = null;
  }

  async #once(works: readonly Work[]): Promise<number[]> {
    const { gpu, profile } = this;
    gpu.submit();
    if (!profile) return await this.#byWallClock(works);
    await profile.drain();
    this.#samples = works.map(() => 0);
    works.forEach((work, i) => {
      profile.begin("work", { work: i });
      work();
      gpu.endPass();
      profile.end();
    });
    gpu.submit();
    await profile.drain();
    await gpu.checkErrors();
    return this.#samples;
  }

  async #byWallClock(works: readonly Work[]): Promise<number[]> {
    const { gpu } = this;
    await gpu.read([this.#word]);
    const samples: number[] = [];
    for (const work of works) {
      const start = performance.now();
      work();
      await gpu.read([this.#word]);
      samples.push(Math.max(0, performance.now() - start - this.#readBack));
    }
    return samples;
  }
}
