/**
 * The output tree of hnas: `results/config_<n>/{config,result,metadata}.yaml` and three text files beside
 * `results`. Trees of the original program and of denas are read alike.
 */
import { join } from "@std/path";
import { DataError } from "../../common/errors.ts";
import { numberIn, readYaml } from "./yaml.ts";

/** Result of a configuration. A failed one has no loss. */
export type Outcome =
  | { status: "ok"; loss: number; info: Record<string, unknown>; ended: number }
  | { status: "error"; reason: string; ended: number };

/** One configuration of a tree. */
export interface Configuration {
  /** Counts from 1. */
  n: number;
  folder: string;
  /** In the notation of its space; null where the file cannot be read. */
  architecture: string | null;
  /** Absent until the evaluation has ended. */
  outcome?: Outcome;
}

export const resultsIn = (path: string): string => join(path, "results");
export const folderOf = (path: string, n: number): string => join(resultsIn(path), `config_${n}`);

/** Numbers of the configurations of a tree, ascending; none where there is no tree. */
export function configNumbers(path: string): number[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(resultsIn(path))].filter(({ isFile }) => !isFile)
      .map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const n = Number(/^config_([1-9]\d*)$/.exec(name)?.[1] ?? NaN);
    return Number.isSafeInteger(n) ? [n] : [];
  }).sort((a, b) => a - b);
}

/**
 * Reads one configuration.
 * @param warn receives the name and fault of a file that was cut; its evaluation counts as failed.
 */
export function readConfiguration(
  path: string,
  n: number,
  warn: (message: string) => void,
): Configuration {
  const folder = folderOf(path, n);
  const found: Configuration = { n, folder, architecture: null };
  try {
    found.architecture = architectureIn(join(folder, "config.yaml"));
    found.outcome = outcomeIn(join(folder, "result.yaml"), endOf(folder));
  } catch (error) {
    // Another process makes the folder before the files.
    if (error instanceof Deno.errors.NotFound) return found;
    if (!(error instanceof DataError)) throw error;
    warn(error.message);
    found.outcome = { status: "error", reason: error.message, ended: endOf(folder) };
  }
  return found;
}

/** All configurations of a tree. */
export const readTree = (path: string, warn: (message: string) => void): Configuration[] =>
  configNumbers(path).map((n) => readConfiguration(path, n, warn));

/** A tree string; `normal: …; reduce: …` where a network has two cells. */
function architectureIn(path: string): string {
  const value = readYaml(path);
  const record = typeof value === "object" && value !== null
    ? value as Record<string, unknown>
    : {};
  const { architecture, normal, reduce } = record;
  if (typeof architecture === "string") return architecture.trim();
  if (typeof normal === "string" && typeof reduce === "string") {
    return `normal: ${normal.trim()}; reduce: ${reduce.trim()}`;
  }
  throw new DataError(
    `Cannot read ${path}: it has ${Object.keys(record).join(", ") || "no entries"}, expected ` +
      `architecture, or normal and reduce`,
  );
}

/** Contents of `config.yaml` for an architecture. */
export function configOf(architecture: string): Record<string, string> {
  const parts = architecture.split(";").map((part) => /^\s*(\w+):\s*(.*?)\s*$/s.exec(part));
  if (parts.some((part) => part === null)) return { architecture };
  return Object.fromEntries(parts.map((part) => [part![1], part![2]]));
}

function outcomeIn(path: string, ended: number): Outcome {
  const value = readYaml(path);
  if (value === "error") return { status: "error", reason: "its evaluation failed", ended };
  const { loss: written, info_dict: info } = isRecord(value) ? value : {};
  const loss = numberIn(written);
  if (loss === null) {
    throw new DataError(
      `Cannot read ${path}: its loss is ${
        JSON.stringify(written) ?? "absent"
      }, expected a number; ` +
        `delete its folder to have the configuration replaced`,
    );
  }
  if (!Number.isFinite(loss)) return { status: "error", reason: `its loss is ${loss}`, ended };
  return { status: "ok", loss, info: isRecord(info) ? info : {}, ended };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Time of the end in seconds; 0 where it is not recorded. */
function endOf(folder: string): number {
  try {
    const value = readYaml(join(folder, "metadata.yaml"));
    return isRecord(value) && typeof value.time_end === "number" ? value.time_end : 0;
  } catch (error) {
    // The result does not depend on it.
    if (error instanceof Deno.errors.NotFound || error instanceof DataError) return 0;
    throw error;
  }
}

const rule = "-".repeat(79);

/** Contents of the text files beside `results`, by name. */
export function textsOf(configurations: readonly Configuration[]): Record<string, string> {
  const done = configurations.filter(({ outcome }) => outcome !== undefined)
    .sort((a, b) => a.outcome!.ended - b.outcome!.ended || a.n - b.n);
  const block = ({ n, architecture, outcome }: Configuration) =>
    `Loss: ${outcome!.status === "ok" ? outcome!.loss : "error"}\nConfig ID: ${n}\n` +
    `Config: ${architecture ?? "unreadable"}\n${rule}\n`;
  let least = Infinity;
  const best = done.filter(({ outcome }) => {
    if (outcome?.status !== "ok" || outcome.loss >= least) return false;
    least = outcome.loss;
    return true;
  });
  return {
    "all_losses_and_configs.txt": done.map(block).join(""),
    "best_loss_trajectory.txt": best.map(({ outcome }) => `${(outcome as { loss: number }).loss}\n`)
      .join(""),
    "best_loss_with_config_trajectory.txt": best.map(block).join(""),
  };
}
