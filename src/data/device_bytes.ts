/** The bytes of a data set on the device, in chunks that hold whole images. */
import { UsageError } from "../errors.ts";
import type { Gpu, Tensor } from "../gpu/mod.ts";

/** Images first … first + count − 1. */
export interface Chunk {
  readonly index: number;
  readonly first: number;
  readonly count: number;
}

export interface DeviceBytesOptions {
  /** Bytes of one image. */
  imageBytes: number;
  /** Largest buffer. */
  chunkBytes: number;
  /** Most bytes on the device; larger sets stay on the host and one chunk is on the device at a time. */
  dataMemory: number;
}

export class DeviceBytes {
  readonly chunks: readonly Chunk[];
  /** Images in every chunk but the last. */
  readonly perChunk: number;
  /** Whether all chunks are on the device. */
  readonly resident: boolean;
  readonly #buffers: Tensor[];
  /** Which chunk the only buffer holds, where not all are resident. */
  #loaded = -1;

  /** Throws UsageError where not even one image fits. */
  constructor(
    private readonly gpu: Gpu,
    private readonly pixels: Uint8Array,
    private readonly options: DeviceBytesOptions,
  ) {
    const { imageBytes, dataMemory } = options;
    const largest = gpu.device.limits.maxStorageBufferBindingSize;
    this.resident = pixels.length <= dataMemory;
    const chunkBytes = Math.min(options.chunkBytes, dataMemory, largest) & ~15;
    this.perChunk = Math.floor(chunkBytes / imageBytes);
    if (this.perChunk === 0) {
      throw new UsageError(
        `Cannot put images on the device: one has ${imageBytes} bytes, ` +
          `expected at most ${chunkBytes} (chunk size and data memory); raise the limit`,
      );
    }
    const n = pixels.length / imageBytes;
    this.chunks = Array.from({ length: Math.ceil(n / this.perChunk) }, (_, index) => {
      const first = index * this.perChunk;
      return { index, first, count: Math.min(this.perChunk, n - first) };
    });
    this.#buffers = this.resident
      ? this.chunks.map((chunk) => gpu.uploadBytes(this.#slice(chunk)))
      : [gpu.empty([Math.ceil((this.perChunk * imageBytes) / 4)])];
  }

  /** The buffer that holds a chunk; what was recorded before still sees the buffer's old contents. */
  tensor(chunk: Chunk): Tensor {
    if (this.resident) return this.#buffers[chunk.index];
    const [buffer] = this.#buffers;
    if (this.#loaded !== chunk.index) {
      const bytes = this.#slice(chunk);
      const words = new Uint32Array(Math.ceil(bytes.length / 4));
      new Uint8Array(words.buffer).set(bytes);
      this.gpu.write(buffer, words);
      this.#loaded = chunk.index;
    }
    return buffer;
  }

  #slice({ first, count }: Chunk): Uint8Array<ArrayBuffer> {
    const { imageBytes } = this.options;
    const part = this.pixels.subarray(first * imageBytes, (first + count) * imageBytes);
    return part as Uint8Array<ArrayBuffer>;
  }
}
