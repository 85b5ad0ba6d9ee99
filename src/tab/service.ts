/** What the page may ask of its worker: data, runs and their views, results. One method per question. */
import { AdapterError, DataError, UsageError } from "../common/errors.ts";
import type { DataSet } from "../data/dataset.ts";
import { keepImages } from "../data/kept_images.ts";
import { idxSetNamed } from "../data/set_names.ts";
import { Gpu } from "../gpu/device.ts";
import { formatArchFile } from "../nas/arch_formats/arch_file.ts";
import { type Overrides, resolveSearchConfig } from "../nas/config/config.ts";
import { finalConfig } from "../nas/config/final_config.ts";
import { presetNames, presetsOf } from "../nas/config/presets.ts";
import { evaluators, openSpace, spaces, strategies } from "../nas/registry.ts";
import { type PageQuery, presetFor } from "../run/view/trials.ts";
import { limited, readBeside, readRunImages, setsBeside } from "./data_sets.ts";
import type { Disk } from "./disk.ts";
import { withDevice } from "./locks.ts";
import type { Notice } from "./notice.ts";
import { previewOf } from "./preview.ts";
import { createRun, host, readRunJson, readRunState, writeState } from "./run_files.ts";
import { Runs } from "./runs.ts";
import { ladder, type Sized } from "./sizing.ts";
import type { Dropped } from "./tree.ts";
import { browser } from "./web.ts";
import { WorkQueue } from "./work_queue.ts";

/** Longest time for which a search is sized. */
const mostMinutes = 1440;

/** Settings of a new search. */
export interface SearchOrder {
  mode: string;
  preset: string;
  /** One run for each. */
  seeds: number[];
  overrides: Overrides;
}

/** A retraining of what a run found. */
export interface RetrainOrder {
  from: string;
  /** Null: the winner. */
  trial: number | null;
  preset?: string;
  overrides: Overrides;
}

export class Service {
  readonly #runs: Runs;
  readonly #queue: WorkQueue;
  /** Images that a search would start on, and whether they lie beside the page: others are kept with the run. */
  #data: DataSet | null = null;
  #isBeside = false;
  #reading: AbortController | null = null;

  constructor(
    private readonly disk: Disk,
    private readonly page: URL,
    private readonly tell: (notice: Notice) => void,
  ) {
    this.#runs = new Runs(disk);
    this.#queue = new WorkQueue(disk, page, this.#runs, tell);
  }

  /** Whether a run is at work. */
  get busy(): boolean {
    return this.#queue.busy;
  }

  /** What this browser offers: storage, and the device or why there is none. */
  async environment() {
    const storage = this.disk.lasts ? await browser.storage?.estimate() : undefined;
    const persisted = this.disk.lasts && await browser.storage?.persisted();
    return { lasts: this.disk.lasts, persisted, ...storage, device: await this.#device() };
  }

  async #device() {
    try {
      const gpu = await Gpu.open();
      const { description, fallback } = gpu.adapter;
      gpu.close();
      return { description, software: fallback };
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error;
      return { missing: error.message };
    }
  }

  /** What can be chosen for a search. */
  async catalogue() {
    const about = ({ name, summary }: { name: string; summary: string }) => ({ name, summary });
    const beside = await setsBeside(this.page);
    return {
      spaces: spaces.all().map((space) => ({ ...about(space), presets: presetsOf(space) })),
      strategies: strategies.all().map(about),
      // Tables are files of a host.
      evaluators: evaluators.all().filter(({ cost }) => cost !== "lookup").map(about),
      presets: presetNames(),
      sets: Object.keys(beside).map((name) => ({ name, title: idxSetNamed(name)?.title ?? name })),
    };
  }

  /** All settings of a search before it starts. @throws UsageError naming the setting that does not fit. */
  settings({ mode, preset, seeds, overrides }: SearchOrder) {
    const config = resolveSearchConfig({
      mode,
      preset,
      overrides: { ...overrides, seed: seeds[0] },
    });
    openSpace(config.space);
    return config;
  }

  /** Settings with which a search on the images takes about so many minutes, from a minute's measurement. */
  async size(order: SearchOrder, minutes: number): Promise<Sized> {
    const data = this.#images("measure");
    if (!(minutes >= 1 && minutes <= mostMinutes)) {
      throw new UsageError(
        `Cannot size a search for ${minutes} minutes: expected 1 … ${mostMinutes}`,
      );
    }
    if (this.busy) {
      throw new UsageError("Cannot measure the device: a run is at work on it; stop it, or wait");
    }
    const { measured } = await import("./measure.ts");
    const presets = ladder.filter((one) => presetsOf(spaces.get(order.mode)).includes(one));
    const configOf = (preset: string) => this.settings({ ...order, preset });
    return await withDevice(this.disk, () => measured(minutes, presets, configOf, data));
  }

  /** The images, or an error that there are none to do this with. */
  #images(what: string): DataSet {
    if (this.#data) return this.#data;
    throw new UsageError(`Cannot ${what}: there are no images yet; drop some first`);
  }

