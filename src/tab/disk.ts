/** Files of the tab: in the origin's private file system, or in memory where a browser refuses that one. */

export interface Disk {
  /** Whether the files outlive the page. */
  readonly lasts: boolean;
  /** Names in a folder; none where there is no such folder. */
  list(dir: string): Promise<string[]>;
  /** Bytes of a file; null where there is none. */
  size(path: string): Promise<number | null>;
  /** A file, or the part from byte `from` up to `to`; null where there is none. */
  read(path: string, from?: number, to?: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Writes beside the file and renames: a reader sees the old content or the new.
   * @param previous name beside it for the old content, if that is to be kept.
   */
  write(path: string, bytes: Uint8Array, previous?: string): Promise<void>;
  /** Opens a file to append to, cut to its first `keep` bytes. Nobody else may write to it meanwhile. */
  append(path: string, keep: number): Promise<Appending>;
  /** Removes a file, or a folder with all that is in it. */
  remove(path: string): Promise<void>;
}

/** A file that is being appended to. A part that cannot be written whole is undone. */
export interface Appending {
  append(bytes: Uint8Array): void;
  flush(): void;
  close(): void;
}

/** Files in memory: they end with the page. */
export function memoryDisk(): Disk {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const write = (path: string, bytes: Uint8Array) => void files.set(path, bytes.slice());
  return {
    lasts: false,
    list(dir) {
      const below = [...files.keys()].filter((path) => path.startsWith(`${dir}/`));
      return Promise.resolve([
        ...new Set(below.map((path) => path.slice(dir.length + 1).split("/")[0])),
      ]);
    },
    size: (path) => Promise.resolve(files.get(path)?.length ?? null),
    read: (path, from, to) => Promise.resolve(files.get(path)?.slice(from, to) ?? null),
    write(path, bytes, previous) {
      const old = files.get(path);
      if (previous !== undefined && old) files.set(beside(path, previous), old);
      write(path, bytes);
      return Promise.resolve();
    },
    append(path, keep) {
      let whole = (files.get(path) ?? new Uint8Array()).slice(0, keep);
      files.set(path, whole);
      return Promise.resolve({
        append(bytes) {
          const more = new Uint8Array(whole.length + bytes.length);
          more.set(whole);
          more.set(bytes, whole.length);
          files.set(path, whole = more);
        },
        flush() {},
        close() {},
      });
    },
    remove(path) {
      for (const name of [...files.keys()]) {
        if (name === path || name.startsWith(`${path}/`)) files.delete(name);
      }
      return Promise.resolve();
    },
  };
}

/** A path in the same folder. */
export const beside = (path: string, name: string): string =>
  path.slice(0, path.lastIndexOf("/") + 1) + name;
