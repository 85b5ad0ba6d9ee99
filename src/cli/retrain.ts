/** `denas retrain`: trains a found architecture from scratch, then tests it. */
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { type ArchFile, formatArchFile } from "../nas/arch_formats/arch_file.ts";
import {
  applyOverrides,
  type Overrides,
  parseRetrainConfig,
  resolveRetrainConfig,
  resolveSearchConfig,
  type RetrainConfig,
  retrainConfig,
} from "../nas/config/config.ts";
import { finalConfig, foundAt } from "../nas/config/final_config.ts";
import { openSpace, spaces } from "../nas/registry.ts";
import type { Training } from "./baseline.ts";
import { addArchOptions, archArgument, type ArchOptions } from "./arch_options.ts";
import {
  addNnablaRetrainOptions,
  type NnablaRetrainOptions,
  nnablaRetrainOverrides,
} from "./nnabla_options.ts";
import { addConfigOptions, type ConfigOptions, definedOnly, overridesOf } from "./run_options.ts";
import { fromHere } from "./paths.ts";
import { isFile } from "./run_path.ts";
import { addDefinitionOptions, definitionOverrides } from "./definition_options.ts";
import { dataName, readSettings } from "./read_settings.ts";
import { start } from "./start.ts";
import { print } from "./terminal.ts";
import { addCheckpointedWorkerOptions, type WorkerOptions } from "./workers.ts";

type RetrainOptions =
  & Omit<ConfigOptions, "out">
  & ArchOptions
  & NnablaRetrainOptions
  & WorkerOptions
  & {
    /** An option of most spaces (definition_options.ts). */
    filters?: number;
    baseline?: boolean;
  };

const defaultArch = "arch.json";

export function addRetrain(program: Command, finish: (code: number) => void): void {
  const command = program.command("retrain")
    .argument("[arch]", `${archArgument} (default: "${defaultArch}")`)
    .description("Train a found architecture from scratch and test it.")
    .option("--baseline", "a hand-made network of the same space and size in its place");
  addDefinitionOptions(addConfigOptions(addArchOptions(command), retrainConfig), "space");
  addNnablaRetrainOptions(addCheckpointedWorkerOptions(command, "with --seeds: train"))
    .addHelpText(
      "after",
      `
Examples:
  $ denas retrain                                   arch.json, as the search left it
  $ denas retrain arch.json --preset paper --data cifar10
  $ denas retrain runs/2026-01-31-micro-1/arch.json --epochs 10 --filters 32
  $ denas retrain --form search --init-from 2026-01-31-micro-1      on the weights of its search
  $ denas retrain "0  3 0  0 1 0  2 0 0 1"          as the released ENAS scripts write it
  $ denas retrain macro_arch.npy --arch-format nnabla
  $ denas retrain arch.json --baseline --seeds 1,2,3                what the search has to beat
  $ denas retrain arch.json --seeds 1,2,3,4 --workers 2             two trainings at a time
  $ denas retrain --space macro --preset paper --print-config       a preset's own settings`,
    ).action(async (what: string | undefined, options: RetrainOptions) => {
      const path = archPath(what, options);
      if (options.printConfig && options.space !== undefined && path === undefined) {
        return print(JSON.stringify(await ownSettings(options.space, options), null, 2));
      }
      const { arch, text: archText, config } = options.baseline
        ? await baseline(path, options)
        : await training(path ?? defaultArch, options);
      if (options.printConfig) return print(JSON.stringify(config, null, 2));
      const job = { command: "retrain" as const, config, arch, archText };
      finish(await start(job, { ...options, out: path ?? defaultArch }));
    });
}

/** Path of the named architecture; undefined for the file that a search leaves. */
function archPath(what: string | undefined, { recommendedArch }: RetrainOptions) {
  if (what !== undefined && recommendedArch !== undefined) {
    throw new UsageError(
      `Cannot retrain both ${what} and --recommended-arch ${recommendedArch}: expected one architecture`,
    );
  }
  return what ?? recommendedArch;
}

/** A preset's settings for a space, independent of the architecture. */
async function ownSettings(space: string, options: RetrainOptions): Promise<RetrainConfig> {
  const { preset, faithful } = options;
  resolveRetrainConfig({ space, preset, faithful }); // Throws where the preset lacks this space.
  const searched = resolveSearchConfig({ mode: space, preset, faithful }).space;
  const overrides = await givenSettings(options, searched.filters);
  return resolveRetrainConfig({ space, preset, faithful, overrides });
}

async function training(path: string, options: RetrainOptions): Promise<Training> {
  const { arch, text } = await toTrain(path, options);
  const config = await resolve(arch, options);
  // Options may give it other layers or blocks than it has: fail before the run begins.
  openSpace(config.space).decode(arch.choice);
  return { arch, text, config };
}

/**
 * The baseline: matched to the architecture that would have been trained, or on its own where there is none
 * or it is of another space.
 */
async function baseline(
  path: string | undefined,
  options: RetrainOptions,
): Promise<Training> {
  const { baselineAlone, baselineLike } = await import("./baseline.ts");
  const { space, preset, faithful } = options;
  if (path !== undefined || isFile(fromHere(defaultArch))) {
    const like = await training(path ?? defaultArch, options);
    if (space === undefined || space === like.config.space.kind) {
      return baselineLike(like, options.filters !== undefined);
    }
  }
  const named = space ?? "micro";
  const overrides = {
    ...overridesOf(options, retrainConfig),
    ...definedOnly(definitionOverrides(options, "space")),
  };
  const config = resolveRetrainConfig({ space: named, preset, faithful, overrides });
  const arch = baselineAlone(config.space);
  return { arch, text: formatArchFile(arch), config: await resolve(arch, options) };
}

/**
 * The architecture to train. A foreign one has only its choices, so its sizes are those of the preset's
 * search.
 */
async function toTrain(what: string, options: RetrainOptions) {
  const { readArch } = await import("./read_arch.ts");
  const read = readArch(what, { ...options, anySpace: options.baseline });
  if (!read.foreign) return read;
  const { preset, faithful } = options;
  const { space } = read.arch;
  const trained = resolveRetrainConfig({ space, preset, faithful, overrides: {} }).space;
  const { kind: _, ...searched } = resolveSearchConfig({ mode: space, preset, faithful }).space;
  const { carried } = spaces.get(space);
  const own = carried?.({ ...foundAt(read.arch), filters: searched.filters }) ?? {};
  const arch: ArchFile = { ...read.arch, settings: { ...searched, ...own, stem: trained.stem } };
  return { arch, text: formatArchFile(arch) };
}

/** @param filters of the search. */
async function givenSettings(options: RetrainOptions, filters: number): Promise<Overrides> {
  return {
    ...overridesOf(options, retrainConfig),
    ...definedOnly(definitionOverrides(options, "space")),
    data: await dataName(options.data),
    ...definedOnly(nnablaRetrainOverrides(options, filters)),
    ...options.set,
  };
}

async function resolve(arch: ArchFile, options: RetrainOptions): Promise<RetrainConfig> {
  const given = await givenSettings(options, foundAt(arch).filters);
  if (options.config !== undefined) {
    const base = await readSettings(fromHere(options.config));
    applyOverrides(base, given);
    return parseRetrainConfig(base);
  }
  const { preset, faithful } = options;
  return finalConfig(arch, { preset, faithful, given });
}
