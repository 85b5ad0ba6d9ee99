/** `correlation.json` in a search's folder: measurements so far, replaced after every architecture. */
import { join } from "@std/path";
import * as z from "zod";
import { DataError } from "../common/errors.ts";
import type { CorrelationState, CorrelationSummary } from "../nas/analysis/correlate.ts";
import { writeAtomic } from "./files.ts";

const count = z.number().int().nonnegative();

const file = z.object({
  format: z.literal("denas-correlation"),
  version: z.literal(1),
  seed: count,
  minutes: z.number().positive(),
  steps: count,
  batch: count,
  architectures: z.array(z.object({
    choice: z.array(count),
    parameters: count,
    sharedScore: z.number(),
    trainedAccuracy: z.number().optional(),
    seconds: z.number().optional(),
  })),
});

export const correlationPath = (run: string) => join(run, "correlation.json");

/** Reads the file; null when there is none. @throws DataError when it is damaged. */
export function readCorrelation(run: string): CorrelationState | null {
  const path = correlationPath(run);
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    const { format: _, version: __, ...state } = file.parse(JSON.parse(text));
    return state;
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: it is not what denas writes; put it back, or measure anew with --again`,
      { cause },
    );
  }
}

export function writeCorrelation(
  run: string,
  state: CorrelationState,
  summary: CorrelationSummary | null,
): void {
  const content = { format: "denas-correlation", version: 1, ...state, summary };
  // Keeps the choices of an architecture on one line.
  const text = JSON.stringify(content, null, 1)
    .replace(/\[\s*(\d[\d,\s]*)\]/g, (_, list) => `[${list.replace(/\s+/g, " ").trim()}]`);
  writeAtomic(correlationPath(run), text + "\n");
}