  async drop(files: readonly Dropped[], side?: number) {
    const signal = this.#beginReading();
    const { readDropped } = await import("./dropped.ts");
    const data = await readDropped(files, {
      side,
      decoder: `${host()}, area averaging 1`,
      onPictures: (done, total) => this.tell({ notice: "pictures", done, total }),
      signal,
    });
    return await this.#use(data, signal);
  }

  async madeUp(side: number, channels: number, count: number) {
    const signal = this.#beginReading();
    const { madeUp } = await import("./made_up.ts");
    return await this.#use(madeUp([side, side, channels], count), signal);
  }

  async beside(name: string) {
    const signal = this.#beginReading();
    return await this.#use(await readBeside(this.page, name, "search"), signal, true);
  }

  /** Ends an earlier reading, whose images are not wanted any more. */
  #beginReading(): AbortSignal {
    this.#reading?.abort();
    this.#reading = new AbortController();
    return this.#reading.signal;
  }

  async #use(data: DataSet, reading: AbortSignal, isBeside = false) {
    reading.throwIfAborted();
    this.#data = data;
    this.#isBeside = isBeside;
    return await previewOf(data);
  }

  /**
   * Starts a search for each seed, one after another. @returns the name of the first.
   * @throws UsageError naming the setting that does not fit; DataError where there is no room for all of them: then
   * none is started.
   */
  async search(order: SearchOrder): Promise<string> {
    const { seeds } = order;
    const data = this.#images("search");
    if (seeds.length === 0 || seeds.length > 20) {
      throw new UsageError(`Cannot search with ${seeds.length} seeds: expected 1 … 20`);
    }
    const configs = seeds.map((seed) => ({
      ...this.settings({ ...order, seeds: [seed] }),
      data: data.name,
      decoder: data.decoder ?? "",
    }));
    const [{ trainImages, validImages }] = configs;
    const images = this.#isBeside
      ? new Map<string, Uint8Array>()
      : await keepImages(limited(data, trainImages, validImages));
    const names: string[] = [];
    try {
      for (const config of configs) {
        names.push(
          await createRun(this.disk, { command: "search", mode: order.mode, config, images }),
        );
      }
    } catch (error) {
      if (names.length === 0) throw error;
      for (const name of names) await this.#runs.remove(name);
      throw new DataError(
        `Cannot start ${seeds.length} searches, none has begun: ${(error as Error).message}`,
        { cause: error },
      );
    }
    for (const name of names) this.#queue.add(name);
    return names[0];
  }

  /** Starts a retraining on the images of the search. @returns its name. */
  async retrain({ from, trial, preset, overrides }: RetrainOrder): Promise<string> {
    const arch = await this.#runs.arch(from, trial);
    const { data, preset: searched } = await readRunJson(this.disk, from, "config.json") as {
      data: string;
      preset: string;
    };
    const config = finalConfig(arch, {
      preset: preset ?? presetFor(searched, arch.space),
      given: { data, ...overrides },
    });
    const dataset = await readRunImages(this.disk, from, data, "search");
    const name = await createRun(this.disk, {
      command: "retrain",
      mode: "retrain",
      config,
      arch: formatArchFile(arch),
      images: dataset ? await keepImages(dataset) : new Map(),
    });
    this.#queue.add(name);
    return name;
  }

  resume(name: string): void {
    this.#queue.add(name);
  }

  stop(name: string): void {
    this.#queue.stop(name);
  }

  runs() {
    return this.#runs.list();
  }
  run(name: string) {
    return this.#runs.detail(name);
  }
  curves(name: string, points: number) {
    return this.#runs.curves(name, points);
  }
  trials(name: string, query: PageQuery) {
    return this.#runs.trials(name, query);
  }
  trial(name: string, trial: number) {
    return this.#runs.trial(name, trial);
  }
  drawing(name: string, trial: number | null) {
    return this.#runs.drawing(name, trial);
  }
  artifacts(name: string) {
    return this.#runs.artifacts(name);
  }
  file(name: string, file: string, trial: number | null) {
    return this.#runs.file(name, file, trial);
  }
  remove(name: string) {
    return this.#runs.remove(name);
  }

  /** Events of the active run from a number on: those that a view missed while it was made. */
  eventsFrom(name: string, seq: number): unknown[] {
    const { active } = this.#runs;
    return active?.name === name ? active.eventsFrom(seq) : [];
  }

  /** A run as a zip archive for the command line or another browser. */
  async exportRun(name: string): Promise<Blob> {
    const { runFiles } = await import("./exchange.ts");
    return await runFiles(this.disk, name);
  }

  /** Takes up a run that was exported, or the folder of one. @returns its name. */
  async importRun(files: readonly Dropped[]): Promise<string> {
    const { importRun } = await import("./exchange.ts");
    const name = await importRun(this.disk, files);
    const state = await readRunState(this.disk, name);
    if (state!.status === "running" || state!.status === "queued") {
      await writeState(this.disk, name, { ...state!, status: "interrupted" });
    }
    return name;
  }

  async predict(name: string, picture: Blob | ImageBitmap) {
    const { classify } = await import("./predict.ts");
    return await classify(this.disk, name, picture);
  }
}
