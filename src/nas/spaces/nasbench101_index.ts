/**
 * All cells of NAS-Bench-101 with their published hashes. They are enumerated once, which takes about a
 * minute, then read from a file in the cache folder.
 */
import { archOfDag, type Nb101Arch, nb101Dag, nb101Hash } from "./nasbench101_arch.ts";
import { enumerateCells, nb101Counts, unpackDag } from "./nasbench101_cells.ts";
import { nb101Paths } from "./nasbench101_paths.ts";

/** Bytes of a cell's hash. */
export const HASH_BYTES = 16;
/** Number of cells. */
export const SIZE = nb101Counts.reduce((a, b) => a + b, 0);

export class Nb101Cells {
  /**
   * Hash buckets as linked lists: first cell of each bucket, then the next in the same bucket; −1 ends a
   * list.
   */
  readonly #first = new Int32Array(1 << 19).fill(-1);
  readonly #next: Int32Array;
  #paths: Map<string, number> | null = null;

  /** @param hashes 16 bytes per cell. */
  constructor(
    readonly packed: Uint32Array<ArrayBuffer>,
    readonly hashes: Uint8Array<ArrayBuffer>,
  ) {
    this.#next = new Int32Array(packed.length).fill(-1);
    for (let i = packed.length - 1; i >= 0; i--) {
      const bucket = this.#bucket(hashes, i * HASH_BYTES);
      this.#next[i] = this.#first[bucket];
      this.#first[bucket] = i;
    }
  }

  get size(): number {
    return this.packed.length;
  }

  arch(index: number): Nb101Arch {
    return archOfDag(unpackDag(this.packed[index]));
  }

  /** The space's key: 32 hexadecimal digits. */
  key(index: number): string {
    return this.hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES).toHex();
  }

  /** Index of the cell with this key; −1 when there is none. */
  indexOf(key: string): number {
    if (!/^[0-9a-f]{32}$/.test(key)) return -1;
    const bytes = Uint8Array.fromHex(key);
    let i = this.#first[this.#bucket(bytes, 0)];
    while (i >= 0 && this.key(i) !== key) i = this.#next[i];
    return i;
  }

  /**
   * The first cell with exactly these paths (`nb101Paths`, joined by blanks); undefined when there is none.
   */
  withPaths(paths: readonly number[]): number | undefined {
    if (!this.#paths) {
      this.#paths = new Map();
      for (let i = this.size - 1; i >= 0; i--) {
        this.#paths.set(nb101Paths(unpackDag(this.packed[i])).join(" "), i);
      }
    }
    return this.#paths.get(paths.join(" "));
  }

  /** Number of different sets of paths. */
  get pathSets(): number {
    this.withPaths([]);
    return this.#paths!.size;
  }

  #bucket(bytes: Uint8Array, at: number): number {
    return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16) & (1 << 19) - 1;
  }
}

export interface OpenCells {
  /** Folder of the cache file. Without it nothing is written. */
  cacheDir?: string;
  /** Called with the share of work done, 0 … 1. */
  progress?(done: number): void;
  signal?: AbortSignal;
}

/** Reads the cells from the cache, or enumerates them. A damaged file is written again. */
export async function openNb101Cells(options: OpenCells = {}): Promise<Nb101Cells> {
  if (options.cacheDir === undefined) return await enumerateAll(options);
  const { cellsPath, readCells, writeCells } = await import("./nasbench101_cells_file.ts");
  const path = cellsPath(options.cacheDir);
  const kept = await readCells(path);
  if (kept) return kept;
  const cells = await enumerateAll(options);
  await writeCells(path, cells);
  return cells;
}

/** Enumerates the graphs, which is a fifth of the work, then hashes each. */
async function enumerateAll({ progress, signal }: OpenCells): Promise<Nb101Cells> {
  const packed = new Uint32Array(SIZE);
  const seen = new Set<number>();
  let size = 0;
  const pause = async (done: number) => {
    signal?.throwIfAborted();
    progress?.(done);
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  for (let n = 2; n < nb101Counts.length; n++) {
    for (const found of enumerateCells(n, seen)) {
      packed.set(found, size);
      size += found.length;
      await pause(0.2 * size / SIZE);
    }
  }
  const hashes = new Uint8Array(HASH_BYTES * SIZE);
  for (let i = 0; i < SIZE; i++) {
    hashes.set(Uint8Array.fromHex(nb101Hash(unpackDag(packed[i]))), i * HASH_BYTES);
    if (i % 10_000 === 0) await pause(0.2 + 0.8 * i / SIZE);
  }
  return new Nb101Cells(packed, hashes);
}

/** Index of a cell among all; −1 for a graph that is no valid cell. */
export function nb101CellIndex(cells: Nb101Cells, arch: Nb101Arch): number {
  const dag = nb101Dag(arch);
  return dag ? cells.indexOf(nb101Hash(dag)) : -1;
}
