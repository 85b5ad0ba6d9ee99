/** Buffers of a device: those that live as long as it does, and the pool for the tensors of a step. */
import { BufferPool, type DeviceBuffer } from "./pool.ts";
import { numel, type Shape, type Tensor } from "./tensor.ts";

export class Memory {
  /** Memory for the tensors of a step. */
  readonly pool = new BufferPool((bytes) => this.create(bytes));
  readonly #zeros = new Map<number, Tensor>();
  #buffers = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly counters: { bufferBytes: number },
  ) {}

  /** A new buffer. Throws RangeError when the device cannot bind so many bytes at once. */
  create(bytes: number, usage = 0): DeviceBuffer {
    const id = this.#buffers++;
    const size = Math.ceil(bytes / 16) * 16;
    const most = this.device.limits.maxStorageBufferBindingSize;
    if (size > most) {
      throw new RangeError(
        `Cannot make a tensor of ${mib(size)} MiB: the device binds at most ${mib(most)} MiB at ` +
          `once; try a smaller batch, fewer filters or smaller images`,
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

  /** A zeroed tensor that lives as long as the device. */
  empty(shape: Shape): Tensor {
    return { shape, buffer: this.create(Math.max(16, numel(shape) * 4)), offset: 0 };
  }

  /** A shared constant of zeros. */
  zeros(shape: Shape): Tensor {
    const words = numel(shape);
    let tensor = this.#zeros.get(words);
    if (!tensor) this.#zeros.set(words, tensor = this.empty([words]));
    return { ...tensor, shape };
  }
}

/** The device as an arena uses it. */
export interface ArenaHost {
  pool: BufferPool;
  write(tensor: Tensor, data: Float32Array<ArrayBuffer>): void;
  submit(): void;
  /** The arena was closed. */
  onClose(arena: Arena): void;
}

/**
 * Memory for networks that are trained and forgotten: tensors come from the pool and return to it when the arena
 * is closed, at the end of the block that declares it with `using`.
 */
export class Arena implements Disposable {
  readonly #tensors: Tensor[] = [];

  constructor(private readonly host: ArenaHost) {}

  /** A zeroed tensor that lives as long as the arena. */
  empty(shape: Shape): Tensor {
    const tensor = { shape, buffer: this.host.pool.acquire(numel(shape) * 4), offset: 0 };
    this.#tensors.push(tensor);
    this.host.write(tensor, new Float32Array(numel(shape)));
    return tensor;
  }

  [Symbol.dispose](): void {
    this.host.onClose(this);
    this.host.submit();
    for (const { buffer } of this.#tensors) this.host.pool.release(buffer);
    this.#tensors.length = 0;
  }
}

const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20);
