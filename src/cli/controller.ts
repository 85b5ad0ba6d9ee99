/** Opens the controller to sample from: a search's, or a separate file. */
import { join } from "@std/path";
import { knownSets } from "../data/published.ts";
import { UsageError } from "../common/errors.ts";
import {
  applyOverrides,
  type Overrides,
  parseSearchConfig,
  resolveSearchConfig,
  type SearchConfig,
} from "../nas/config/config.ts";
import { archFieldsOf } from "../nas/search/search.ts";
import { CONTROLLER, type ControllerFile, readController } from "../run/controller_file.ts";
import { readSearch } from "../run/read_run.ts";
import { listRuns } from "../run/state.ts";
import type { SampleOptions } from "./sample.ts";
import { fromHere } from "./paths.ts";
import { isFile, runPath } from "./run_path.ts";
import { printError } from "./terminal.ts";

export interface OpenedController {
  config: SearchConfig;
  controller: ControllerFile["tensors"];
  /** Other fields of the architecture files that are written. */
  fields: NonNullable<ControllerFile["fields"]>;
  /** The images of the search are not known; the fields assume CIFAR-10. */
  bare: boolean;
  /** The search whose folder the controller is in. */
  run?: { path: string; name: string };
}

type Options = Pick<SampleOptions, "runs" | "mode" | "preset" | "set">;

/**
 * @param what run, file or folder; by default the newest search that fits the options.
 * @throws UsageError when there is none, or a bare file leaves its settings open.
 */
export function openController(what: string | undefined, options: Options): OpenedController {
  const path = what === undefined ? newestSearch(options) : runPath(what, options.runs);
  if (isFile(join(path, "state.json"))) return ofRun(path, options.set);
  const file = isFile(path) ? path : join(path, CONTROLLER);
  if (isFile(file)) return ofFile(file, options);
  if (what !== undefined && path.endsWith(".safetensors")) {
    throw new UsageError(`Cannot sample from ${what}: there is no such file`);
  }
  return ofRun(path, options.set);
}

function ofRun(path: string, set?: Overrides): OpenedController {
  const { config, start, name } = readSearch(path);
  if (!start?.data) {
    throw new UsageError(`Cannot sample from run ${path}: it stopped before it began`);
  }
  const { classes, image, task = "single-label" } = start.data;
  return {
    config: changed(config, set),
    controller: readController(join(path, CONTROLLER)).tensors,
    fields: archFieldsOf(config, { classes, input: image, task, data: config.data }),
    bare: false,
    run: { path, name },
  };
}

function ofFile(file: string, { mode, preset, set }: Options): OpenedController {
  const { tensors, config, fields } = readController(file);
  if (config && fields) {
    const own = changed(parseSearchConfig(config), set);
    return { config: own, controller: tensors, fields, bare: false };
  }
  if (mode === undefined) {
    throw new UsageError(
      `Cannot sample from ${file}: it does not tell the settings of its search, expected --mode and ` +
        `--preset to be given, and what was set besides`,
    );
  }
  const named = resolveSearchConfig({ mode, preset, overrides: set });
  const guessed = archFieldsOf(named, {
    input: [32, 32, 3],
    classes: [...knownSets.cifar10.classes],
    task: "single-label",
    data: named.data,
  });
  return { config: named, controller: tensors, fields: guessed, bare: true };
}

function changed(config: SearchConfig, set: Overrides = {}): SearchConfig {
  const base = structuredClone(config) as unknown as Record<string, unknown>;
  applyOverrides(base, set);
  return parseSearchConfig(base);
}

function newestSearch({ runs, mode, preset }: Options): string {
  const folder = fromHere(runs);
  const known = listRuns(folder, (problem) => printError(`left out: ${problem}`));
  const newest = known.findLast(({ path, state }) =>
    state.command === "search" && (mode ?? state.space) === state.space &&
    isFile(join(path, CONTROLLER)) &&
    (preset === undefined || readSearch(path).config.preset === preset)
  );
  if (newest) return newest.path;
  const which = (mode ? `in space ${mode} ` : "") + (preset ? `with preset ${preset} ` : "");
  throw new UsageError(
    `Cannot sample: no search ${which}in ${runs} has left a controller yet, expected one; ` +
      `"denas runs" lists all runs`,
  );
}
