/**
 * Recording of dispatches and their submission.
 *
 * `run` appends a dispatch to the current pass, `submit` sends everything in one piece. All parameters of a
 * submission travel in one uniform buffer, written once; each dispatch sees its own 256 bytes through a bind
 * group of its own.
 */
import { DeferredReduction } from "./deferred_reduction.ts";
import { type Kernel, type Params, type Words, writeUniform } from "./kernel.ts";
import type { Memory } from "./memory.ts";
import type { BufferPool, DeviceBuffer } from "./pool.ts";
import type { Profile } from "./profile.ts";
import { Programs, SLOT } from "./programs.ts";
import type { Reduction, StepRecorder } from "./recorder.ts";
import { numel, type Shape, type Tensor } from "./tensor.ts";
import type { Traits } from "./traits.ts";
import type { Tuning } from "./tuning.ts";

const SLOTS = 4096;
const GROUPS_PER_AXIS = 65535;
/** Bounds on the milliseconds of a submission: drivers reset cards that work too long on one. */
const SHORT = 150;
const LONG = 400;

/** Figures since the device was opened. */
export interface Counters {
  dispatches: number;
  submits: number;
  pipelines: number;
  compileMs: number;
  waitMs: number;
  bindGroups: number;
  /** Total bytes allocated. Buffers are freed only when the device closes. */
  bufferBytes: number;
}

export class Commands implements StepRecorder {
  readonly programs: Programs;
  profile: Profile | null = null;

  readonly #reductions: DeferredReduction;
  readonly #uniforms: DeviceBuffer;
  readonly #uniformData = new ArrayBuffer(SLOT * SLOTS);
  readonly #words: Words = {
    u32: new Uint32Array(this.#uniformData),
    i32: new Int32Array(this.#uniformData),
    f32: new Float32Array(this.#uniformData),
  };
  #slots = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  /** Temporaries of this step and of the last one, with its results. */
  #ofThisStep: Tensor[] = [];
  #ofLastStep: Tensor[] = [];
  /** Multiply-adds recorded since the last submission, and how many of them a submission may hold. */
  #macs = 0;
  #macsPerSubmit = 4e9;
  #submitted = 0;

  constructor(
    private readonly device: GPUDevice,
    readonly traits: Traits,
    private readonly tuning: Tuning,
    private readonly memory: Memory,
    private readonly counters: Counters,
  ) {
    this.#uniforms = memory.create(SLOT * SLOTS, GPUBufferUsage.UNIFORM);
    this.programs = new Programs(device, this.#uniforms.raw, counters);
    const create = (bytes: number) => memory.create(bytes);
    this.#reductions = new DeferredReduction(this, create, (words) => this.#table(words));
  }

  get pool(): BufferPool {
    return this.memory.pool;
  }

  choose<T>(key: string, candidates: readonly T[]): T {
    return this.tuning.choose(key, candidates);
  }

  run(
    k: Kernel,
    tensors: Readonly<Record<string, Tensor>>,
    params: Params,
    work: number | readonly [number, number?, number?],
  ): void {
    this.#finishReductions(tensors);
    if (this.#slots === SLOTS || this.profile?.submissionFull) this.#send();
    const { pipeline, size } = this.programs.program(k, params);
    const group = this.programs.bindGroup(k, tensors);
    const pass = this.#openPass(k.name);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    if (k.uniform) {
      const slot = this.#slots++;
      writeUniform(k, params, tensors, this.#words, slot * SLOT / 4);
      pass.setBindGroup(1, this.programs.slot(slot));
    }
    const [x, y, z] = typeof work === "number" ? fold(work, size) : work;
    pass.dispatchWorkgroups(x, y ?? 1, z ?? 1);
    if (this.profile?.everyDispatch) this.#closePass();
    this.counters.dispatches++;
  }

  reduceSplits(job: Reduction, main: (sums: Tensor) => void): void {
    this.#reductions.add(job, main);
  }

  /** Counts recorded work and submits at a limit, which follows from the time of the last submissions. */
  noteWork(macs: number): void {
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

  startRun(): void {
    for (const t of this.#ofLastStep) this.pool.release(t.buffer);
    this.#ofLastStep = this.#ofThisStep;
    this.#ofThisStep = [];
  }

  keepUntilRun(tensor: Tensor): void {
    this.#ofLastStep.push(tensor);
  }

  temporary(
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    shape: Shape = [data.length],
  ): Tensor {
    const tensor = { shape, buffer: this.pool.acquire(numel(shape) * 4), offset: 0 };
    this.#ofThisStep.push(tensor);
    this.write(tensor, data);
    return tensor;
  }

  /** Replaces the contents of a tensor before anything recorded later; submits what was recorded so far. */
  write(tensor: Tensor, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    if (data.length > numel(tensor.shape)) {
      throw new RangeError(
        `Cannot write ${data.length} elements to a tensor of shape [${tensor.shape}]`,
      );
    }
    this.submit();
    this.device.queue.writeBuffer(tensor.buffer.raw, tensor.offset * 4, data);
  }

  /** Copies `words` elements between tensors. */
  copy(from: Tensor, to: Tensor, words = numel(from.shape)): void {
    this.#finishReductions({ from, to });
    this.copyToBuffer(from, to.buffer.raw, to.offset * 4, words);
  }

  /** Copies `words` elements of a tensor to byte `at` of a buffer. */
  copyToBuffer(from: Tensor, to: GPUBuffer, at: number, words: number): void {
    this.#closePass();
    this.#encoder ??= this.device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(from.buffer.raw, from.offset * 4, to, at, words * 4);
  }

  /** Ends the current compute pass. */
  endPass(): void {
    this.#reductions.flush();
    this.#closePass();
  }

  /** Sends what was recorded. While the device works on it the next submission can be recorded. */
  submit(): void {
    this.#reductions.flush();
    this.#send();
  }

  /** Drops what was recorded since the last submission. */
  close(): void {
    this.#closePass();
  }

  #send(): void {
    if (!this.#encoder) return;
    this.#closePass();
    const sent = this.profile?.finish(this.#encoder);
    const commands = this.#encoder.finish();
    this.#encoder = null;
    if (this.#slots) {
      const { raw } = this.#uniforms, bytes = this.#slots * SLOT;
      this.device.queue.writeBuffer(raw, 0, this.#uniformData, 0, bytes);
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

  #finishReductions(tensors: Readonly<Record<string, Tensor>>): void {
    if (!this.#reductions.pending) return;
    for (const name in tensors) {
      if (this.#reductions.concern(tensors[name])) return this.#reductions.flush();
    }
  }

  /** A table for the next dispatch to bind, sent together with its parameters. */
  #table(words: Uint32Array): Tensor {
    const slots = Math.ceil(words.byteLength / SLOT);
    if (this.#slots + slots >= SLOTS || this.profile?.submissionFull) this.#send();
    const offset = this.#slots * SLOT / 4;
    this.#words.u32.set(words, offset);
    this.#slots += slots;
    return { shape: [words.length], buffer: this.#uniforms, offset };
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

/** Groups for n invocations, folded over x and y where one axis is not enough. */
function fold(n: number, size: number): [number, number] {
  const groups = Math.ceil(n / size);
  if (groups <= GROUPS_PER_AXIS) return [groups, 1];
  const y = Math.ceil(groups / GROUPS_PER_AXIS);
  return [Math.ceil(groups / y), y];
}
