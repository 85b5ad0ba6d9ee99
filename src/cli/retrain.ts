/** `denas retrain`: train a found architecture from scratch, then test it. */
import type { Command } from "commander";
import { type ArchFile, formatArchFile } from "../nas/arch_file.ts";
import {
  applyOverrides,
  parseConfig,
  resolveRetrainConfig,
  type RetrainConfig,
  retrainConfig,
} from "../nas/config.ts";
import { finalConfig } from "../nas/final_config.ts";
import { addArchOptions, archArgument, type ArchOptions } from "./arch_options.ts";
import {
  addNnablaRetrainOptions,
  type NnablaRetrainOptions,
  nnablaRetrainOverrides,
} from "./nnabla_options.ts";
import { addConfigOptions, type ConfigOptions, definedOnly, overridesOf } from "./options.ts";
import { fromHere } from "./paths.ts";
import { dataName, readSettings } from "./settings.ts";
import { print } from "./terminal.ts";

type RetrainOptions = Omit<ConfigOptions, "out"> & ArchOptions & NnablaRetrainOptions & {
  legacyFixed?: boolean;
  form?: string;
};

export function addRetrain(program: Command, finish: (code: number) => void): void {
  const command = program.command("retrain")
    .argument("[arch]", archArgument, "arch.json")
    .description("Train a found architecture from scratch and test it.")
    .option("--form <form>", "final (the default), or search: the network as the search trained it")
    .option("--legacy-fixed", "separable operations of a macro network are full convolutions");
  addNnablaRetrainOptions(addConfigOptions(addArchOptions(command))).addHelpText(
    "after",
    `
Examples:
  $ denas retrain                                   arch.json, as the search left it
  $ denas retrain arch.json --preset paper --data cifar10
  $ denas retrain runs/2026-01-31-micro-1/arch.json --epochs 10 --filters 32
  $ denas retrain --form search --init-from 2026-01-31-micro-1      on the weights of its search
  $ denas retrain "0  3 0  0 1 0  2 0 0 1"          as the released ENAS scripts write it
  $ denas retrain macro_arch.npy --arch-format nnabla`,
  ).action(async (what: string, options: RetrainOptions) => {
    const path = options.recommendedArch ?? what;
    const { arch, text: archText } = await toTrain(path, options);
    const config = await resolve(arch, options);
    if (options.printConfig) return print(JSON.stringify(config, null, 2));
    const [{ execute }, { fitBudget }] = await Promise.all([
      import("./execute.ts"),
      import("./budget.ts"),
    ]);
    const prepare = options.budget === undefined ? undefined : fitBudget(options.budget);
    const job = { command: "retrain" as const, config, arch, archText };
    finish(await execute(job, { ...options, out: path, prepare }));
  });
}

/** A foreign architecture says nothing of the stem: it gets the preset's. */
async function toTrain(what: string, options: RetrainOptions) {
  const { readArch } = await import("./picture.ts");
  const read = readArch(what, options);
  if (!read.foreign) return read;
  const { preset, faithful } = options;
  const { child } = resolveRetrainConfig({
    space: read.arch.space,
    preset,
    faithful,
    overrides: {},
  });
  const arch = { ...read.arch, stem: child.stem };
  return { arch, text: formatArchFile(arch) };
}

async function resolve(arch: ArchFile, options: RetrainOptions): Promise<RetrainConfig> {
  const given = {
    ...overridesOf(options),
    data: await dataName(options.data),
    "child.legacyFixed": options.legacyFixed,
    "child.form": options.form,
    ...definedOnly(nnablaRetrainOverrides(options, arch.filters)),
    ...options.set,
  };
  if (options.config !== undefined) {
    const base = await readSettings(fromHere(options.config));
    applyOverrides(base, given);
    return parseConfig(retrainConfig, base, "retrain");
  }
  const { preset, faithful } = options;
  return finalConfig(arch, { preset, faithful, given });
}
