/** `denas sample`: more architectures from the controller that a search left. */
import { type Command, Option } from "commander";
import { join } from "@std/path";
import { UsageError } from "../errors.ts";
import type { Numbering } from "../nas/forms/numbering.ts";
import { whole } from "./options.ts";
import { fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { print, printError, printNote } from "./terminal.ts";

export interface SampleOptions {
  num: number;
  seed?: number;
  format: string;
  out: string;
  runs: string;
}

/** What a sampled architecture can be written as: the ending of its file, and how operations are numbered. */
const formats: Record<string, { form: "arch" | "npy" | "script"; numbering: Numbering }> = {
  json: { form: "arch", numbering: "original" },
  npy: { form: "npy", numbering: "nnabla" },
  txt: { form: "script", numbering: "original" },
};

const sampleFormats = Object.keys(formats);

export function addSample(program: Command): void {
  program.command("sample")
    .argument("[run]", "folder of a search, or its name; the newest by default")
    .description("Draw architectures from the controller of a search's best epoch.")
    .option("--num <n>", "how many", whole, 5)
    .option("--seed <n>", "start of the random numbers; by default that of the search", whole)
    .addOption(
      new Option("--format <ending>", "json; npy and txt for other ENAS programs")
        .choices(sampleFormats).default("json"),
    )
    .option("--out <folder>", "where to write the files", ".")
    .option("--runs <folder>", "folder of all runs", "runs")
    .addHelpText(
      "after",
      `
Files are named sampled_micro_arch_0.json and so on. npy has NNabla's numbering of operations.

Examples:
  $ denas sample --num 20 --out samples
  $ denas sample runs/2026-01-31-macro-1 --format npy
  $ denas retrain sampled_micro_arch_0.json`,
    ).action((run: string | undefined, options: SampleOptions) => sample(run, options));
}

/** @param mode space of the newest search to take, where no run is named; by default any. */
export async function sample(
  run: string | undefined,
  options: SampleOptions,
  mode?: string,
): Promise<void> {
  const [
    { sampleChoices },
    { archFieldsOf },
    { readSearch, readTensors },
    { writeForm },
    files,
    { followTuning },
  ] = await Promise.all([
    import("../nas/sample.ts"),
    import("../nas/search.ts"),
    import("../run/read_run.ts"),
    import("../nas/forms/mod.ts"),
    import("../run/files.ts"),
    import("./follow.ts"),
  ]);
  if (options.num < 1) {
    throw new UsageError(`Cannot sample ${options.num} architectures: expected at least 1`);
  }
  const path = run === undefined
    ? await newestSearch(options.runs, mode)
    : runPath(run, options.runs);
  const { config, start, name } = readSearch(path);
  if (!start?.data) {
    throw new UsageError(`Cannot sample from run ${path}: it stopped before it began`);
  }
  const choices = await sampleChoices({
    config,
    controller: readTensors(path, "controller.safetensors"),
    n: options.num,
    seed: options.seed ?? config.seed,
    onDevice: (gpu, dryRun) => followTuning(gpu, path, () => gpu.questions(dryRun), printNote),
  });
  const { classes, image, task = "single-label" } = start.data;
  const fields = archFieldsOf(config, { classes, image, task });
  const { form, numbering } = formats[options.format];
  const folder = fromHere(options.out);
  Deno.mkdirSync(folder, { recursive: true });
  choices.forEach((choice, i) => {
    const file = join(folder, `sampled_${config.mode}_arch_${i}.${options.format}`);
    files.writeAtomic(file, writeForm({ ...fields, choice, run: name }, form, numbering));
    print(shortPath(file));
  });
}

async function newestSearch(runs: string, mode: string | undefined): Promise<string> {
  const { listRuns } = await import("../run/state.ts");
  const folder = fromHere(runs);
  const known = listRuns(folder, (problem) => printError(`left out: ${problem}`));
  const newest = known.findLast(({ path, state }) =>
    state.command === "search" && (mode ?? state.space) === state.space &&
    hasFile(join(path, "controller.safetensors"))
  );
  if (newest) return newest.path;
  throw new UsageError(
    `Cannot sample: no search ${
      mode ? `in space ${mode} ` : ""
    }in ${runs} has left a controller yet, expected one; ` +
      `"denas runs" lists all runs`,
  );
}

function hasFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
