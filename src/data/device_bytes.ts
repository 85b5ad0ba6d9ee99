/** The bytes of a data set on the device, in chunks that hold whole images. */
import { UsageError } from "../common/errors.ts";
import type { Gpu, Tensor } from "../gpu/mod.ts";
import { byteOffsets, type Images } from "./dataset.ts";

/** Images first … first + count − 1. */
export interface Chunk {
  readonly index: number;
  readonly first: number;
  readonly count: number;
  /** (count · 3) uint32: first byte in the chunk, height and width of each image. */
  readonly table: Tensor;
}

export interface DeviceBytesOptions {
  /** Height and width of images that have no sizes of their own. */
  size: readonly [number, number];
  /** Largest buffer. */
  chunkBytes: number;
  /** Most bytes on the device; larger sets stay on the host and one chunk is on the device at a time. */
  dataMemory: number;
}

export class DeviceBytes {
  readonly chunks: readonly Chunk[];
  /** Whether all chunks are on the device. */
  readonly resident: boolean;
  readonly #pixels: Uint8Array;
  /** First byte of each image, and the end. */
  readonly #offsets: Float64Array;
  /** Index of the chunk that holds each image. */
  readonly #chunkOf: Uint32Array;
  readonly #buffers: Tensor[];
  /** Index of the chunk in the only buffer, if not all are resident. */
  #loaded = -1;

  /** Throws UsageError where not even one image fits. */
  constructor(
    private readonly gpu: Gpu,
    images: Images,
    { size, chunkBytes, dataMemory }: DeviceBytesOptions,
  ) {
    this.#pixels = images.pixels;
    this.#offsets = byteOffsets(images);
    this.#chunkOf = new Uint32Array(images.n);
    this.resident = images.pixels.length <= dataMemory;
    const largest = gpu.device.limits.maxStorageBufferBindingSize;
    const chunks: Chunk[] = [];
    for (const { first, count } of this.#cut(Math.min(chunkBytes, dataMemory, largest) & ~15)) {
      this.#chunkOf.fill(chunks.length, first, first + count);
      const table = gpu.upload(this.#tableOf(images, size, first, count));
      chunks.push({ index: chunks.length, first, count, table });
    }
    this.chunks = chunks;
    const most = Math.max(...chunks.map((chunk) => this.#slice(chunk).length));
    this.#buffers = this.resident
      ? chunks.map((chunk) => gpu.uploadBytes(this.#slice(chunk)))
      : [gpu.empty([Math.ceil(most / 4)])];
  }

  /** The chunk that holds an image. */
  chunkOf(image: number): Chunk {
    return this.chunks[this.#chunkOf[image]];
  }

  /** Divides the images into runs of at most `chunkBytes` bytes. */
  *#cut(chunkBytes: number): Generator<{ first: number; count: number }> {
    const offsets = this.#offsets;
    const n = offsets.length - 1;
    for (let first = 0, end = 1; first < n; first = end++) {
      const bytes = offsets[end] - offsets[first];
      if (bytes > chunkBytes) {
        throw new UsageError(
          `Cannot put images on the device: one has ${bytes} bytes, ` +
            `expected at most ${chunkBytes} (chunk size and data memory); raise the limit`,
        );
      }
      while (end < n && offsets[end + 1] - offsets[first] <= chunkBytes) end++;
      yield { first, count: end - first };
    }
  }

  #tableOf(
    { sizes }: Images,
    [h, w]: readonly [number, number],
    first: number,
    count: number,
  ): Uint32Array<ArrayBuffer> {
    const table = new Uint32Array(3 * count);
    for (let i = 0; i < count; i++) {
      table[3 * i] = this.#offsets[first + i] - this.#offsets[first];
      table[3 * i + 1] = sizes ? sizes[2 * (first + i)] : h;
      table[3 * i + 2] = sizes ? sizes[2 * (first + i) + 1] : w;
    }
    return table;
  }

  /** The buffer that holds a chunk; work recorded before still sees the buffer's old contents. */
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

  #slice({ first, count }: Pick<Chunk, "first" | "count">): Uint8Array<ArrayBuffer> {
    const part = this.#pixels.subarray(this.#offsets[first], this.#offsets[first + count]);
    return part as Uint8Array<ArrayBuffer>;
  }
}
