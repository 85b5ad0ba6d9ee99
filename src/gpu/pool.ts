/**
 * A pool of whole buffers in size classes. Whole, because one dispatch may not bind a buffer both to read
 * and to write, not even in disjoint ranges. Who asks under the same label gets the same buffer again when it
 * is free, otherwise the free one with the smallest id: so cached bind groups fit, also when the networks of
 * two steps differ.
 */

/** A device buffer with what the caches need to know about it. */
export interface DeviceBuffer {
  readonly raw: GPUBuffer;
  readonly id: number;
  readonly bytes: number;
}

/** Stands for memory where nothing is computed: nothing may read, write or bind it. */
export const standIn = (bytes = 0): DeviceBuffer => ({ raw: null as never, id: -1, bytes });

/** Size class of a request: four classes per octave, at least 256 bytes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / step) * step;
}

export class BufferPool {
  readonly #free = new Map<number, DeviceBuffer[]>();
  /** The buffer that a label got last. */
  readonly #last = new Map<string, DeviceBuffer>();
  #liveBytes = 0;
  #peakBytes = 0;
  #ownedBytes = 0;

  constructor(private readonly create: (bytes: number) => DeviceBuffer) {}

  /** Bytes handed out now. */
  get liveBytes(): number {
    return this.#liveBytes;
  }
  /** Most bytes handed out at once. */
  get peakBytes(): number {
    return this.#peakBytes;
  }
  /** Bytes held, handed out or not. */
  get ownedBytes(): number {
    return this.#ownedBytes;
  }

  acquire(bytes: number, label = ""): DeviceBuffer {
    const size = sizeClass(bytes);
    const free = this.#free.get(size);
    let buffer: DeviceBuffer;
    if (free?.length) {
      let best = free.indexOf(this.#last.get(label)!);
      if (best < 0) {
        best = 0;
        for (let i = 1; i < free.length; i++) if (free[i].id < free[best].id) best = i;
      }
      buffer = free[best];
      free[best] = free[free.length - 1];
      free.pop();
    } else {
      buffer = this.create(size);
      this.#ownedBytes += size;
    }
    if (label) this.#last.set(label, buffer);
    this.#liveBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return buffer;
  }

  release(buffer: DeviceBuffer): void {
    const free = this.#free.get(buffer.bytes);
    if (free) free.push(buffer);
    else this.#free.set(buffer.bytes, [buffer]);
    this.#liveBytes -= buffer.bytes;
  }

  resetPeak(): void {
    this.#peakBytes = this.#liveBytes;
  }
}
