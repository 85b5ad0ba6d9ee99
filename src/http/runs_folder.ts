/** The folder of all runs. Requests reach it by plain names only, never through a link, never above it. */
import { join } from "@std/path";
import { upgradedConfig } from "../nas/config/old_formats.ts";
import { readJson } from "../run/folder.ts";
import { listRuns, readState } from "../run/state.ts";
import type { RunState } from "../run/state_schema.ts";
import type { ViewedRun } from "../run/view/summary.ts";
import { isLink, isRealFile, isRealFolder } from "./file.ts";
import { Problem } from "./problem.ts";

/** Pattern of a run's folder name: it cannot contain a path. */
export const runId = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

export interface Run extends ViewedRun {
  path: string;
}

/** Whether a run may be read: a folder with a plain name whose first-read files are no links. */
function isRun(path: string, name: string): boolean {
  return runId.test(name) && isRealFolder(path) && isRealFile(join(path, "state.json")) &&
    !isLink(join(path, "config.json"));
}

export class RunsFolder {
  /** Path without links, so that a run's real path can be compared with it. */
  readonly root: string;
  /** Cached configurations, which never change; keyed by path and time of creation. */
  readonly #configs = new Map<string, Run["config"]>();

  readonly #reported = new Set<string>();

  /** @param report is called once for each run that cannot be read. */
  constructor(runs: string, private readonly report: (message: string) => void) {
    Deno.mkdirSync(runs, { recursive: true });
    this.root = Deno.realPathSync(runs);
  }

  /** The run of this id. @throws Problem 404 where there is none. */
  get(id: string): Run {
    const path = this.pathOf(id);
    const state = readState(path);
    return { id, path, state, config: this.#configOf(path, state) };
  }

  /** Path of a run. @throws Problem 404 when the id is no plain name of a real folder with a run in it. */
  pathOf(id: string): string {
    const path = join(this.root, id);
    if (!isRun(path, id)) {
      throw new Problem(404, `Cannot find run ${id.slice(0, 100)}: GET /runs lists the runs`);
    }
    return path;
  }

  /** All runs, newest first; unreadable ones are left out and reported. */
  list(): Run[] {
    const runs: Run[] = [];
    const found = listRuns(this.root, (problem) => this.#tell(problem), isRun);
    for (const { path, name, state } of found) {
      try {
        runs.push({ id: name, path, state, config: this.#configOf(path, state) });
      } catch (error) {
        this.#tell((error as Error).message);
      }
    }
    return runs.reverse();
  }

  #tell(problem: string): void {
    if (this.#reported.has(problem)) return;
    this.#reported.add(problem);
    this.report(problem);
  }

  #configOf(path: string, state: RunState): Run["config"] {
    const key = `${path}\n${state.started}`;
    let config = this.#configs.get(key);
    if (!config) {
      config = upgradedConfig(readJson(join(path, "config.json"))) as Run["config"];
      this.#configs.set(key, config);
    }
    return config;
  }
}
