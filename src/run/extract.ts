/** Extracts architectures and accuracies from a log: one printed by ENAS, or the events of a run. */
import * as z from "zod";
import { upgradedConfig } from "../nas/config/old_formats.ts";
import { DataError, UsageError, whyUnreadable } from "../common/errors.ts";
import { formatNumbers } from "../nas/arch_formats/npy.ts";
import { formatScript } from "../nas/arch_formats/script.ts";
import { type LoggedEpoch, parseLog } from "../nas/arch_formats/log.ts";
import { spaces } from "../nas/registry.ts";
import type { History } from "./history.ts";
import { readHistory } from "./read_history.ts";

export interface Extracted {
  /** Architectures, best first; a repeated one appears once, with its best score. */
  architectures: ExtractedArch[];
  /** Valid and test accuracy per epoch. */
  epochs: LoggedEpoch[];
  /** Lines of `arc_string_output.txt`: the rows of all architectures, in the order of the log. */
  rows: string[];
  /** The epoch with the best validation accuracy and its test accuracy; null without validation. */
  best: LoggedEpoch | null;
  /** Description of the scores. */
  scoreKind: string;
  /** Unit of the scores: `fraction` is shown as per cent. */
  scoreUnit: string;
  /** Preset for retraining, when the log implies one. */
  preset?: string;
  data?: string;
  problems: string[];
}

export interface ExtractedArch {
  space: string;
  epoch: number | null;
  index: number;
  choice: number[];
  /** The architecture as `denas retrain` takes it. */
  text: string;
  score: number;
  /** Number of times it was scored. */
  times: number;
}

/** An architecture with the settings of its space. */
type Found = ExtractedArch & { settings: Record<string, unknown> };

/** Findings of a reader before they are ranked. */
type Read = Omit<Extracted, "rows" | "architectures"> & { architectures: Found[] };

export interface ExtractOptions {
  /** First and last epoch to extract. */
  epochs?: readonly [number, number];
  space?: string;
}

/**
 * Reads a log.
 * @param path of a log, of an events.ndjson or of a run's folder.
 * @throws UsageError when it does not exist, DataError when it is no log.
 */
export function extract(path: string, { epochs, space }: ExtractOptions = {}): Extracted {
  const read = isRun(path) ? fromHistory(readHistory(path)) : fromLog(path);
  const wanted = read.architectures.filter((arch) =>
    (space === undefined || arch.space === space) &&
    (!epochs || arch.epoch !== null && epochs[0] <= arch.epoch && arch.epoch <= epochs[1])
  );
  const rows = wanted.flatMap((arch) => rowsOf(arch));
  return { ...read, architectures: ranked(wanted), rows };
}

/** Rows of an architecture, one per layer or cell, as the released code prints them, without brackets. */
function rowsOf({ space, choice, text, settings }: Found): string[] {
  const rows = spaces.find(space)?.script?.rows(choice, settings);
  return rows?.map((row) => row.join(" ")) ?? [text];
}

/**
 * Contents of the files that CODEBRIM's `extractArcString.py` writes, for the scripts that read them:
 * `arc_string_output.txt`, and the accuracies of the epochs as float64 arrays.
 */
export function extractedFiles({ rows, epochs }: Extracted): Record<string, string | Uint8Array> {
  const accuracies = (which: "valid" | "test") =>
    formatNumbers(epochs.flatMap((epoch) => epoch[which] ?? []));
  return {
    "arc_string_output.txt": rows.map((row) => row + "\n").join(""),
    "valid_accuracy_array.npy": accuracies("valid"),
    "test_accuracy_array.npy": accuracies("test"),
  };
}

function fromLog(path: string): Read {
  const log = parseLog(readText(path));
  if (log.architectures.length === 0 && log.epochs.length === 0) {
    const why = log.problems[0] ?? "there are no architectures and no accuracies in it";
    throw new DataError(
      `Cannot extract from ${path}: ${why}; expected the log of an ENAS run or a run's folder`,
    );
  }
  return {
    ...log,
    architectures: log.architectures.map((arch) => ({
      ...arch,
      text: formatScript(arch),
      times: 1,
    })),
    best: bestOf(log.epochs),
    scoreKind: "accuracy with shared weights, one minibatch of validation images",
    scoreUnit: "fraction",
  };
}

const settings = z.looseObject({
  preset: z.string().optional(),
  space: z.record(z.string(), z.unknown()).optional(),
});

function fromHistory(history: History): Read {
  const { start, trials, selection, done, torn } = history;
  // Selection scores use more images, so they are not mixed with trial scores.
  const scored = selection.length > 0 ? selection : trials;
  const config = settings.safeParse(upgradedConfig(start.config)).data;
  const counts = new Map<number, number>();
  const architectures = scored.map(({ epoch, choice, score }) => {
    const index = counts.get(epoch) ?? 0;
    counts.set(epoch, index + 1);
    // The selection comes after the last epoch.
    const counted = Math.min(epoch + 1, start.epochs);
    const { space } = start;
    const settings = config?.space ?? {};
    const text = formatScript({ space, choice, settings });
    return { space, epoch: counted, index, choice, text, settings, score, times: 1 };
  });
  const epochs = history.epochs.map((told): LoggedEpoch => {
    const { epoch, validAccuracy: valid, testAccuracy, epochs: last } = told;
    const test = epoch === last ? done?.testAccuracy ?? testAccuracy : testAccuracy;
    return { epoch, ...valid !== undefined && { valid }, ...test !== undefined && { test } };
  });
  return {
    architectures,
    epochs,
    best: bestOf(epochs),
    scoreKind: scoreKindOf(start, selection.length > 0),
    scoreUnit: start.score?.unit ?? "fraction",
    preset: config?.preset,
    data: start.data?.name,
    problems: torn === null ? [] : [torn],
  };
}

/**
 * What the scores measure, in the evaluator's own words. Older runs have none; if they name no evaluator
 * either, they scored with shared weights.
 */
function scoreKindOf({ evaluator = "shared", score }: History["start"], selected: boolean): string {
  if (evaluator !== "shared") return score?.label ?? `by evaluator ${evaluator}`;
  const images = selected
    ? "the selection's validation images"
    : "minibatches of validation images";
  return `${score?.label ?? "accuracy with shared weights"}, ${images}`;
}

function bestOf(epochs: readonly LoggedEpoch[]): LoggedEpoch | null {
  const validated = epochs.filter(({ valid }) => valid !== undefined);
  if (validated.length === 0) return null;
  return validated.reduce((best, epoch) => epoch.valid! > best.valid! ? epoch : best);
}

function ranked(architectures: readonly Found[]): ExtractedArch[] {
  const best = new Map<string, ExtractedArch>();
  for (const arch of architectures) {
    const key = `${arch.space} ${arch.choice.join(" ")}`;
    const known = best.get(key);
    const times = (known?.times ?? 0) + 1;
    const { settings: _, ...own } = arch;
    best.set(key, { ...(known && known.score >= arch.score ? known : own), times });
  }
  return [...best.values()].sort((a, b) => b.score - a.score);
}

function isRun(path: string): boolean {
  if (path.endsWith(".ndjson")) return true;
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = whyUnreadable(cause);
    throw new UsageError(`Cannot extract from ${path}: ${why}, expected a log or a run's folder`, {
      cause,
    });
  }
}
