/**
 * The device: recording of dispatches, submission, transfer. `src/gpu` is the only place that talks WebGPU.
 *
 * Recording is synchronous: `run` appends a dispatch to the current pass, `submit` sends everything in one
 * piece. All parameters of a submission travel in one uniform buffer, written once; each dispatch sees its
 * own 256 bytes through a bind group of its own.
 */
import { nextTurn } from "../common/next_turn.ts";
import { AdapterError } from "../errors.ts";
import { compileAhead, type Compiled } from "./ahead.ts";
import { type Kernel, type Params, type Words, writeUniform } from "./kernel.ts";
import { BufferPool, type DeviceBuffer, standIn } from "./pool.ts";
import type { Profile } from "./profile.ts";
import { type Dispatch, dispatchKey, Programs, SLOT } from "./programs.ts";
import { type SplitSum, SplitSums } from "./split_sums.ts";
import { count, type Shape, type Tensor } from "./tensor.ts";
import { Tuning } from "./tuning.ts";

export interface OpenOptions {
  /** Which adapter to take; `software` is the fallback adapter. Default: the system's first choice. */
  adapter?: "high-performance" | "low-power" | "software";
  /** So that a `Profile` can be started; "if-there": where the adapter has them. */
  timestamps?: boolean | "if-there";
}

/** What is known about the adapter in use. */
export interface AdapterReport {
  description: string;
  vendor: string;
  driver: string;
  fallback: boolean;
  features: string[];
  limits: Record<string, number>;
}

const SLOTS = 4096;
const GROUPS_PER_AXIS = 65535;
/** A submission should take between these, in milliseconds: drivers reset cards that work too long on one. */
const SHORT = 150;
const LONG = 400;

/** WebGPU's default for one binding, in bytes. */
const DEFAULT_BINDING = 2 ** 27;
/** More than any preset needs, and well within the 32-bit arithmetic of kernels. */
const LARGEST_BINDING = 2 ** 31;

/** The limits on the size of a tensor where an adapter offers more than the default. */
function tensorLimits(
  { maxStorageBufferBindingSize, maxBufferSize }: GPUSupportedLimits,
): Record<string, number> {
  if (maxStorageBufferBindingSize <= DEFAULT_BINDING) return {};
  return {
    maxStorageBufferBindingSize: Math.min(maxStorageBufferBindingSize, LARGEST_BINDING),
    maxBufferSize: Math.min(maxBufferSize, LARGEST_BINDING),
  };
}

export class Gpu {
  /** Which forms of kernels are in use. */
  readonly tuning = new Tuning();
  /** Figures since the device was opened. */
  readonly counters = {
    dispatches: 0,
    submits: 0,
    pipelines: 0,
    compileMs: 0,
    waitMs: 0,
    bindGroups: 0,
    /** Of all buffers: none is given back before the device is closed. */
    bufferBytes: 0,
  };

  /** While set, dispatches are timed and spans of host work noted. */
  profile: Profile | null = null;

  readonly #programs: Programs;
  readonly #splitSums: SplitSums;
  readonly #uniforms: DeviceBuffer;
  readonly #uniformData = new ArrayBuffer(SLOT * SLOTS);
  readonly #words: Words = {
    u32: new Uint32Array(this.#uniformData),
    i32: new Int32Array(this.#uniformData),
    f32: new Float32Array(this.#uniformData),
  };
  #errors: Error[] = [];
  #slots = 0;
  #buffers = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #young: Tensor[] = [];
  #old: Tensor[] = [];
  readonly #zeros = new Map<number, Tensor>();
  /** Tensors of the present `lending`. */
  #lent: Tensor[] | null = null;
  /** Multiply-adds recorded since the last submission, and how many of them a submission may hold. */
  #macs = 0;
  #macsPerSubmit = 4e9;
  #submitted = 0;
  readonly #pool: BufferPool;
  /** Takes the place of the pool while dispatches are left out. */
  #rehearsal: { pool: BufferPool; told(dispatch: Dispatch): void } | null = null;

  private constructor(readonly device: GPUDevice, readonly adapter: AdapterReport) {
    this.#pool = new BufferPool((bytes) => this.#createBuffer(bytes));
    this.#uniforms = this.#createBuffer(SLOT * SLOTS, GPUBufferUsage.UNIFORM);
    this.#programs = new Programs(device, this.#uniforms.raw, this.counters);
    const create = (bytes: number) => this.#createBuffer(bytes);
    this.#splitSums = new SplitSums(this, create, (words) => this.#table(words));
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { message } = (event as GPUUncapturedErrorEvent).error;
      this.#errors.push(new Error(`Cannot go on: the device reports ${message}`));
    });
    device.lost.then(({ reason, message }) => {
      if (reason !== "destroyed") {
        this.#errors.push(new Error(`Cannot go on: the device was lost: ${message}`));
      }
    });
  }

