/** The origin's private file system, which only workers may write to without copies. */
import { DataError } from "../common/errors.ts";
import { type Appending, type Disk, memoryDisk } from "./disk.ts";
import { browser, type DirectoryHandle, type FileHandle, type SyncAccessHandle } from "./web.ts";

/** The files that outlive the page; those of memory where the browser refuses them (a page from a disk). */
export async function openDisk(): Promise<Disk> {
  try {
    const root = await browser.storage?.getDirectory?.();
    if (root) return new PrivateFiles(await root.getDirectoryHandle("denas", { create: true }));
  } catch (error) {
    if ((error as Error).name !== "SecurityError") throw explain("the folder of this page", error);
  }
  return memoryDisk();
}

class PrivateFiles implements Disk {
  readonly lasts = true;

  constructor(private readonly root: DirectoryHandle) {}

  async list(dir: string): Promise<string[]> {
    const names: string[] = [];
    const folder = await ifThere(this.#folder(dir));
    for await (const [name] of folder?.entries() ?? []) names.push(name);
    return names;
  }

  async size(path: string): Promise<number | null> {
    const file = await ifThere(this.#file(path));
    return file && (await file.getFile()).size;
  }

  async read(path: string, from?: number, to?: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const file = await ifThere(this.#file(path));
    if (!file) return null;
    return new Uint8Array(await (await file.getFile()).slice(from, to).arrayBuffer());
  }

  async write(path: string, bytes: Uint8Array, previous?: string): Promise<void> {
    const [folder, name] = await this.#place(path);
    const part = `${name}.part`;
    try {
      const file = await folder.getFileHandle(part, { create: true });
      await using(file, (handle) => {
        handle.truncate(0);
        writeAll(handle, bytes, 0);
        handle.flush();
      });
      const old = previous === undefined ? null : await ifThere(folder.getFileHandle(name));
      if (old) await old.move(previous!);
      await file.move(name);
    } catch (cause) {
      await folder.removeEntry(part).catch(() => {}); // The first error is the one to report.
      throw explain(path, cause);
    }
  }

  async append(path: string, keep: number): Promise<Appending> {
    const [folder, name] = await this.#place(path);
    const handle = await folder.getFileHandle(name, { create: true })
      .then((file) => file.createSyncAccessHandle())
      .catch((cause) => {
        throw explain(path, cause);
      });
    let size = Math.min(keep, handle.getSize());
    handle.truncate(size);
    return {
      append(bytes) {
        try {
          writeAll(handle, bytes, size);
        } catch (cause) {
          handle.truncate(size);
          throw explain(path, cause);
        }
        size += bytes.length;
      },
      flush: () => handle.flush(),
      close: () => handle.close(),
    };
  }

  async remove(path: string): Promise<void> {
    const [folder, name] = await this.#place(path);
    await ifThere(folder.removeEntry(name, { recursive: true }));
  }

  /** Opens the folder of a path, made if missing, and the name in it. */
  async #place(path: string): Promise<[DirectoryHandle, string]> {
    const at = path.lastIndexOf("/");
    try {
      return [await this.#folder(path.slice(0, Math.max(0, at)), true), path.slice(at + 1)];
    } catch (cause) {
      throw explain(path, cause);
    }
  }

  async #folder(path: string, create = false): Promise<DirectoryHandle> {
    let folder = this.root;
    for (const name of path.split("/").filter(Boolean)) {
      folder = await folder.getDirectoryHandle(name, { create });
    }
    return folder;
  }

  async #file(path: string): Promise<FileHandle> {
    const at = path.lastIndexOf("/");
    return await (await this.#folder(path.slice(0, Math.max(0, at)))).getFileHandle(
      path.slice(at + 1),
    );
  }
}

async function using(file: FileHandle, use: (handle: SyncAccessHandle) => void): Promise<void> {
  const handle = await file.createSyncAccessHandle();
  try {
    use(handle);
  } finally {
    handle.close();
  }
}

function writeAll(handle: SyncAccessHandle, bytes: Uint8Array, at: number): void {
  const written = handle.write(bytes, { at });
  if (written === bytes.length) return;
  throw new DOMException(`${written} of ${bytes.length} bytes`, "QuotaExceededError");
}

async function ifThere<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (["NotFoundError", "TypeMismatchError"].includes((error as Error).name)) return null;
    throw error;
  }
}

function explain(path: string, cause: unknown): Error {
  const { name, message } = cause as Error;
  if (name === "QuotaExceededError") {
    return new DataError(
      `Cannot write ${path}: the browser's storage for this page is full, what was there is intact; ` +
        `delete runs, then try again`,
      { cause },
    );
  }
  if (name === "NoModificationAllowedError") {
    return new DataError(`Cannot write ${path}: another tab writes to it; close that tab`, {
      cause,
    });
  }
  return new DataError(`Cannot write ${path}: ${message}`, { cause });
}
