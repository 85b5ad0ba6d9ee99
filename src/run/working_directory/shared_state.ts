/** State that the processes of a working directory share: losses, the total, and the state of their strategy. */
import { join } from "@std/path";
import * as z from "zod";
import { DataError, UsageError } from "../../common/errors.ts";
import type { Trial } from "../../nas/strategy.ts";
import { writeAtomic } from "../files.ts";
import { readJson } from "../folder.ts";
import type { WorkingDirectory } from "./directory.ts";
import type { Configuration } from "./tree.ts";

/** Conversion of scores to the losses in the files. */
export interface LossScale {
  lossOf(score: number): number;
  scoreOf(loss: number): number;
  /** Further figures of a result. */
  infoOf(score: number, about: { seconds: number; parameters: number }): Record<string, unknown>;
}

export interface SharedSearch extends LossScale {
  directory: WorkingDirectory;
  /** Configurations with a result or in evaluation at which the search ends. */
  total: number;
  /** Called once when only other processes have work left. */
  onWait?(): void;
}

/** The strategy's state as the directory keeps it. */
export interface Kept {
  version: 1;
  /** Configurations that the strategy was told. */
  told: number[];
  /** Trials that the strategy asked for, by configuration. Their ids are its own. */
  asked: Record<number, Omit<Trial<unknown>, "arch"> & { architecture: string }>;
  strategy: unknown;
}

const pathOf = ({ path }: WorkingDirectory): string => join(path, ".denas_state.json");

const number = z.number().int();
const keptSchema = z.object({
  version: z.literal(1),
  told: z.array(number),
  // The other entries of a trial are the strategy's own.
  asked: z.record(
    z.string().regex(/^[1-9]\d*$/),
    z.looseObject({ id: number, architecture: z.string(), parents: z.array(number).optional() }),
  ),
  strategy: z.unknown(),
});

/**
 * The state that the last proposal left; that of a new search where there is none.
 * @throws DataError naming the file and the entry.
 */
export function readKept(directory: WorkingDirectory): Kept {
  const path = pathOf(directory);
  if (!directory.hasFile(path)) return { version: 1, told: [], asked: {}, strategy: null };
  const read = keptSchema.safeParse(readJson(path));
  if (read.success) return read.data as Kept;
  const [{ path: entry, message }] = read.error.issues;
  throw new DataError(
    `Cannot read ${path}: ${
      entry.join(".") || "contents"
    }: ${message}; put it back, or start a new run`,
  );
}

export const writeKept = (directory: WorkingDirectory, kept: Kept): void =>
  writeAtomic(pathOf(directory), JSON.stringify(kept));

/** Number of a new configuration. @throws UsageError where the last one has the largest. */
export function nextNumber({ path }: WorkingDirectory, all: readonly Configuration[]): number {
  const last = Math.max(0, ...all.map(({ n }) => n));
  if (last < Number.MAX_SAFE_INTEGER) return last + 1;
  throw new UsageError(
    `Cannot add a configuration to ${path}: the last one is config_${last}, expected a smaller ` +
      `number; delete its folder`,
  );
}
