/**
 * The device: recording, memory, transfer. `src/gpu` is the only place that talks WebGPU.
 *
 * `Gpu` hands dispatches to its recorder: `Commands`, or for the length of a dry run one that computes nothing.
 */
import { DeviceLostError } from "../common/errors.ts";
import { nextTurn } from "../common/next_turn.ts";
import { compileAhead, type Compiled } from "./ahead.ts";
import { Commands, type Counters } from "./commands.ts";
import { DryRun } from "./dry_run.ts";
import type { Kernel, Params } from "./kernel.ts";
import { Arena, Memory } from "./memory.ts";
import { type AdapterReport, openDevice, type OpenOptions } from "./open.ts";
import type { BufferPool } from "./pool.ts";
import type { Profile } from "./profile.ts";
import { type Dispatch, dispatchKey } from "./programs.ts";
import type { Reduction, StepRecorder } from "./recorder.ts";
import { numel, type Shape, type Tensor } from "./tensor.ts";
import { type Traits, traitsOf } from "./traits.ts";
import { Tuning } from "./tuning.ts";

export type { AdapterReport, OpenOptions } from "./open.ts";

/** Longest wait for the loss of a device after an error that may follow from it, in ms. */
const LOSS_TOLD = 1000;

type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * An open WebGPU device: its buffers, its compiled kernels, and the commands that are recorded but not yet
 * submitted. Errors that the device reports are kept until `checkErrors` throws them.
 */
export class Gpu implements StepRecorder {
  /** Which variants of kernels are in use. */
  readonly tuning = new Tuning();
  readonly traits: Traits;
  readonly counters: Counters = {
    dispatches: 0,
    submits: 0,
    pipelines: 0,
    compileMs: 0,
    waitMs: 0,
    bindGroups: 0,
    bufferBytes: 0,
  };

  readonly #memory: Memory;
  readonly #commands: Commands;
  /** Current receiver of dispatches: the commands, or a dry run. */
  #recorder: StepRecorder;
  /** Open arenas, the innermost one last. */
  readonly #arenas: Arena[] = [];
  #errors: Error[] = [];
  #closed = false;

