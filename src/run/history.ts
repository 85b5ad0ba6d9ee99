/**
 * History of a run over its epochs, from its events. A resumed run repeats steps and trials: the last one
 * counts.
 */
import * as z from "zod";
import { DataError } from "../common/errors.ts";
import { decisionsOf } from "../nas/decisions.ts";
import { type RunEvent, runEvent } from "../nas/events.ts";
import { upgradedConfig } from "../nas/config/old_formats.ts";
import { openSpace, spaces } from "../nas/registry.ts";
import type { SearchSpace } from "../nas/space.ts";
import { wholeLines } from "./lines.ts";

export type Of<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

export interface History {
  start: Of<"start">;
  /** Epoch events by number, from 1. */
  epochs: Of<"epoch">[];
  /** Controller events; their `epoch` counts from 0. */
  controllers: Of<"controller">[];
  steps: Of<"step">[];
  /** Trials scored during the search; `epoch` counts from 0. */
  trials: Of<"trial">[];
  /** Trials scored at the end, on more images. */
  selection: Of<"trial">[];
  done?: Of<"done">;
  /** Damage at the file's end; null when it ends with a whole line. */
  torn: string | null;
  /** Only for another program's log: test accuracies by epoch, and whether architectures have scores. */
  foreign?: { tests: (readonly [epoch: number, accuracy: number])[]; scored: boolean };
}

/**
 * Parses a history from the bytes of events.ndjson.
 * @param file for messages.
 * @throws DataError naming the line that cannot be read.
 */
export function parseHistory(bytes: Uint8Array, file: string): History {
  const whole = wholeLines(bytes);
  const lines = new TextDecoder().decode(bytes.subarray(0, whole)).split("\n").slice(0, -1);
  const torn = whole === bytes.length
    ? null
    : `line ${lines.length + 1} of ${file} is cut and was left out`;
  return historyOf(lines.map((line, i) => parseLine(line, i, file)), file, torn);
}

/** Makes a history from events. @param file for messages. */
export function historyOf(
  events: readonly RunEvent[],
  file: string,
  torn: string | null = null,
): History {
  const start = events.findLast((e): e is Of<"start"> => e.type === "start");
  if (!start) throw new DataError(`Cannot read ${file}: no event tells the start of a run`);
  const all = <T extends RunEvent["type"]>(type: T, key: (event: Of<T>) => number): Of<T>[] => {
    const last = new Map<number, Of<T>>();
    for (const event of events) {
      if (event.type === type) last.set(key(event as Of<T>), event as Of<T>);
    }
    return [...last].sort(([a], [b]) => a - b).map(([, event]) => event);
  };
  const trials = all("trial", ({ trial }) => trial);
  return {
    start,
    epochs: all("epoch", ({ epoch }) => epoch),
    controllers: all("controller", ({ epoch }) => epoch),
    steps: all("step", ({ step }) => step),
    trials: trials.filter(({ on }) => on === "reward"),
    selection: trials.filter(({ on }) => on === "selection"),
    done: all("done", () => 0)[0],
    torn,
  };
}

const sized = z.looseObject({ space: z.looseObject({ kind: z.string() }) });

/**
 * The space of a search, at its size.
 * @throws UsageError for an unknown space, DataError when the sizes are missing.
 */
export function spaceOf({ start }: Pick<History, "start">): SearchSpace<unknown> {
  spaces.get(start.space);
  const config = sized.safeParse(upgradedConfig(start.config));
  if (config.success) return openSpace(config.data.space);
  const { path, message } = config.error.issues[0];
  throw new DataError(
    `Cannot draw the architectures of this run: ${path.join(".")} in its settings: ${message}`,
    { cause: config.error },
  );
}

/**
 * The best-scored trial of each epoch that has any. Complete trials with status ok come before all others.
 * Epochs count from 1.
 */
export function bestOfEpochs({ trials }: History): { epoch: number; trial: Of<"trial"> }[] {
  const best = new Map<number, Of<"trial">>();
  for (const trial of trials) {
    const before = best.get(trial.epoch);
    if (!before || isBetter(trial, before)) best.set(trial.epoch, trial);
  }
  return [...best].sort(([a], [b]) => a - b).map(([epoch, trial]) => ({ epoch: epoch + 1, trial }));
}

const canWin = ({ partial = false, status = "ok" }: Of<"trial">) => !partial && status === "ok";

function isBetter(one: Of<"trial">, other: Of<"trial">): boolean {
  const [wins, otherWins] = [canWin(one), canWin(other)];
  return wins === otherWins ? one.score > other.score : wins;
}

/** Counts in the choices of an architecture: uses of each operation, and skips taken of those offered. */
export interface Tally {
  /** Number of uses, by label. */
  operations: Map<string, number>;
  skips: { taken: number; offered: number };
}

export function tally(space: SearchSpace<unknown>, choices: readonly (readonly number[])[]): Tally {
  const operations = new Map<string, number>();
  const skips = { taken: 0, offered: 0 };
  for (const choice of choices) {
    decisionsOf(space, choice).forEach(({ kind, labels }, i) => {
      const option = choice[i];
      if (kind === "skip") {
        skips.offered++;
        if (option > 0) skips.taken++;
      } else if (kind === "op") {
        const label = labels?.[option] ?? `option ${option}`;
        operations.set(label, (operations.get(label) ?? 0) + 1);
      }
    });
  }
  return { operations, skips };
}

function parseLine(line: string, i: number, file: string): RunEvent {
  const cannot = (why: string, cause: unknown) =>
    new DataError(`Cannot read ${file}: line ${i + 1} ${why}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    throw cannot("is no JSON; delete that line, results do not depend on it", cause);
  }
  const event = runEvent.safeParse(json);
  if (event.success) return event.data;
  const { path, message } = event.error.issues[0];
  throw cannot(`is no event of a run: ${path.join(".") || "it"}: ${message}`, event.error);
}
