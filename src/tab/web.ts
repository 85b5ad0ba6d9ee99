/** The interfaces of browsers that Deno's types lack, as far as the tab uses them. */

export interface DirectoryHandle {
  kind: "directory";
  name: string;
  entries(): AsyncIterable<[string, DirectoryHandle | FileHandle]>;
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<DirectoryHandle>;
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileHandle>;
  removeEntry(name: string, options?: { recursive?: boolean }): Promise<void>;
}

export interface FileHandle {
  kind: "file";
  name: string;
  getFile(): Promise<File>;
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
  /** Renames the file, over one that has the name. */
  move(name: string): Promise<void>;
}

/** A file that is open for this worker alone. */
export interface SyncAccessHandle {
  read(bytes: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface StorageManager {
  getDirectory?(): Promise<DirectoryHandle>;
  estimate(): Promise<{ quota?: number; usage?: number }>;
  persisted(): Promise<boolean>;
}

interface LockManager {
  request<T>(
    name: string,
    options: { ifAvailable: true },
    use: (lock: unknown) => Promise<T>,
  ): Promise<T>;
  query(): Promise<{ held: { name: string }[] }>;
}

/** What a worker's `navigator` has beside Deno's. */
export const browser = navigator as unknown as {
  storage?: StorageManager;
  locks?: LockManager;
  userAgent: string;
};

/** The worker's own scope. */
export const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
};
