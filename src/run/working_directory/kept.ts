/** State of a strategy in a working directory, `.denas_state.json`. */
import * as z from "zod";
import { DataError } from "../../common/errors.ts";
import type { Trial } from "../../nas/strategy.ts";
import { readJson } from "../folder.ts";

/** What the directory keeps of the strategy. */
export interface Kept {
  version: 1;
  /** Configurations that the strategy was told. */
  told: number[];
  /** Trials that the strategy asked for, by configuration. Their ids are its own. */
  asked: Record<number, Omit<Trial<unknown>, "arch"> & { architecture: string }>;
  strategy: unknown;
}

const number = z.number().int();
const kept = z.object({
  version: z.literal(1),
  told: z.array(number),
  // The other entries of a trial are the strategy's own.
  asked: z.record(
    z.string().regex(/^[1-9]\d*$/),
    z.looseObject({ id: number, architecture: z.string(), parents: z.array(number).optional() }),
  ),
  strategy: z.unknown(),
});

/** @throws DataError naming the file and the entry. */
export function readKept(path: string): Kept {
  const read = kept.safeParse(readJson(path));
  if (read.success) return read.data as Kept;
  const [{ path: entry, message }] = read.error.issues;
  throw new DataError(
    `Cannot read ${path}: ${
      entry.join(".") || "contents"
    }: ${message}; put it back, or start a new run`,
  );
}