  private constructor(readonly device: GPUDevice, readonly adapter: AdapterReport) {
    this.traits = traitsOf(adapter);
    this.#memory = new Memory(device, this.counters);
    this.#commands = new Commands(device, this.traits, this.tuning, this.#memory, this.counters);
    this.#recorder = this.#commands;
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { message } = (event as GPUUncapturedErrorEvent).error;
      this.#errors.push(new Error(`Cannot go on: the device reports ${message}`));
    });
    device.lost.then(({ reason, message }) => {
      if (this.#closed) return;
      this.#errors.push(
        new DeviceLostError(`Cannot go on: the device was lost: ${message || reason}`),
      );
    });
  }

  /**
   * Opens an adapter with WebGPU's default limits, except that tensors may be as large as the adapter allows.
   * Throws AdapterError when there is none.
   */
  static async open(options: OpenOptions = {}): Promise<Gpu> {
    const { device, report } = await openDevice(options);
    return new Gpu(device, report);
  }

  get pool(): BufferPool {
    return this.#recorder.pool;
  }

  /** While set, dispatches are timed and spans of host work noted; a dry run has none. */
  get profile(): Profile | null {
    return this.#recorder.profile;
  }
  set profile(profile: Profile | null) {
    this.#commands.profile = profile;
  }

  run(
    k: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    params: Params,
    work: number | readonly [number, number?, number?],
  ): void {
    this.#recorder.run(k, tensors, params, work);
  }

  choose<T>(key: string, candidates: readonly T[]): T {
    return this.#recorder.choose(key, candidates);
  }

  reduceSplits(job: Reduction, main: (sums: Tensor) => void): void {
    this.#recorder.reduceSplits(job, main);
  }

  startRun(): void {
    this.#recorder.startRun();
  }

  keepUntilRun(tensor: Tensor): void {
    this.#recorder.keepUntilRun(tensor);
  }

  temporary(data: Data, shape: Shape = [data.length]): Tensor {
    return this.#recorder.temporary(data, shape);
  }

  noteWork(macs: number): void {
    this.#recorder.noteWork(macs);
  }

  /** Candidate variants, by key, that `record` would choose between; it runs as a dry run. */
  questions(record: () => void): Map<string, readonly unknown[]> {
    const asked = new Map<string, readonly unknown[]>();
    this.tuning.listener = (key, candidates) => asked.set(key, candidates);
    try {
      this.dryRun(record);
    } finally {
      this.tuning.listener = null;
    }
    return asked;
  }

  /**
   * Runs `record` without computing anything; returns the dispatches whose pipelines are not compiled yet,
   * once each. Tensors of the pool have no memory meanwhile: none may be kept, read or written.
   */
  dryRun(record: () => void): Dispatch[] {
    const missing = new Map<string, Dispatch>();
    const onDispatch = (one: Dispatch) => {
      const key = dispatchKey(one);
      if (missing.has(key) || this.#commands.programs.has(one.kernel, one.params)) return;
      missing.set(key, one);
    };
    const outer = this.#recorder;
    this.#recorder = new DryRun(this.traits, this.tuning, onDispatch);
    try {
      record();
    } finally {
      this.#recorder = outer;
    }
    return [...missing.values()];
  }

  /** Compiles what a dry run found, and reports progress every second or so; ends early on the signal. */
  async *compile(dispatches: readonly Dispatch[], signal: AbortSignal): AsyncGenerator<Compiled> {
    const { device, traits, adapter: { description } } = this;
    const compiler = { device, traits, description, programs: this.#commands.programs };
    yield* compileAhead(compiler, dispatches, signal);
    await this.checkErrors();
  }

  /** Ends the current compute pass. */
  endPass(): void {
    this.#commands.endPass();
  }

  /** Copies `words` elements between tensors. */
  copy(from: Tensor, to: Tensor, words?: number): void {
    this.#commands.copy(from, to, words);
  }

  /** Sends what was recorded. While the device works on it the next submission can be recorded. */
  submit(): void {
    this.#commands.submit();
  }

  /** Throws the first error that the device reported; lets timers and signals run. Await once per step. */
  async checkErrors(): Promise<void> {
    const complaints = await this.#commands.programs.complaints();
    // On a lost device kernels do not compile either, and browsers may tell the loss later.
    if (complaints.length) await this.#waitForLoss();
    await nextTurn();
    this.#errors.unshift(...complaints);
    if (this.#errors.length) {
      // Other errors are consequences of a loss.
      const first = this.#errors.find((e) => e instanceof DeviceLostError) ?? this.#errors[0];
      this.#errors = [];
      throw first;
    }
  }

  /** Submits and reads tensors back, all in one transfer, as float32. */
  async read(tensors: readonly Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
    const sizes = tensors.map((t) => numel(t.shape) * 4);
    const total = sizes.reduce((a, b) => a + b, 0);
    const staging = this.device.createBuffer({
      label: "read-back",
      size: Math.max(total, 4),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.endPass();
    let at = 0;
    for (const [i, t] of tensors.entries()) {
      this.#commands.copyToBuffer(t, staging, at, sizes[i] / 4);
      at += sizes[i];
    }
    this.submit();
    this.profile?.begin("read back");
    const start = performance.now();
    await staging.mapAsync(GPUMapMode.READ).catch((error) => this.#lostOr(error));
    this.counters.waitMs += performance.now() - start;
    this.profile?.end();
    const bytes = staging.getMappedRange().slice(0);
    staging.unmap();
    staging.destroy();
    await this.checkErrors();
    at = 0;
    return sizes.map((size) => {
      const part = new Float32Array(bytes, at, size / 4);
      at += size;
      return part;
    });
  }

  async #waitForLoss(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const told = new Promise<void>((resolve) => timer = setTimeout(resolve, LOSS_TOLD));
    await Promise.race([this.device.lost, told]);
    clearTimeout(timer);
  }

  /** Throws the loss of the device rather than an error that follows from it. */
  async #lostOr(error: unknown): Promise<never> {
    // Only a loss aborts a reading, and browsers may tell the loss later than that.
    const isAborted = error instanceof DOMException && error.name === "AbortError";
    await Promise.race(
      isAborted ? [this.device.lost] : [this.device.lost, nextTurn().then(nextTurn)],
    );
    await this.checkErrors();
    throw error;
  }

  /** `read` for tensors of unsigned integers. */
  async readU32(tensors: readonly Tensor[]): Promise<Uint32Array<ArrayBuffer>[]> {
    return (await this.read(tensors)).map((f) => new Uint32Array(f.buffer, f.byteOffset, f.length));
  }

  /**
   * Opens an arena: until it is closed, what `empty` and `upload` return belongs to it. Nothing that outlives
   * it may be made meanwhile. Arenas may be nested, and close in reverse order.
   */
  arena(): Arena {
    const arena = new Arena({
      // The real pool, also in a dry run: an arena's tensors outlive the dry run.
      pool: this.#memory.pool,
      write: (tensor, data) => this.write(tensor, data),
      submit: () => this.submit(),
      onClose: (closed) => {
        if (this.#arenas.at(-1) !== closed) {
          throw new Error("Cannot close an arena: expected the one that was opened last");
        }
        this.#arenas.pop();
      },
    });
    this.#arenas.push(arena);
    return arena;
  }

  /** A zeroed tensor outside the pool: for weights, data, state. Lives as long as the device, or the open arena. */
  empty(shape: Shape): Tensor {
    return (this.#arenas.at(-1) ?? this.#memory).empty(shape);
  }

  /** A tensor outside the pool with these contents. */
  upload(data: Data, shape: Shape = [data.length]): Tensor {
    const tensor = this.empty(shape);
    this.write(tensor, data);
    return tensor;
  }

  /** A shared constant of zeros: never write to it. */
  zeros(shape: Shape): Tensor {
    return this.#memory.zeros(shape);
  }

  /** Replaces the contents of a tensor before anything recorded later; submits what was recorded so far. */
  write(tensor: Tensor, data: Data): void {
    this.#commands.write(tensor, data);
  }

  /**
   * Replaces the contents of a tensor without submitting first. Work recorded since the last submission would
   * see them too, so none of it may use the tensor.
   */
  writeAhead(tensor: Tensor, data: Uint32Array<ArrayBuffer>): void {
    this.device.queue.writeBuffer(tensor.buffer.raw, tensor.offset * 4, data);
  }

  /** Raw bytes in a buffer of their own (length rounded up to four bytes). */
  uploadBytes(bytes: Uint8Array<ArrayBuffer>): Tensor {
    const words = Math.ceil(bytes.length / 4);
    const tensor = this.empty([words]);
    const whole = bytes.length & ~3;
    this.device.queue.writeBuffer(tensor.buffer.raw, 0, bytes, 0, whole);
    if (whole < bytes.length) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.device.queue.writeBuffer(tensor.buffer.raw, whole, tail);
    }
    return tensor;
  }

  /** Closes the device; recorded work that was not submitted is dropped. */
  close(): void {
    this.#closed = true;
    this.#commands.close();
    this.device.destroy();
  }
}
