/**
 * A pool of whole buffers in size classes. Whole, because one dispatch may not bind a buffer both to read
 * and to write, not even in disjoint ranges. A request under the same label gets the same buffer again if it
 * is free, so that cached bind groups fit, also when the networks of two steps differ. Labels share buffers
 * only once the pool has some size, and then the buffers that fewest labels have used.
 */

/** A device buffer with what the caches need to know about it. */
export interface DeviceBuffer {
  readonly raw: GPUBuffer;
  readonly id: number;
  readonly bytes: number;
}

/** Placeholder for a buffer where nothing is computed; must not be read, written or bound. */
export const standIn = (bytes = 0): DeviceBuffer => ({ raw: null as never, id: -1, bytes });

/** Size class of a request: four classes per octave, at least 256 bytes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
  return Math.ceil(bytes / step) * step;
}

/** Pool size in bytes up to which each label gets its own buffers: a few times what small networks need. */
const ROOM = 2 ** 28;

/** Buffers of one size. */
class SizeClass {
  readonly free = new Set<DeviceBuffer>();
  /** Buffers that each label has used, in the order of first use. */
  readonly #homes = new Map<string, DeviceBuffer[]>();
  /** Number of labels that have used each buffer. */
  readonly #labels = new Map<DeviceBuffer, number>();

  /** A free buffer that the label has used before. */
  again(label: string): DeviceBuffer | undefined {
    return this.#homes.get(label)?.find((b) => this.free.has(b));
  }

  /** The free buffer that fewest labels have used; the oldest of several. */
  leastShared(): DeviceBuffer | undefined {
    let best: DeviceBuffer | undefined;
    let fewest = Infinity;
    for (const buffer of this.free) {
      const labels = this.#labels.get(buffer)!;
      if (labels < fewest || labels === fewest && buffer.id < best!.id) {
        [best, fewest] = [buffer, labels];
      }
    }
    return best;
  }

  /** Notes that the label has used the buffer. */
  note(label: string, buffer: DeviceBuffer): void {
    const homes = this.#homes.get(label);
    if (homes) homes.push(buffer);
    else this.#homes.set(label, [buffer]);
    this.#labels.set(buffer, (this.#labels.get(buffer) ?? 0) + 1);
  }
}

export class BufferPool {
  readonly #classes = new Map<number, SizeClass>();
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
    let all = this.#classes.get(size);
    if (!all) this.#classes.set(size, all = new SizeClass());
    let buffer = all.again(label);
    if (!buffer) {
      const room = this.#ownedBytes + size <= ROOM;
      buffer = (room ? undefined : all.leastShared()) ?? this.#make(size);
      all.note(label, buffer);
    }
    all.free.delete(buffer);
    this.#liveBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return buffer;
  }

  #make(size: number): DeviceBuffer {
    this.#ownedBytes += size;
    return this.create(size);
  }

  release(buffer: DeviceBuffer): void {
    this.#classes.get(buffer.bytes)!.free.add(buffer);
    this.#liveBytes -= buffer.bytes;
  }

  resetPeak(): void {
    this.#peakBytes = this.#liveBytes;
  }
}
