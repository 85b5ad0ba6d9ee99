/** Everything that is made once and used again: layouts, pipelines, bind groups. */
import {
  type Kernel,
  type Params,
  pipelineKey,
  render,
  specialise,
  type Specialised,
} from "./kernel.ts";
import type { Tensor } from "./tensor.ts";

/** Bind groups per generation; those not used in the last two generations are dropped. */
const GENERATION = 4096;

interface Layout {
  bind: GPUBindGroupLayout;
  pipeline: GPUPipelineLayout;
}

/** A kernel as it was compiled. */
export interface Program {
  pipeline: GPUComputePipeline;
  /** Invocations per work-group: the kernel's SIZE (override or const); 64 where it has none. */
  size: number;
}

/** A kernel with the parameters of a dispatch; only those matter that the pipeline depends on. */
export interface Dispatch {
  kernel: Kernel;
  params: Params;
}

/** Cache key of a pipeline, unique across kernels. */
export const dispatchKey = ({ kernel, params }: Dispatch): string =>
  `${kernel.id} ${pipelineKey(kernel, params)}`;

/** Bytes of the parameters of a dispatch: WebGPU's alignment of binding offsets. */
export const SLOT = 256;

/** Bytes of a placeholder buffer, bound as any tensor where nothing is read. */
const BLANK = 1024;

export class Programs {
  readonly #layouts = new Map<number, Layout>();
  readonly #programs = new Map<Kernel, Map<string, Program>>();
  #bindGroups = new Map<string, GPUBindGroup>();
  #olderBindGroups = new Map<string, GPUBindGroup>();
  #checks: Promise<Error | null>[] = [];
  /** Placeholder buffers, one per binding: a buffer that is written must not be bound twice. */
  readonly #blanks: GPUBuffer[] = [];

  /** Layout of the bind group that holds only the uniform struct. */
  readonly #slotLayout: GPUBindGroupLayout;
  readonly #slots: GPUBindGroup[] = [];

