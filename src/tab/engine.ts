/** Runs a search or a retraining of the tab from its folder, from the first step or from its checkpoint. */
import { UsageError } from "../common/errors.ts";
import type { DataSet } from "../data/dataset.ts";
import { Gpu } from "../gpu/device.ts";
import { type ArchFile, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import {
  parseRetrainConfig,
  parseSearchConfig,
  type RetrainConfig,
  type SearchConfig,
} from "../nas/config/config.ts";
import { pictureOf } from "../nas/config/final_config.ts";
import type { LoggedEvent } from "../nas/events.ts";
import { search } from "../nas/search/search.ts";
import { type NetworkFile, parseNetworkFile } from "../nas/train/network.ts";
import { drawSvg } from "../run/draw.ts";
import { layOutLayered } from "../run/drawing/layered.ts";
import { record } from "../run/record.ts";
import { decodeSafetensors, type Tensors } from "../run/safetensors.ts";
import { readBeside, readRunImages } from "./data_sets.ts";
import type { Disk } from "./disk.ts";
import { readRunFile, tuningChoices } from "./run_files.ts";
import { TabRun } from "./tab_run.ts";

type Job =
  | { command: "search"; config: SearchConfig }
  | { command: "retrain"; config: RetrainConfig; arch: ArchFile };

/** Inputs of a run from the tab. */
export interface WorkIO {
  disk: Disk;
  /** Address of the page, beside which published sets may lie. */
  page: URL;
  signal: AbortSignal;
  /** Called once the run is open. */
  onOpen(run: TabRun): void;
  /** Called with each event once it is written. */
  onEvent(event: LoggedEvent): void;
}

/**
 * Works on a run until it is done or stopped. The caller holds its lock.
 * @throws any error of the run, after its state says "failed".
 */
export async function workOn(name: string, io: WorkIO): Promise<void> {
  const run = await TabRun.open(io.disk, name);
  io.onOpen(run);
  let gpu: Gpu | undefined;
  try {
    const job = await jobOf(io.disk, run);
    const dataset = await imagesOf(job, name, io);
    gpu = await Gpu.open();
    const tuning = await io.disk.read(`runs/${name}/tuning.json`);
    if (tuning) gpu.tuning.use(tuningChoices(tuning, name), "tuning.json of the run");
    const options = { signal: io.signal, store: run, gpu, dataset };
    const events = job.command === "search"
      ? search(job.config, options)
      : (await import("../nas/train/retrain.ts")).retrain(job.arch, job.config, options);
    // The page looks for all files when it hears of the end, so these are written before.
    const { done } = await record(run, events, io.signal, (event) => {
      if (event.type !== "done") io.onEvent(event);
    });
    if (!done) return;
    await finish(job, io.disk, run, done.testAccuracy);
    io.onEvent(done);
  } catch (error) {
    if (run.state.status === "running") {
      run.update({ status: "failed", error: (error as Error).message });
    }
    throw error;
  } finally {
    gpu?.close();
    await run.close();
  }
}

async function jobOf(disk: Disk, { name, state }: TabRun): Promise<Job> {
  const read = async (file: string) =>
    new TextDecoder().decode(await readRunFile(disk, name, file));
  const config = JSON.parse(await read("config.json"));
  if (state.command === "search") return { command: "search", config: parseSearchConfig(config) };
  const arch = parseArchFile(await read("arch.json"), "arch.json");
  return { command: "retrain", config: parseRetrainConfig(config), arch };
}

async function imagesOf(
  { command, config }: Job,
  name: string,
  { disk, page }: WorkIO,
): Promise<DataSet> {
  const splits = command === "retrain" && config.allTraining ? "final" : "search";
  return await readRunImages(disk, name, config.data, splits) ??
    await readBeside(page, config.data, splits);
}

/** Writes what is made of the results: a drawing, and a trained network as ONNX. */
async function finish(job: Job, disk: Disk, run: TabRun, testAccuracy?: number): Promise<void> {
  const text = new TextDecoder().decode(await readRunFile(disk, run.name, "arch.json"));
  await run.put("arch.svg", await draw(parseArchFile(text, "arch.json")));
  if (job.command === "search") return;
  // Loaded on demand, as is all that a search does without.
  const [{ onnxModel }, { encodeModel }] = await Promise.all([
    import("../run/onnx/mod.ts"),
    import("../run/onnx/model.ts"),
  ]);
  const { network, tensors } = await readTrained(disk, run.name);
  await run.put("model.onnx", encodeModel(onnxModel({ network, tensors, testAccuracy })));
}

/** Draws an architecture as SVG. */
export const draw = (arch: ArchFile): Promise<string> =>
  drawSvg(pictureOf(arch), { layOut: layOutLayered });

/** The network of a finished retraining. @throws UsageError where there is none yet. */
export async function readTrained(
  disk: Disk,
  name: string,
): Promise<{ network: NetworkFile; tensors: Tensors }> {
  const [network, weights] = await Promise.all(
    ["network.json", "weights.safetensors"].map((file) => disk.read(`runs/${name}/${file}`)),
  );
  if (!network || !weights) {
    throw new UsageError(
      `Cannot classify with ${name}: it has no trained network, expected a retraining that is done`,
    );
  }
  return {
    network: parseNetworkFile(new TextDecoder().decode(network), "network.json"),
    tensors: decodeSafetensors(weights, "weights.safetensors").tensors,
  };
}
