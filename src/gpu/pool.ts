/**
 * A pool of whole buffers in size classes. Whole, because one dispatch may not bind a buffer both to read
 * and to write, not even in disjoint ranges. Who asks under the same label gets the same buffer again when it
 * is free: so cached bind groups fit, also when the networks of two steps differ. Labels share buffers only
 * once the pool has some size, and then those that fewest labels have had.
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

/** Bytes up to which a label gets a buffer of its own: a few times what small networks take at once. */
const ROOM = 2 ** 28;

/** Buffers of one size. */
class SizeClass {
  readonly free = new Set<DeviceBuffer>();
  /** The buffers that a label has had, in the order of the first time. */
  readonly #homes = new Map<string, DeviceBuffer[]>();
  /** How many labels have had a buffer. */
  readonly #labels = new Map<DeviceBuffer, number>();

  /** One that the label has had and that is free. */
  again(label: string): DeviceBuffer | undefined {
    return this.#homes.get(label)?.find((b) => this.free.has(b));
  }

  /** The free one that fewest labels have had, the oldest of these. */
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

  /** From now on the label has had the buffer. */
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
