/**
 * Profiles a run: each dispatch is timed by the device's own clock, host work by spans. `Gpu.profile` holds
 * the profile meanwhile; without one there is no cost.
 */
import { AdapterError } from "../common/errors.ts";

/** Something that took time, on the clock of `performance.now`. */
export interface Span {
  track: "host" | "device";
  name: string;
  startMs: number;
  ms: number;
  args?: Readonly<Record<string, unknown>>;
}

export interface ProfileOptions {
  /** Called with each span after its end; those of the device come later, in the order of submissions. */
  sink(span: Span): void;
  /** Time whole passes, not dispatches: no cost per dispatch, but no times of single ones. */
  wholePasses?: boolean;
  /** Passes after which the profile counts as full. Default: no limit. */
  most?: number;
}

/** WebGPU's limit on a query set. */
const QUERIES = 4096;
/** Empty passes that the clocks are calibrated with. */
const PROBES = 6;
/** In milliseconds, as all times. */
const NANOSECOND = 1e-6;
/** Ticks that are measured within this factor of 1 ns count as 1 ns; other devices have 10 ns or more. */
const COARSE = 2;

/** Ticks of the device's clock, read between two times of the host's in ms. */
export interface Probe {
  submitted: number;
  ticks: number;
  read: number;
}

interface Open {
  name: string;
  startMs: number;
  args?: Readonly<Record<string, unknown>>;
}

/** Name and arguments of a timed pass. */
interface Pass {
  name: string;
  args?: Readonly<Record<string, unknown>>;
}

export class Profile {
  /** Sums so far: timed passes, their time, and the time between passes of one submission. */
  readonly totals = { passes: 0, passMs: 0, gapMs: 0 };
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #open: Open[] = [];
  readonly #pending = new Set<Promise<void>>();
  #passes: Pass[] = [];
  #recorded = 0;
  /** Milliseconds of the host = offset + ticks of the device · tick. */
  #offset = 0;
  #tick = NANOSECOND;