  /**
   * Opens an adapter with WebGPU's default limits, but for tensors: they may be as large as the adapter takes.
   * Throws AdapterError when there is none.
   */
  static async open({ adapter: wanted, timestamps }: OpenOptions = {}): Promise<Gpu> {
    if (typeof Deno !== "undefined") (await import("./vulkan_only.ts")).vulkanOnly();
    const adapter = await navigator.gpu?.requestAdapter(
      wanted === "software"
        ? { forceFallbackAdapter: true }
        : wanted
        ? { powerPreference: wanted }
        : undefined,
    );
    if (!adapter) {
      throw new AdapterError(
        `Cannot open a GPU: got no WebGPU adapter${
          wanted ? ` of kind ${wanted}` : ""
        }, expected a Vulkan, ` +
          `Metal or D3D12 driver; on Debian try: apt-get install mesa-vulkan-drivers`,
      );
    }
    const { info } = adapter;
    const timed = adapter.features.has("timestamp-query");
    if (timestamps === true && !timed) {
      throw new AdapterError(
        `Cannot time kernels on ${info.description}: it has no timestamp-query, expected an adapter ` +
          `that has; run without a profile or choose another adapter (--adapter)`,
      );
    }
    const device = await adapter.requestDevice({
      label: "denas",
      requiredFeatures: timestamps && timed ? ["timestamp-query"] : [],
      requiredLimits: tensorLimits(adapter.limits),
    }).catch((cause: Error) => {
      throw new AdapterError(
        `Cannot open ${info.description}: ${cause.message}, expected a device with WebGPU's default ` +
          `limits; free memory or choose another adapter (--adapter)`,
        { cause },
      );
    });
    const limits: Record<string, number> = {};
    for (const name in adapter.limits) {
      const value = (adapter.limits as unknown as Record<string, unknown>)[name];
      if (typeof value === "number") limits[name] = value;
    }
    return new Gpu(device, {
      description: info.description || info.device || "unknown adapter",
      vendor: info.vendor,
      driver: `${info.vendor} ${info.architecture} ${info.description}`.trim(),
      fallback: info.isFallbackAdapter,
      features: [...adapter.features].sort(),
      limits,
    });
  }

