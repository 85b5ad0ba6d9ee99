/**
 * The log of the released ENAS code or of its CODEBRIM fork, or a list of architectures, converted to the
 * history of a search. Pictures and curves of runs can then be drawn from it.
 */
import { UsageError, whyUnreadable } from "../common/errors.ts";
import type { ArchFile } from "../nas/arch_formats/arch_file.ts";
import { foundAt } from "../nas/config/final_config.ts";
import { parseList } from "../nas/arch_formats/list.ts";
import { type EnasLog, parseLog } from "../nas/arch_formats/log.ts";
import { formatScript, type FormOptions, readFormText } from "../nas/arch_formats/mod.ts";
import { openSpace } from "../nas/registry.ts";
import type { History, Of } from "./history.ts";

/** An architecture, its position and its score. */
interface Found {
  arch: ArchFile;
  /** Epoch, from 1. */
  epoch: number;
  score?: number;
  line: number;
}

export interface ForeignHistory {
  history: History;
  /** Parts left out, with line numbers. */
  problems: string[];
}

/**
 * Reads a log or list.
 * @param options for reading the architectures of a list.
 * @throws UsageError when the file does not exist, DataError when it is neither.
 */
export function readForeignHistory(path: string, options: FormOptions = {}): ForeignHistory {
  const text = readText(path);
  const log = parseLog(text);
  if (log.architectures.length > 0 || log.epochs.length > 0) return ofLog(log);
  const { architectures, problems } = parseList(text, path, options);
  const found = architectures.map(({ arch, line }, i) => ({ arch, line, epoch: i + 1 }));
  return ofFound(found, { problems, scored: false });
}

function ofLog(log: EnasLog): ForeignHistory {
  const found = log.architectures.map((logged): Found => {
    const { space, score, line, epoch } = logged;
    const { arch } = readFormText(formatScript(logged), { space })!;
    return { arch, score, line, epoch: Math.max(1, epoch ?? 1) };
  });
  return ofFound(found, { problems: log.problems, scored: true, log });
}

interface Source {
  problems: readonly string[];
  scored: boolean;
  log?: EnasLog;
}

function ofFound(all: readonly Found[], { problems, scored, log }: Source): ForeignHistory {
  const { kept, left } = ofOneSpace(all);
  const epochs = Math.max(1, ...kept.map(({ epoch }) => epoch), ...lastEpochs(log));
  const [first] = kept;
  const stepsPerEpoch = log?.firstEval
    ? Math.max(1, Math.round(log.firstEval.step / Math.max(1, log.firstEval.epoch)))
    : Math.max(1, ...log?.steps.map(({ step, epoch }) => Math.ceil(step / (epoch + 1))) ?? []);
  const start: Of<"start"> = {
    type: "start",
    command: first ? "search" : "retrain",
    space: first?.arch.space ?? "network",
    epochs,
    stepsPerEpoch,
    parameters: 0,
    config: first ? { space: foundAt(first.arch) } : {},
  };
  const trials = kept.map(({ arch, epoch, score = 0 }, trial): Of<"trial"> => {
    const key = arch.choice.join(" ");
    return {
      type: "trial",
      trial,
      epoch: epoch - 1,
      choice: arch.choice,
      key,
      score,
      on: "reward",
    };
  });
  const tests =
    log?.epochs.flatMap(({ epoch, test }) => test === undefined ? [] : [[epoch, test] as const]) ??
      [];
  const history: History = {
    ...{ start, trials, selection: [], torn: null, foreign: { tests, scored } },
    ...{ epochs: epochsOf(log, epochs), controllers: controllersOf(log), steps: stepsOf(log) },
  };
  return { history, problems: [...problems, ...left] };
}

/**
 * Keeps the architectures of the most frequent space and size that are valid in it, so that all pictures
 * match. The others are left out, with the reasons.
 */
function ofOneSpace(all: readonly Found[]): { kept: Found[]; left: string[] } {
  const kindOf = ({ arch }: Found) => `${arch.space} of ${arch.choice.length} choices`;
  const counts = new Map<string, number>();
  for (const found of all) counts.set(kindOf(found), (counts.get(kindOf(found)) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  const kept: Found[] = [];
  const left: string[] = [];
  for (const found of all) {
    const why = kindOf(found) === most
      ? whyUnfit(found.arch)
      : `it is ${kindOf(found)}, most others are ${most}`;
    if (why === null) kept.push(found);
    else left.push(`line ${found.line}: an architecture was left out: ${why}`);
  }
  return { kept, left };
}

function whyUnfit(arch: ArchFile): string | null {
  try {
    openSpace(foundAt(arch)).decode(arch.choice);
    return null;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message.replace(/^Cannot [^:]*: /, "");
  }
}

const lastEpochs = (log?: EnasLog): number[] => [
  ...log?.epochs.map(({ epoch }) => epoch) ?? [],
  ...log?.steps.map(({ epoch }) => epoch + 1) ?? [],
];

/**
 * Events of the epochs. Training figures are means over the log lines of an epoch; NaN when there are none.
 */
function epochsOf(log: EnasLog | undefined, epochs: number): Of<"epoch">[] {
  if (!log) return [];
  const numbers = [...new Set(lastEpochs(log))].sort((a, b) => a - b);
  return numbers.map((epoch) => {
    const steps = log.steps.filter((s) => s.epoch === epoch - 1);
    return {
      type: "epoch",
      epoch,
      epochs,
      loss: mean(steps.map(({ loss }) => loss)),
      trainAccuracy: mean(steps.map(({ trainAccuracy }) => trainAccuracy)),
      learningRate: steps.at(-1)?.learningRate ?? NaN,
      validAccuracy: log.epochs.find((e) => e.epoch === epoch)?.valid,
      seconds: 0,
    };
  });
}

function controllersOf(log?: EnasLog): Of<"controller">[] {
  const byEpoch = Map.groupBy(log?.entropies ?? [], ({ epoch }) => epoch);
  return [...byEpoch].map(([epoch, all]) => ({
    type: "controller",
    epoch: epoch - 1,
    entropy: mean(all.map(({ entropy }) => entropy)),
  }));
}

function stepsOf(log?: EnasLog): Of<"step">[] {
  const steps = log?.steps.length ?? 0;
  return log?.steps.map((step) => ({
    ...{ type: "step", steps, imagesPerSecond: 0, secondsLeft: 0 } as const,
    ...step,
  })) ?? [];
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = whyUnreadable(cause);
    throw new UsageError(
      `Cannot read ${path}: ${why}, expected a run, the log of an ENAS run or a list of architectures`,
      { cause },
    );
  }
}

/** Whether a path is a file that does not consist of JSON lines, as the events of a run do. */
export function isForeign(path: string): boolean {
  let first: Uint8Array;
  try {
    first = Deno.readFileSync(path).subarray(0, 64);
  } catch {
    // A folder, or the name of a run.
    return false;
  }
  return !new TextDecoder().decode(first).trimStart().startsWith("{");
}
