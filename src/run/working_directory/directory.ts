/**
 * A working directory that several processes share. Whoever proposes a configuration or records a result holds
 * the directory's lock; whoever evaluates one holds that configuration's lock. Both are locks of the operating
 * system, which releases them when their holder dies: then the configuration is free for another process.
 */
import { join } from "@std/path";
import { UsageError } from "../../common/errors.ts";
import { explain, writeAtomic } from "../files.ts";
import {
  configNumbers,
  configOf,
  type Configuration,
  folderOf,
  readConfiguration,
  resultsIn,
  textsOf,
} from "./tree.ts";
import { formatYaml } from "./yaml.ts";

/** Milliseconds between two looks at a lock that others hold. */
const pauseMs = 20;

/** Settings by name, which must be the same in all processes. */
export type Identity = Readonly<Record<string, unknown>>;

export class WorkingDirectory {
  /** Configurations with a result; these do not change. */
  readonly #finished = new Map<number, Configuration>();
  /** Locks of the configurations that this process evaluates. */
  readonly #held = new Map<number, Deno.FsFile>();
  readonly #warned = new Set<string>();

  private constructor(
    readonly path: string,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Opens or makes a directory. `args.json` and the settings of denas are written by the first process.
   * @param args which must be those in args.json.
   * @param free further arguments, which may differ from process to process.
   * @throws UsageError naming a setting in which the directory differs.
   */
  static async open(
    path: string,
    { args, free = {}, settings, warn, signal }: {
      args: Identity;
      free?: Identity;
      settings: Identity;
      warn(message: string): void;
      signal: AbortSignal;
    },
  ): Promise<WorkingDirectory> {
    try {
      Deno.mkdirSync(resultsIn(path), { recursive: true });
    } catch (cause) {
      throw explain(path, cause, "start again");
    }
    const directory = new WorkingDirectory(path, warn);
    await directory.exclusively(signal, () => {
      agree(path, "args.json", args, free);
      agree(path, ".denas_settings.json", settings);
    });
    return directory;
  }

  /** Runs a function while no other process changes the directory. */
  async exclusively<T>(signal: AbortSignal, use: () => T | Promise<T>): Promise<T> {
    using file = Deno.openSync(join(this.path, ".lock"), { create: true, read: true, write: true });
    while (!file.tryLockSync(true)) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return await use();
  }

  /** All configurations; those with results are read once. Call while holding the directory's lock. */
  read(): Configuration[] {
    return configNumbers(this.path).map((n) => {
      const known = this.#finished.get(n);
      if (known) return known;
      const found = readConfiguration(this.path, n, (message) => this.warnOnce(message));
      if (found.outcome) this.#finished.set(n, found);
      return found;
    });
  }

  /** Tells the user of a fault, once. */
  warnOnce(message: string): void {
    if (!this.#warned.has(message)) this.warn(message);
    this.#warned.add(message);
  }

  /** Whether a configuration has been written. */
  has(n: number): boolean {
    return this.hasFile(join(folderOf(this.path, n), "config.yaml"));
  }

  hasFile(path: string): boolean {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Takes the lock of a configuration; false where another process evaluates it. */
  take(n: number): boolean {
    if (this.#held.has(n)) return true;
    const file = Deno.openSync(join(folderOf(this.path, n), ".lock"), {
      create: true,
      read: true,
      write: true,
    });
    if (!file.tryLockSync(true)) {
      file.close();
      return false;
    }
    this.#held.set(n, file);
    return true;
  }

  /** Writes a new configuration. Call while holding the directory's lock. */
  add(n: number, architecture: string): void {
    const folder = folderOf(this.path, n);
    try {
      Deno.mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw explain(folder, cause, "start again");
    }
    writeAtomic(join(folder, "metadata.yaml"), formatYaml({ time_sampled: Date.now() / 1000 }));
    writeAtomic(join(folder, "config.yaml"), formatYaml(configOf(architecture)));
  }

  /**
   * Records a result, rewrites the text files and releases the configuration.
   * @param result loss with further figures, or null for a failed evaluation.
   */
  async finish(
    n: number,
    result: { loss: number; info: Record<string, unknown> } | null,
  ): Promise<void> {
    // The result of hours of training is written even if the run is stopped at this moment.
    await this.exclusively(new AbortController().signal, () => this.record(n, result));
  }

  /** As `finish`; call while holding the directory's lock. */
  record(n: number, result: { loss: number; info: Record<string, unknown> } | null): void {
    const folder = folderOf(this.path, n);
    const sampled = timeIn(join(folder, "metadata.yaml"));
    writeAtomic(
      join(folder, "metadata.yaml"),
      formatYaml({ time_end: Date.now() / 1000, time_sampled: sampled }),
    );
    writeAtomic(
      join(folder, "result.yaml"),
      result ? formatYaml({ info_dict: result.info, loss: result.loss }) : "error\n",
    );
    this.#held.get(n)?.close();
    this.#held.delete(n);
    for (const [name, text] of Object.entries(textsOf(this.read()))) {
      writeAtomic(join(this.path, name), text);
    }
  }

  /** Releases the configurations that this process has not finished. */
  close(): void {
    for (const file of this.#held.values()) file.close();
    this.#held.clear();
  }
}

/** Time at which a configuration was proposed; now where that is not recorded. */
function timeIn(path: string): number {
  try {
    const text = Deno.readTextFileSync(path);
    return Number(/^time_sampled: ([\d.e+]+)$/m.exec(text)?.[1] ?? Date.now() / 1000);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return Date.now() / 1000;
    throw error;
  }
}

/** Compares settings with those in a file, or writes them. Settings that only one side has are not compared. */
function agree(path: string, name: string, ours: Identity, free: Identity = {}): void {
  const file = join(path, name);
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    writeAtomic(file, JSON.stringify({ ...ours, ...free }, null, 2) + "\n");
    return;
  }
  let theirs: Record<string, unknown>;
  try {
    theirs = JSON.parse(text) ?? {};
  } catch (cause) {
    throw new UsageError(
      `Cannot use working directory ${path}: ${name} is no JSON, expected the settings of its search; ` +
        `put the file back, or choose another directory`,
      { cause },
    );
  }
  for (const [setting, value] of Object.entries(ours)) {
    if (value === undefined || !Object.hasOwn(theirs, setting)) continue;
    if (JSON.stringify(theirs[setting]) === JSON.stringify(value)) continue;
    throw new UsageError(
      `Cannot use working directory ${path}: ${setting} is ${JSON.stringify(value)}, expected ` +
        `${
          JSON.stringify(theirs[setting])
        } as in its ${name}; choose another directory or the same ` +
        `settings`,
    );
  }
}
