/** The evaluated architectures of all searches in a working directory, as hnas' experiments use them. */
import { join } from "@std/path";
import { UsageError } from "../../common/errors.ts";
import { readTree } from "./tree.ts";
import { numberIn } from "./yaml.ts";

/** An architecture with its validation error. */
export interface Evaluated {
  /** In the notation of the space. */
  architecture: string;
  /** 0 … 1. */
  error: number;
  /** Folder of the configuration. */
  folder: string;
}

/** Configurations that are used of each search. */
const most = 100;

/**
 * Reads `<searcher>/<seed>/results` of all searches, ids 1 … 100 each, without those of NASWOT.
 * @param rsOnly only random searches.
 * @throws UsageError where the directory has none.
 */
export function readPool(
  path: string,
  { rsOnly = false, warn }: { rsOnly?: boolean; warn(message: string): void },
): Evaluated[] {
  const found = searchesIn(path, rsOnly).flatMap((search) => {
    const log = isLogarithmic(search);
    return readTree(search, warn).filter(({ n }) => n <= most).flatMap(
      ({ architecture, outcome, folder }) => {
        if (architecture === null || outcome?.status !== "ok") return [];
        return [{ architecture, folder, error: errorOf(outcome.info, outcome.loss, log) }];
      },
    );
  });
  if (found.length > 0) return found;
  throw new UsageError(
    `Cannot use working directory ${path}: it has no results of ${
      rsOnly ? "random searches" : "searches"
    }, expected <searcher>/<seed>/results/config_<n>; run the searches first`,
  );
}

function searchesIn(path: string, rsOnly: boolean): string[] {
  return foldersIn(path)
    .filter((name) => !name.includes("naswot") && (!rsOnly || name.startsWith("random_search")))
    .flatMap((name) => foldersIn(join(path, name)).map((seed) => join(path, name, seed)));
}

function foldersIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Whether a search wrote the logarithm of its errors. */
function isLogarithmic(search: string): boolean {
  try {
    return JSON.parse(Deno.readTextFileSync(join(search, "args.json")))?.log === true;
  } catch {
    // Its results have the error under its own name then.
    return false;
  }
}

/** Validation error by the figures of an objective; for others the loss says it. */
function errorOf(info: Record<string, unknown>, loss: number, log: boolean): number {
  const accuracy = numberIn(info["x-valid_1"]);
  if (accuracy !== null) return 1 - accuracy / 100;
  const error = numberIn(info.val_score) ?? numberIn(info.val_error);
  return error ?? (log ? Math.exp(loss) - 1e-8 : loss);
}