  private constructor(
    private readonly device: GPUDevice,
    private readonly options: ProfileOptions,
  ) {
    this.#queries = device.createQuerySet({ type: "timestamp", count: QUERIES });
    this.#resolved = device.createBuffer({
      label: "timestamps",
      size: QUERIES * 8,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  /** Throws AdapterError when the device was not opened with `timestamps`. */
  static async start(device: GPUDevice, options: ProfileOptions): Promise<Profile> {
    if (!device.features.has("timestamp-query")) {
      throw new AdapterError(
        "Cannot profile: the device was opened without timestamp-query, expected one with timestamps",
      );
    }
    const profile = new Profile(device, options);
    await profile.#setClocks();
    return profile;
  }

  /** Whether every dispatch is to have a pass of its own. */
  get everyDispatch(): boolean {
    return !this.options.wholePasses;
  }

  /** Whether this submission has no room for another pass. */
  get submissionFull(): boolean {
    return 2 * this.#passes.length === QUERIES;
  }

  /** Passes that were begun. */
  get recorded(): number {
    return this.#recorded;
  }

  /** Whether it holds as many passes as `most` asks for. */
  get full(): boolean {
    return this.#recorded >= (this.options.most ?? Infinity);
  }

  /** Begins a span of host work; spans nest. `args` are shown with it and with the dispatches in it. */
  begin(name: string, args?: Readonly<Record<string, unknown>>): void {
    this.#open.push({ name, args, startMs: performance.now() });
  }

  /** Ends the span that began last. */
  end(): void {
    const span = this.#open.pop();
    if (!span) throw new Error("Cannot end a span: none is open");
    this.options.sink({ track: "host", ...span, ms: performance.now() - span.startMs });
  }

  /** Ends all spans that are open. */
  endAll(): void {
    while (this.#open.length) this.end();
  }

  /** Descriptor of a timed pass. */
  pass(name: string): GPUComputePassDescriptor {
    const at = 2 * this.#passes.length;
    const args = this.#open.length
      ? Object.assign({}, ...this.#open.map((o) => o.args), { in: this.#open.at(-1)!.name })
      : undefined;
    this.#passes.push({ name, args });
    this.#recorded++;
    const writes = { beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
    return { label: name, timestampWrites: { querySet: this.#queries, ...writes } };
  }

  /** Records the last commands of a submission; call the returned function once they are sent. */
  finish(encoder: GPUCommandEncoder): () => void {
    const passes = this.#passes;
    if (!passes.length) return () => {};
    this.#passes = [];
    const staging = this.#resolve(encoder, 2 * passes.length);
    return () => {
      const reading: Promise<void> = this.#read(staging)
        .then((ticks) => this.#report(passes, ticks))
        .finally(() => this.#pending.delete(reading));
      this.#pending.add(reading);
    };
  }

  /** Waits for the times of everything that was submitted; spans that are still open end here. */
  async drain(): Promise<void> {
    await Promise.all(this.#pending);
    this.endAll();
  }

  /** Calls `sink` for each pass; counts the gaps between them. */
  #report(passes: readonly Pass[], ticks: BigUint64Array): void {
    const { totals } = this;
    passes.forEach((pass, i) => {
      const startMs = this.#offset + Number(ticks[2 * i]) * this.#tick;
      const ms = Number(ticks[2 * i + 1] - ticks[2 * i]) * this.#tick;
      totals.passes++;
      totals.passMs += ms;
      if (i) totals.gapMs += Math.max(0, Number(ticks[2 * i] - ticks[2 * i - 1])) * this.#tick;
      this.options.sink({ track: "device", ...pass, startMs, ms });
    });
  }

  #resolve(encoder: GPUCommandEncoder, queries: number): GPUBuffer {
    const staging = this.device.createBuffer({
      label: "timestamps read-back",
      size: queries * 8,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    encoder.resolveQuerySet(this.#queries, 0, queries, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, queries * 8);
    return staging;
  }

  async #read(staging: GPUBuffer): Promise<BigUint64Array> {
    await staging.mapAsync(GPUMapMode.READ);
    const ticks = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return ticks;
  }

  /**
   * Calibrates the device's clock. No pass begins before it is submitted, so the offset is the largest that
   * any probe requires. Engines may return ticks where the standard has nanoseconds, so the tick is measured.
   */
  async #setClocks(): Promise<void> {
    const probes: Probe[] = [];
    for (let i = 0; i < PROBES; i++) {
      const encoder = this.device.createCommandEncoder();
      encoder.beginComputePass(this.pass("probe")).end();
      const staging = this.#resolve(encoder, 2);
      this.#passes = [];
      const submitted = performance.now();
      this.device.queue.submit([encoder.finish()]);
      const [ticks] = await this.#read(staging);
      probes.push({ submitted, ticks: Number(ticks), read: performance.now() });
    }
    this.#recorded = 0;
    this.#tick = tickOf(probes);
    this.#offset = Math.max(...probes.map((p) => p.submitted - p.ticks * this.#tick));
  }
}

/**
 * Milliseconds of a tick: a nanosecond unless the probes contradict it. The ticks of a probe are read between its
 * submission and its read-back, so the time between two probes has bounds, however long a busy machine delayed either.
 */
export function tickOf(probes: readonly Probe[]): number {
  let least = 0, most = Infinity;
  probes.forEach((later, j) =>
    probes.slice(0, j).forEach((earlier) => {
      const ticks = later.ticks - earlier.ticks;
      if (ticks <= 0) return;
      least = Math.max(least, (later.submitted - earlier.read) / ticks);
      most = Math.min(most, (later.read - earlier.submitted) / ticks);
    })
  );
  const contradicted = least > COARSE * NANOSECOND || most < NANOSECOND / COARSE;
  return contradicted ? (least + most) / 2 : NANOSECOND;
}
