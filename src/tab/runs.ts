/** The list of the tab's runs and their views: what the server answers, from the same files. */
import { UsageError } from "../common/errors.ts";
import { type ArchFile, formatArchFile, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import { upgradedConfig } from "../nas/config/old_formats.ts";
import { RunIndex } from "../run/view/run_index.ts";
import { detailOf, summaryOf, type ViewedRun } from "../run/view/summary.ts";
import { archOfTrial, type PageQuery, trialOf, trialsPage } from "../run/view/trials.ts";
import type { Disk } from "./disk.ts";
import { draw } from "./engine.ts";
import { EventLog } from "./event_log.ts";
import { runsAtWork } from "./locks.ts";
import { readRunFile, readRunJson, readRunState, runName, RUNS } from "./run_files.ts";
import type { TabRun } from "./tab_run.ts";

/** Runs whose events are kept in memory. */
const kept = 4;
/** Files that are offered, in this order. */
const offered = [
  ...["arch.json", "model.onnx", "weights.safetensors", "weights_best.safetensors"],
  ...["arch.svg", "network.json", "controller.safetensors", "pareto.json", "ranking.json"],
  ...["config.json", "events.ndjson", "trials.ndjson"],
];

export class Runs {
  readonly #indexes = new Map<string, RunIndex>();
  /** The run that this tab works on. */
  active: TabRun | null = null;
  /** Runs that begin when the one before has ended. */
  readonly waiting: string[] = [];

  constructor(private readonly disk: Disk) {}

  /** Takes up the run that this tab works on; its events are in memory from here on. */
  begin(run: TabRun): void {
    this.active = run;
    this.#indexes.set(run.name, new RunIndex(run.log));
  }

  /** All runs, newest first, and why others cannot be read. */
  async list() {
    const atWork = await runsAtWork(this.disk);
    const runs = [];
    const problems: string[] = [];
    for (const name of await this.disk.list(RUNS)) {
      try {
        const run = await this.#view(name, atWork);
        if (run) runs.push(summaryOf(run));
      } catch (error) {
        problems.push((error as Error).message);
      }
    }
    runs.sort((a, b) => b.created.localeCompare(a.created));
    return { runs, total: runs.length, problems };
  }

  async detail(name: string) {
    const run = await this.#get(name);
    const atWork = this.active?.name === name;
    const images = await this.disk.size(`${RUNS}/${name}/images/images.json`) !== null;
    return {
      ...detailOf(run, await this.#index(name)),
      position: this.waiting.includes(name) ? this.waiting.indexOf(name) + 1 : undefined,
      // Another tab writes to it: its file is read again for each look.
      elsewhere: run.state.status === "running" && !atWork,
      images,
      commands: [],
    };
  }

  async curves(name: string, points: number) {
    return (await this.#index(name)).curves(points);
  }

  async trials(name: string, query: PageQuery) {
    return trialsPage(await this.#index(name), query);
  }

  async trial(name: string, trial: number) {
    const { preset: _, ...detail } = trialOf(
      await this.#get(name),
      await this.#index(name),
      trial,
      await this.arch(name, trial),
    );
    return detail;
  }

  /** The architecture of a trial, or the run's own. */
  async arch(name: string, trial: number | null): Promise<ArchFile> {
    const bytes = await this.disk.read(`${RUNS}/${name}/arch.json`);
    const own = () => {
      if (bytes) return new TextDecoder().decode(bytes);
      throw new UsageError(
        `Cannot find the architecture of run ${name}: a search has it at its end`,
      );
    };
    if (trial === null) return parseArchFile(own(), "arch.json");
    const arch = archOfTrial(await this.#get(name), await this.#index(name), trial, own);
    if (arch) return arch;
    throw new UsageError(`Cannot find trial ${trial} of run ${name}`);
  }

  /** A drawing as SVG. */
  async drawing(name: string, trial: number | null): Promise<string> {
    const { score: _, ...arch } = await this.arch(name, trial);
    return await draw(arch);
  }

  async artifacts(name: string) {
    const artifacts = [];
    for (const file of offered) {
      const bytes = await this.disk.size(`${RUNS}/${name}/${file}`);
      if (bytes !== null) artifacts.push({ name: file, bytes });
    }
    return { artifacts };
  }

  /** A file of a run, or the architecture or drawing of a trial. */
  async file(name: string, file: string, trial: number | null): Promise<Uint8Array<ArrayBuffer>> {
    if (trial === null) return await readRunFile(this.disk, name, file);
    const text = file.endsWith(".svg")
      ? await this.drawing(name, trial)
      : formatArchFile(await this.arch(name, trial));
    return new TextEncoder().encode(text);
  }

  /** @throws UsageError while a tab works on it. */
  async remove(name: string): Promise<void> {
    if ((await runsAtWork(this.disk)).has(name) || this.active?.name === name) {
      throw new UsageError(`Cannot delete ${name}: it is running, stop it first`);
    }
    this.#indexes.delete(name);
    await this.disk.remove(`${RUNS}/${name}`);
  }

  async #get(name: string): Promise<ViewedRun> {
    const run = runName.test(name) ? await this.#view(name, await runsAtWork(this.disk)) : null;
    if (run) return run;
    throw new UsageError(`Cannot find run ${name}`);
  }

  async #view(name: string, atWork: ReadonlySet<string>): Promise<ViewedRun | null> {
    const mine = this.active?.name === name ? this.active : null;
    const state = mine?.state ?? await readRunState(this.disk, name);
    if (!state) return null;
    const config = upgradedConfig(
      await readRunJson(this.disk, name, "config.json"),
    ) as ViewedRun["config"];
    if (this.waiting.includes(name)) {
      return { id: name, state: { ...state, status: "queued" }, config };
    }
    const dead = state.status === "running" && !mine && !atWork.has(name);
    return { id: name, state: dead ? { ...state, status: "interrupted" } : state, config };
  }

  async #index(name: string): Promise<RunIndex> {
    let index = this.#indexes.get(name);
    const elsewhere = this.active?.name !== name && (await runsAtWork(this.disk)).has(name);
    if (!index || elsewhere) {
      const bytes = await this.disk.read(`${RUNS}/${name}/events.ndjson`) ?? new Uint8Array();
      index = new RunIndex(new EventLog(bytes));
    }
    this.#indexes.delete(name);
    this.#indexes.set(name, index);
    for (const old of this.#indexes.keys()) {
      if (this.#indexes.size > kept && old !== this.active?.name) this.#indexes.delete(old);
    }
    return await index.refresh();
  }
}