  /** Appends one dispatch. `work` is the number of invocations, or the work-groups per axis. */
  run(
    k: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    params: Params,
    work: number | readonly [number, number?, number?],
  ): void {
    if (this.#rehearsal) return this.#rehearsal.told({ kernel: k, params });
    this.#settleSums(tensors);
    if (this.#slots === SLOTS || this.profile?.submissionFull) this.#send();
    const { pipeline, size } = this.#programs.program(k, params);
    const group = this.#programs.bindGroup(k, tensors);
    const pass = this.#openPass(k.name);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    if (k.uniform) {
      const slot = this.#slots++;
      writeUniform(k, params, tensors, this.#words, slot * SLOT / 4);
      pass.setBindGroup(1, this.#programs.slot(slot));
    }
    const [x, y, z] = typeof work === "number" ? fold(work, size) : work;
    pass.dispatchWorkgroups(x, y ?? 1, z ?? 1);
    if (this.profile?.everyDispatch) this.#closePass();
    this.counters.dispatches++;
  }

  /** Memory for the tensors of a step. */
  get pool(): BufferPool {
    return this.#rehearsal?.pool ?? this.#pool;
  }

  /** What `record` would choose between: candidates by key. Its dispatches are left out. */
  questions(record: () => void): Map<string, readonly unknown[]> {
    const asked = new Map<string, readonly unknown[]>();
    this.tuning.listener = (key, candidates) => asked.set(key, candidates);
    try {
      this.rehearse(record);
    } finally {
      this.tuning.listener = null;
    }
    return asked;
  }

  /**
   * What `record` would dispatch with pipelines that are not compiled yet, once each. Nothing happens: tensors
   * of the pool have no memory meanwhile, and none may be kept, read or written.
   */
  rehearse(record: () => void): Dispatch[] {
    const missing = new Map<string, Dispatch>();
    const told = (one: Dispatch) => {
      const key = dispatchKey(one);
      if (missing.has(key) || this.#programs.has(one.kernel, one.params)) return;
      missing.set(key, one);
    };
    const { profile } = this;
    this.profile = null;
    this.#rehearsal = { pool: new BufferPool(standIn), told };
    try {
      record();
    } finally {
      this.#rehearsal = null;
      this.profile = profile;
    }
    return [...missing.values()];
  }

  /**
   * Compiles what a rehearsal found, and says how far it is every second or so; ends early when the signal
   * says so.
   */
  async *compile(dispatches: readonly Dispatch[], signal: AbortSignal): AsyncGenerator<Compiled> {
    const { device, adapter } = this;
    yield* compileAhead({ device, adapter, programs: this.#programs }, dispatches, signal);
    await this.settle();
  }

  /**
   * Says that work of so many multiply-adds was recorded; submits when it is enough for a while. How much
   * that is follows from how long the device took for the last ones.
   */
  account(macs: number): void {
    if (this.#rehearsal) return;
    this.#macs += macs;
    if (this.#macs < this.#macsPerSubmit) return;
    this.submit();
    const now = performance.now();
    const took = now - this.#submitted;
    if (took > LONG) this.#macsPerSubmit /= 2;
    else if (took < SHORT) this.#macsPerSubmit *= 2;
    this.#submitted = now;
    this.#macs = 0;
  }

  /**
   * Reductions: `main` records what writes `splits` rows of `n` partial results, which are added up in their
   * order before anything else touches `to`, many reductions in one dispatch. Not to be nested.
   */
  sumSplits(job: SplitSum, main: (sums: Tensor) => void): void {
    if (this.#rehearsal) {
      main(job.to);
      this.#splitSums.rehearse(job);
    } else this.#splitSums.add(job, main);
  }

  #settleSums(tensors: Readonly<Record<string, Tensor>>): void {
    if (!this.#splitSums.pending) return;
    for (const name in tensors) {
      if (this.#splitSums.concern(tensors[name])) return this.#splitSums.flush();
    }
  }

  /** Words that the next dispatch may bind, sent together with its parameters. */
  #table(words: Uint32Array): Tensor {
    const slots = Math.ceil(words.byteLength / SLOT);
    if (this.#slots + slots >= SLOTS || this.profile?.submissionFull) this.#send();
    const offset = this.#slots * SLOT / 4;
    this.#words.u32.set(words, offset);
    this.#slots += slots;
    return { shape: [words.length], buffer: this.#uniforms, offset };
  }

  /** What is recorded from here on is a compute pass of its own. */
  separate(): void {
    this.#splitSums.flush();
    this.#closePass();
  }

  /** Copies `words` elements between tensors. */
  copy(from: Tensor, to: Tensor, words = count(from.shape)): void {
    this.#settleSums({ from, to });
    this.#closePass();
    this.#encoder ??= this.device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(
      from.buffer.raw,
      from.offset * 4,
      to.buffer.raw,
      to.offset * 4,
      words * 4,
    );
  }

  /** Sends what was recorded. While the device works on it the next submission can be recorded. */
  submit(): void {
    this.#splitSums.flush();
    this.#send();
  }

  #send(): void {
    if (!this.#encoder) return;
    this.#closePass();
    const sent = this.profile?.finish(this.#encoder);
    const commands = this.#encoder.finish();
    this.#encoder = null;
    if (this.#slots) {
      this.device.queue.writeBuffer(
        this.#uniforms.raw,
        0,
        this.#uniformData,
        0,
        this.#slots * SLOT,
      );
    }
    this.#slots = 0;
    this.profile?.begin("submit");
    const start = performance.now();
    this.device.queue.submit([commands]);
    this.counters.waitMs += performance.now() - start;
    this.counters.submits++;
    this.profile?.end();
    sent?.();
  }

  /** Throws what the device has complained about; lets timers and signals run. Await once per step. */
  async settle(): Promise<void> {
    this.#errors.unshift(...await this.#programs.complaints());
    await nextTurn();
    if (this.#errors.length) {
      const [first] = this.#errors;
      this.#errors = [];
      throw first;
    }
  }

  /** Submits and reads tensors back, all in one transfer, as float32. */
  async read(tensors: readonly Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
    const sizes = tensors.map((t) => count(t.shape) * 4);
    const total = sizes.reduce((a, b) => a + b, 0);
    const staging = this.device.createBuffer({
      label: "read-back",
      size: Math.max(total, 4),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.#splitSums.flush();
    this.#closePass();
    this.#encoder ??= this.device.createCommandEncoder();
    let at = 0;
    for (const [i, t] of tensors.entries()) {
      this.#encoder.copyBufferToBuffer(t.buffer.raw, t.offset * 4, staging, at, sizes[i]);
      at += sizes[i];
    }
    this.submit();
    this.profile?.begin("read back");
    const start = performance.now();
    await staging.mapAsync(GPUMapMode.READ);
    this.counters.waitMs += performance.now() - start;
    this.profile?.end();
    const bytes = staging.getMappedRange().slice(0);
    staging.unmap();
    staging.destroy();
    await this.settle();
    at = 0;
    return sizes.map((size) => {
      const part = new Float32Array(bytes, at, size / 4);
      at += size;
      return part;
    });
  }

  /** `read` for tensors of unsigned integers. */
  async readU32(tensors: readonly Tensor[]): Promise<Uint32Array<ArrayBuffer>[]> {
    return (await this.read(tensors)).map((f) => new Uint32Array(f.buffer, f.byteOffset, f.length));
  }

  /** A tensor outside the pool, zeroed: for weights, data, state. Lives as long as the device, or its `lending`. */
  empty(shape: Shape): Tensor {
    if (this.#lent) return this.#lend(shape, this.#lent);
    return { shape, buffer: this.#createBuffer(Math.max(16, count(shape) * 4)), offset: 0 };
  }

  /**
   * What `body` makes with `empty` and `upload` comes from the pool and goes back when it ends: for networks
   * that are trained and forgotten. Nothing that outlives it may be made in it. Not to be nested.
   */
  async lending<T>(body: () => Promise<T>): Promise<T> {
    const lent: Tensor[] = this.#lent = [];
    try {
      return await body();
    } finally {
      this.#lent = null;
      this.submit();
      for (const { buffer } of lent) this.pool.release(buffer);
    }
  }

  #lend(shape: Shape, lent: Tensor[]): Tensor {
    // Of the real pool, also in a rehearsal: its owner keeps it for what comes after.
    const tensor = { shape, buffer: this.#pool.acquire(count(shape) * 4), offset: 0 };
    lent.push(tensor);
    this.write(tensor, new Float32Array(count(shape)));
    return tensor;
  }

  /** A tensor outside the pool with these contents. */
  upload(
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    shape: Shape = [data.length],
  ): Tensor {
    const tensor = this.empty(shape);
    this.write(tensor, data);
    return tensor;
  }

  /** A shared constant of zeros: never write to it. */
  zeros(shape: Shape): Tensor {
    const words = count(shape);
    let tensor = this.#zeros.get(words);
    if (!tensor) {
      const buffer = this.#createBuffer(Math.max(16, words * 4));
      this.#zeros.set(words, tensor = { shape: [words], buffer, offset: 0 });
    }
    return { ...tensor, shape };
  }

  /** Replaces the contents of a tensor before anything recorded later; submits what was recorded so far. */
  write(tensor: Tensor, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    if (data.length > count(tensor.shape)) {
      throw new RangeError(
        `Cannot write ${data.length} elements to a tensor of shape [${tensor.shape}]`,
      );
    }
    this.submit();
    this.device.queue.writeBuffer(tensor.buffer.raw, tensor.offset * 4, data);
  }

  /**
   * Replaces the contents of a tensor without submitting first: everything recorded since the last
   * submission sees them too, so nothing of it may use the tensor.
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

  /** A tensor from the pool with these contents, for the next `run` only. */
  temporary(
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    shape: Shape = [data.length],
  ): Tensor {
    const tensor = { shape, buffer: this.pool.acquire(count(shape) * 4), offset: 0 };
    if (this.#rehearsal) return tensor;
    this.#young.push(tensor);
    this.write(tensor, data);
    return tensor;
  }

  /** Takes a tensor of the pool back when the next `run` starts. */
  keepUntilRun(tensor: Tensor): void {
    if (!this.#rehearsal) this.#old.push(tensor);
  }

  /** A run starts: what the last one returned, and the temporary tensors it read, go back to the pool. */
  recycle(): void {
    if (this.#rehearsal) return;
    for (const t of this.#old) this.pool.release(t.buffer);
    this.#old = this.#young;
    this.#young = [];
  }

  /** Closes the device; recorded work that was not submitted is dropped. */
  close(): void {
    this.#closePass();
    this.device.destroy();
  }

  #createBuffer(bytes: number, usage = 0): DeviceBuffer {
    const id = this.#buffers++;
    const size = Math.ceil(bytes / 16) * 16;
    const most = this.device.limits.maxStorageBufferBindingSize;
    if (size > most) {
      throw new RangeError(
        `Cannot make a tensor of ${mib(size)} MiB: the device binds at most ${
          mib(most)
        } MiB at once; try a ` +
          `smaller batch, fewer filters or smaller images`,
      );
    }
    const raw = this.device.createBuffer({
      label: `buffer ${id}`,
      size,
      usage: usage | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.counters.bufferBytes += size;
    return { raw, id, bytes: size };
  }

  #openPass(name: string): GPUComputePassEncoder {
    this.#encoder ??= this.device.createCommandEncoder();
    return this.#pass ??= this.#encoder.beginComputePass(this.profile?.pass(name));
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = null;
  }
}

const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20);

/** Groups for n invocations, folded over x and y where one axis is not enough. */
function fold(n: number, size: number): [number, number] {
  const groups = Math.ceil(n / size);
  if (groups <= GROUPS_PER_AXIS) return [groups, 1];
  const y = Math.ceil(groups / GROUPS_PER_AXIS);
  return [Math.ceil(groups / y), y];
}