  constructor(
    private readonly device: GPUDevice,
    private readonly uniforms: GPUBuffer,
    private readonly counters: { pipelines: number; compileMs: number; bindGroups: number },
  ) {
    this.#slotLayout = device.createBindGroupLayout({
      label: "uniforms",
      entries: [{
        binding: 0,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "uniform", minBindingSize: SLOT },
      }],
    });
  }

  /**
   * Bind group of the n-th slot of dispatch parameters. One group per slot in place of a dynamic offset, for
   * which software Vulkan makes a new descriptor set in newly mapped memory each time.
   */
  slot(n: number): GPUBindGroup {
    return this.#slots[n] ??= this.device.createBindGroup({
      label: `uniforms ${n}`,
      layout: this.#slotLayout,
      entries: [{
        binding: 0,
        resource: { buffer: this.uniforms, offset: n * SLOT, size: SLOT },
      }],
    });
  }

  /** Compile errors of kernels made since the last call. */
  async complaints(): Promise<Error[]> {
    if (!this.#checks.length) return [];
    const checks = this.#checks;
    this.#checks = [];
    return (await Promise.all(checks)).filter((e) => e !== null);
  }

  program(k: Kernel, params: Params): Program {
    const known = this.#programs.get(k)?.get(pipelineKey(k, params));
    if (known) return known;
    const start = performance.now();
    const special = specialise(k, params);
    const program = this.#add(k, params, this.#compile(k, special), special);
    this.counters.compileMs += performance.now() - start;
    return program;
  }

  /** Makes the pipelines of these dispatches; browsers compile several at a time. */
  async prepare(dispatches: readonly Dispatch[]): Promise<void> {
    const start = performance.now();
    const missing = dispatches.filter(({ kernel, params }) => !this.has(kernel, params));
    await Promise.all(missing.map(async ({ kernel, params }) => {
      const special = specialise(kernel, params);
      const pipeline = await this.device.createComputePipelineAsync(this.#plan(kernel, special));
      this.#add(kernel, params, pipeline, special);
    }));
    this.counters.compileMs += performance.now() - start;
  }

  #add(k: Kernel, params: Params, pipeline: GPUComputePipeline, special: Specialised): Program {
    let ofKernel = this.#programs.get(k);
    if (!ofKernel) this.#programs.set(k, ofKernel = new Map());
    const program = { pipeline, size: groupSize(k, special) };
    ofKernel.set(pipelineKey(k, params), program);
    this.counters.pipelines++;
    return program;
  }

  has(k: Kernel, params: Params): boolean {
    return this.#programs.get(k)?.has(pipelineKey(k, params)) ?? false;
  }

  /**
   * Forces compilation: some drivers compile only at the first dispatch, so each pipeline gets a dispatch of
   * no work-groups. Nothing is read or written.
   */
  force(dispatches: readonly Dispatch[]): void {
    const encoder = this.device.createCommandEncoder({ label: "compile" });
    const pass = encoder.beginComputePass();
    for (const { kernel, params } of dispatches) {
      pass.setPipeline(this.program(kernel, params).pipeline);
      pass.setBindGroup(0, this.#blankGroup(kernel));
      if (kernel.uniform) pass.setBindGroup(1, this.slot(0));
      pass.dispatchWorkgroups(0);
    }
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }

  bindGroup(k: Kernel, tensors: Readonly<Record<string, Tensor>>): GPUBindGroup {
    const key = place(k, tensors);
    let group = this.#bindGroups.get(key);
    if (group) return group;
    group = this.#olderBindGroups.get(key);
    if (!group) {
      group = this.#bind(k, tensors);
      this.counters.bindGroups++;
    }
    if (this.#bindGroups.size === GENERATION) {
      this.#olderBindGroups = this.#bindGroups;
      this.#bindGroups = new Map();
    }
    this.#bindGroups.set(key, group);
    return group;
  }

  #compile(k: Kernel, special: Specialised): GPUComputePipeline {
    return this.device.createComputePipeline(this.#plan(k, special));
  }

  #plan(k: Kernel, special: Specialised): GPUComputePipelineDescriptor {
    const { device } = this;
    const module = device.createShaderModule({ label: k.name, code: render(k, special.texts) });
    this.#checks.push(
      module.getCompilationInfo().then(({ messages }) => {
        const bad = messages.find((m) => m.type === "error");
        return bad
          ? new Error(`Cannot compile ${k.name}: line ${bad.lineNum}: ${bad.message}`)
          : null;
      }),
    );
    return {
      label: k.name,
      layout: this.#layout(k).pipeline,
      compute: { module, entryPoint: "main", constants: special.overrides },
    };
  }

  #layout(k: Kernel): Layout {
    let layout = this.#layouts.get(k.id);
    if (!layout) {
      const entries: GPUBindGroupLayoutEntry[] = k.bindings.map((b) => ({
        binding: b.index,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: b.write ? "storage" : "read-only-storage" },
      }));
      const bind = this.device.createBindGroupLayout({ label: k.name, entries });
      const bindGroupLayouts = k.uniform ? [bind, this.#slotLayout] : [bind];
      layout = {
        bind,
        pipeline: this.device.createPipelineLayout({ label: k.name, bindGroupLayouts }),
      };
      this.#layouts.set(k.id, layout);
    }
    return layout;
  }

  #bind(k: Kernel, tensors: Readonly<Record<string, Tensor>>): GPUBindGroup {
    return this.#group(
      k,
      k.bindings.map(({ name, index, at }) => ({
        binding: index,
        resource: {
          buffer: tensors[name].buffer.raw,
          offset: at ? 0 : tensors[name].offset * 4,
        },
      })),
    );
  }

  #blankGroup(k: Kernel): GPUBindGroup {
    return this.#group(
      k,
      k.bindings.map(({ index }, i) => {
        const buffer = this.#blanks[i] ??= this.device.createBuffer({
          label: "blank",
          size: BLANK,
          usage: GPUBufferUsage.STORAGE,
        });
        return { binding: index, resource: { buffer } };
      }),
    );
  }

  #group(k: Kernel, entries: GPUBindGroupEntry[]): GPUBindGroup {
    return this.device.createBindGroup({ label: k.name, layout: this.#layout(k).bind, entries });
  }
}

function groupSize(k: Kernel, { overrides, texts }: Specialised): number {
  const size = overrides.SIZE ?? texts.SIZE ?? k.overrides.get("SIZE") ?? "64";
  return parseInt(String(size));
}

/** Cache key of the memory that is bound, without offsets that are passed in uniform fields. */
function place(k: Kernel, tensors: Readonly<Record<string, Tensor>>): string {
  let key = String(k.id);
  for (const { name, at } of k.bindings) {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`Cannot run ${k.name}: missing tensor ${name}`);
    key += `,${tensor.buffer.id}`;
    if (at || !tensor.offset) continue;
    if (tensor.offset % 64) {
      throw new Error(
        `Cannot run ${k.name}: ${name} starts at element ${tensor.offset}, expected a multiple of 64 ` +
          `or a uniform field ${name}_at`,
      );
    }
    key += `+${tensor.offset}`;
  }
  return key;
}
