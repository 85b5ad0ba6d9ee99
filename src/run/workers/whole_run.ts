/**
 * Work of whole runs: a job is a search or a retraining in a folder of its own. A worker of the same machine
 * writes into the folder itself, so that the run can be followed and resumed; for others the files are carried.
 */
import { join } from "@std/path";
import * as z from "zod";
import { DeviceLostError } from "../../common/errors.ts";
import type { FindOptions } from "../../data/mod.ts";
import type { Gpu } from "../../gpu/mod.ts";
import type { SearchConfig } from "../../nas/config/config.ts";
import { needsDevice, openDevice } from "../../nas/search/search.ts";
import { openData } from "../../nas/train/data_of.ts";
import { kernelsDigest } from "../../nas/tuning/kernels.ts";
import { driverVersion } from "../driver.ts";
import { writeAtomic } from "../files.ts";
import { RunFolder } from "../folder.ts";
import { eventsOf, type Job, jobOf, seesImages, splitsOf } from "../job.ts";
import { record } from "../record.ts";
import { readState } from "../state.ts";
import { CarriedRun } from "./carried_run.ts";
import { begun, type CheckpointOptions } from "./checkpoints.ts";
import { plainError, plainErrorSchema } from "./messages.ts";
import type { Work } from "./work.ts";

/** Settings of the work. */
export interface RunOpening {
  /** Adapter of the runs; absent where they need none. */
  adapter?: SearchConfig["adapter"];
  /** Folders in which data sets are looked for. */
  find: Pick<FindOptions, "cacheDir" | "dataDir" | "packageDirs">;
  /** Folder of all runs; absent on other machines. */
  runs?: string;
  /** Name of the data set on this machine, where it was fetched. */
  config?: { data?: string };
}

/** Name of a file in a run's folder. */
const fileName = z.string().max(200).regex(/^[\w-][\w.-]*$/);
const runJob = z.object({
  /** Name of the run's folder. */
  name: fileName,
  /** Texts of its files before the run. */
  files: z.record(fileName, z.string()),
});
/** A job: one run. */
export type RunJob = z.infer<typeof runJob>;

/** Files that decide what a run computes. */
const GIVEN = ["config.json", "tuning.json"];
const GIVEN_TEXTS = [...GIVEN, "state.json", "arch.json"];

/** The job of a run whose folder was made. */
export function runJobOf(runs: string, name: string): RunJob {
  const there = [...Deno.readDirSync(join(runs, name))].map((file) => file.name);
  const texts = GIVEN_TEXTS.filter((file) => there.includes(file))
    .map((file) => [file, Deno.readTextFileSync(join(runs, name, file))]);
  return { name, files: Object.fromEntries(texts) };
}

/** The value of a job: how the run ended, and its files in base64 where they are not in their folder yet. */
export const runEnd = z.object({
  status: z.enum(["done", "interrupted", "failed"]),
  /** Why a run failed. */
  error: plainErrorSchema.optional(),
  files: z.record(fileName, z.string()).optional(),
  ...begun.shape,
});
export type RunEnd = z.infer<typeof runEnd>;

/** Puts the files of a run of another machine into its folder; its state comes last. */
export function receiveRun(path: string, { files = {} }: RunEnd): void {
  const { "state.json": state, ...rest } = files;
  for (const [name, content] of Object.entries(rest)) {
    if (!GIVEN.includes(name)) writeAtomic(join(path, name), Uint8Array.fromBase64(content));
  }
  if (state !== undefined) writeAtomic(join(path, "state.json"), Uint8Array.fromBase64(state));
}

/** @param options checkpoints of runs on other machines; those of this one are in the runs' folders. */
export async function openRunWork(
  value: unknown,
  _signal: AbortSignal,
  options?: CheckpointOptions,
): Promise<Work> {
  const { adapter, runs, ...places } = value as RunOpening;
  const about = adapter === undefined ? {} : await describe(adapter);
  return {
    ...about,
    async run(payload, signal, job): Promise<RunEnd> {
      const { name, files } = runJob.parse(payload);
      if (runs !== undefined) return await runIn(join(runs, name), places, signal);
      // Beside the checkpoints: what a killed process leaves is removed when its worker ends.
      const folder = Deno.makeTempDirSync({ dir: options?.folder, prefix: "denas-run-" });
      try {
        for (const [file, text] of Object.entries(files)) writeAtomic(join(folder, file), text);
        const carried = options &&
          new CarriedRun(folder, files, options, job, { name, kernelsDigest, ...about });
        await carried?.restore();
        const end = await runIn(folder, places, signal, carried);
        return { ...end, ...carried?.begun, files: filesOf(folder) };
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
    close: () => {},
  };
}

async function describe(
  adapter: SearchConfig["adapter"],
): Promise<Pick<Work, "adapter" | "driver">> {
  const { gpu, done } = await openDevice(adapter, undefined);
  done();
  const { description, driver } = gpu.adapter;
  return { adapter: description, driver: driverVersion(description) ?? driver };
}

/** Runs a run to its end, from its last checkpoint. @throws DeviceLostError: another process goes on. */
async function runIn(
  path: string,
  { find, config }: RunOpening,
  interrupted: AbortSignal,
  carried?: CarriedRun,
): Promise<RunEnd> {
  // Its worker may have been lost right after the end.
  if (readState(path).status === "done") return { status: "done" };
  if (interrupted.aborted) return { status: "interrupted" };
  const folder = RunFolder.open(path);
  const stop = new AbortController();
  const interrupt = () => stop.abort(new DOMException("The run was interrupted", "AbortError"));
  // The page stops a run by this signal to the process in its state.
  Deno.addSignalListener("SIGINT", interrupt);
  interrupted.addEventListener("abort", interrupt);
  let gpu: Gpu | undefined;
  try {
    const job = jobOf(folder);
    gpu = await deviceOf(job, folder);
    const { data } = { ...job.config, ...config };
    const dataset = seesImages(job)
      ? await openData({ ...job.config, data }, splitsOf(job), { find })
      : undefined;
    const { minutes } = folder.state;
    const io = { signal: stop.signal, store: folder, gpu, dataset, cacheDir: find.cacheDir };
    const events = eventsOf(job, { ...io, minutes });
    const { status } = await record(folder, carried?.following(events) ?? events, stop.signal);
    return { status };
  } catch (error) {
    if (error instanceof DeviceLostError) throw error;
    folder.update({ status: "failed", error: (error as Error).message });
    return { status: "failed", error: plainError(error as Error) };
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    interrupted.removeEventListener("abort", interrupt);
    gpu?.close();
    folder.close();
  }
}

/** A device of the run's own, as a run by itself has it. */
async function deviceOf(job: Job, { tuning }: RunFolder): Promise<Gpu | undefined> {
  if (job.command === "search" && !needsDevice(job.config)) return undefined;
  const { gpu } = await openDevice(job.config.adapter, undefined);
  const { adapter } = gpu;
  adapter.driver = driverVersion(adapter.description) ?? adapter.driver;
  gpu.tuning.use(tuning?.choices ?? {}, "the run");
  return gpu;
}

/** Files of a folder, checkpoints aside. */
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)
      .map(({ name }) => [name, Deno.readFileSync(join(folder, name)).toBase64()]),
  );
