/** Reads picture files at the size that is wanted: from the cache, or decoded on all cores. */
import { join } from "@std/path";
import { DataError, whyUnreadable } from "../common/errors.ts";
import { PictureCache } from "./picture_cache.ts";
import { PicturePool } from "./picture_pool.ts";
import { hostFiles } from "./files.ts";
import type { PictureDecoder, PictureSource } from "./picture_source.ts";
import { decoderName, type SmallPicture, type WantedPicture } from "./wanted_picture.ts";

/** Progress of reading pictures. */
export interface PictureProgress {
  done: number;
  total: number;
  /** Pictures among those done that were in the cache. */
  kept: number;
}

export interface PictureReading {
  /** Folder of all caches; resized pictures are kept in `pictures` below it. */
  cacheDir: string;
  pictures?: (progress: PictureProgress) => void;
  /** Ends the reading early, with its reason. */
  signal?: AbortSignal;
}

/** Larger files are refused before they are read. */
const mostBytes = 2 ** 29;

/** The pictures of this machine. */
export const hostPictures = (options: PictureReading): PictureSource => ({
  files: hostFiles,
  decoder: decoderName,
  open: (total) => new PictureReader(options, total),
});

export class PictureReader implements PictureDecoder {
  readonly #pool = new PicturePool();
  readonly #cache: PictureCache;
  readonly #progress: PictureProgress;

  /** @param total pictures that will be read, for the progress. */
  constructor(private readonly options: PictureReading, total: number) {
    this.#cache = new PictureCache(join(options.cacheDir, "pictures"));
    this.#progress = { done: 0, total, kept: 0 };
  }

  get cacheProblem(): string | null {
    return this.#cache.problem;
  }

  async read(
    paths: readonly string[],
    wanted: WantedPicture,
    take: (index: number, picture: SmallPicture) => void,
  ): Promise<Map<number, string>> {
    const unreadable = new Map<number, string>();
    let next = 0;
    const readSome = async () => {
      for (let i = next++; i < paths.length; i = next++) {
        this.options.signal?.throwIfAborted();
        try {
          take(i, await this.one(paths[i], wanted));
        } catch (error) {
          if (error instanceof DataError) throw error;
          unreadable.set(i, whyUnreadable(error));
        }
        this.#progress.done++;
        this.options.pictures?.({ ...this.#progress });
      }
    };
    // More than there are cores, so that files are read while others are decoded.
    await Promise.all(Array.from({ length: this.#pool.size + 2 }, readSome));
    return unreadable;
  }

  /** One picture. Throws Error with the reason, DataError where the decoder itself fails. */
  async one(path: string, wanted: WantedPicture): Promise<SmallPicture> {
    const info = await Deno.stat(path);
    // Reading a pipe would block; a device has no end.
    if (!info.isFile) throw new Error("it is no regular file");
    if (info.size > mostBytes) {
      throw new Error(`it has ${info.size} bytes, expected at most ${mostBytes}`);
    }
    const key = await this.#cache.keyOf(path, info, wanted);
    const kept = await this.#cache.get(key);
    if (kept) {
      this.#progress.kept++;
      return kept;
    }
    const picture = await this.#pool.decode(await Deno.readFile(path), wanted);
    await this.#cache.put(key, picture);
    return picture;
  }

  /** Ends the workers and keeps the cache within its limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pool[Symbol.dispose]();
    await this.#cache.prune();
  }
}
