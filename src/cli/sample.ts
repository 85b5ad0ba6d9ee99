/** `denas sample`: samples more architectures from the controller that a search left. */
import { limits } from "../nas/config/limits.ts";
import { type Command, Option } from "commander";
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import type { Overrides } from "../nas/config/config.ts";
import { type Form, formOfName } from "../nas/arch_formats/formats.ts";
import type { Numbering } from "../nas/arch_formats/numbering.ts";
import { setting, sizeUpTo, whole } from "./option_values.ts";
import { fromHere, shortPath } from "./paths.ts";
import { print, printNote } from "./terminal.ts";

export interface SampleOptions {
  num: number;
  seed?: number;
  format: string;
  out: string;
  runs: string;
  /** Space and preset: of the newest search to use, or of a controller file that does not record them. */
  mode?: string;
  preset?: string;
  /** Settings that replace those of the search. */
  set?: Overrides;
}

/** Output formats by name: the file's format and the numbering of operations. */
const formats: Record<string, { form: Form; numbering: Numbering }> = {
  json: { form: "arch", numbering: "original" },
  npy: { form: "npy", numbering: "nnabla" },
  txt: { form: "script", numbering: "original" },
};

const sampleFormats = Object.keys(formats);

export function addSample(program: Command): void {
  program.command("sample")
    .argument(
      "[what]",
      "a search: folder or name; a controller.safetensors, or a folder with one (default: the newest search)",
    )
    .description("Draw architectures from the controller of a search's best epoch.")
    .option("--num <n>", "how many", sizeUpTo(limits.compared), 5)
    .option("--seed <n>", "start of the random numbers; by default that of the search", whole)
    .addOption(
      new Option("--format <ending>", "json; npy and txt for other ENAS programs")
        .choices(sampleFormats).default("json"),
    )
    .option("--out <folder>", "where to write the files", ".")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--mode <space>", "the newest search in this space; or the space of a bare controller")
    .option("--preset <name>", "the newest search with it; or the settings of a bare controller")
    .option("--set <name=value>", "another setting than that of the search", setting)
    .addHelpText(
      "after",
      `
Files are named sampled_micro_arch_0.json and so on. npy has NNabla's numbering of operations.
A controller.safetensors tells its search; one of an earlier version is bare: name --mode and --preset.

Examples:
  $ denas sample --num 20 --out samples
  $ denas sample runs/2026-01-31-macro-1 --format npy
  $ denas sample models/controller.safetensors --set strategy.controller.temperature=2
  $ denas retrain sampled_micro_arch_0.json`,
    ).action((what: string | undefined, options: SampleOptions) => sample(what, options));
}

export async function sample(what: string | undefined, options: SampleOptions): Promise<void> {
  if (options.num < 1) {
    throw new UsageError(`Cannot sample ${options.num} architectures: expected at least 1`);
  }
  const ending = formOfName(options.out);
  if (ending !== null) {
    throw new UsageError(
      `Cannot write samples to ${options.out}: it is the name of a file, expected a folder; ` +
        `--format chooses the form`,
    );
  }
  const [{ sampleChoices }, { openController }, { writeForm }, files, { followTuning }] =
    await Promise.all([
      import("../nas/search/sample.ts"),
      import("./controller.ts"),
      import("../nas/arch_formats/mod.ts"),
      import("../run/files.ts"),
      import("./follow.ts"),
    ]);
  const { config, controller, fields, bare, run } = openController(what, options);
  const { form, numbering } = formats[options.format];
  if (form === "arch" && bare) {
    throw new UsageError(
      `Cannot write architectures as json: ${what} does not tell what images its search saw; take ` +
        `--format npy or txt, or the run's folder`,
    );
  }
  const choices = await sampleChoices({
    config,
    controller,
    n: options.num,
    seed: options.seed ?? config.seed,
    onDevice: (gpu, dryRun) => {
      if (run) followTuning(gpu, run.path, () => gpu.questions(dryRun), printNote);
    },
  });
  const folder = fromHere(options.out);
  Deno.mkdirSync(folder, { recursive: true });
  choices.forEach((choice, i) => {
    const file = join(folder, `sampled_${config.space.kind}_arch_${i}.${options.format}`);
    files.writeAtomic(
      file,
      writeForm({ ...fields, choice, ...run && { run: run.name } }, form, numbering),
    );
    print(shortPath(file));
  });
}
