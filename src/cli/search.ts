/** `denas search`: searches for an architecture. */
import { type Command, Option } from "commander";
import { UsageError } from "../common/errors.ts";
import {
  applyOverrides,
  type Overrides,
  parseSearchConfig,
  resolveSearchConfig,
  type SearchConfig,
  searchConfig,
} from "../nas/config/config.ts";
import {
  addEvaluatorOptions,
  type EvaluatorOptions,
  evaluatorOverrides,
} from "./evaluator_options.ts";
import {
  addNnablaSearchOptions,
  type NnablaSearchOptions,
  nnablaSearchOverrides,
} from "./nnabla_options.ts";
import { addConfigOptions, type ConfigOptions, definedOnly, overridesOf } from "./run_options.ts";
import { fromHere } from "./paths.ts";
import {
  addAliasOptions,
  addDefinitionOptions,
  definitionOverrides,
} from "./definition_options.ts";
import { dataName, readSettings } from "./read_settings.ts";
import { searchSection } from "../nas/config/presets.ts";
import { spaces, strategies } from "../nas/registry.ts";
import { start } from "./start.ts";
import { print } from "./terminal.ts";
import { addSearchWorkerOptions, type WorkerOptions } from "./workers.ts";

interface SearchOptions
  extends ConfigOptions, NnablaSearchOptions, EvaluatorOptions, WorkerOptions {
  mode?: string;
  strategy?: string;
  channels?: string;
}

export function addSearch(program: Command, finish: (code: number) => void): void {
  const command = program.command("search")
    .description("Find an architecture with shared weights; the winner is written to arch.json.")
    .option(
      "--mode <space>",
      "what to search: micro (two cells), macro (a whole network), or a benchmark's space",
    )
    .option("--strategy <name>", `one of ${strategies.names.join(", ")}`)
    .addOption(
      new Option(
        "--channels <kind>",
        "macro: a layer has one operation (whole), or takes a range of the channels of each; modular: modules " +
          "as the released code builds them (code), or true NAS-Bench-101 cells (paper)",
      ).choices([...new Set(spaces.all().flatMap(({ channels = {} }) => Object.keys(channels)))]),
    )
    .option("--out <file>", "where to copy the winner", "arch.json");
  addDefinitionOptions(addConfigOptions(command, searchConfig), "space");
  addDefinitionOptions(command, "strategy");
  addNnablaSearchOptions(addSearchWorkerOptions(addEvaluatorOptions(command)));
  const published = addAliasOptions(command);
  command
    .addHelpText(
      "after",
      `
Examples:
  $ denas search --mode micro                       cells, on Fashion-MNIST, in minutes
  $ denas search --mode macro --preset smoke        see everything work in a minute
  $ denas search --mode micro --data ./photos       your images: photos/train/<class>/*.jpg
  $ denas search --mode micro --budget 30m --seed 2
  $ denas search --mode micro --set strategy.controller.lr=0.01
  $ denas search --mode macro --strategy enas-nnabla --max-search-iter 20 --early-stop-over 0.8
  $ denas search --mode micro --seeds 1,2,3         three searches, mean and deviation
  $ denas search --mode micro --seeds 1,2,3 --workers 3    each in a process of its own
  $ denas search --mode micro --workers 2           two processes score the final candidates
  $ denas search --mode darts --evaluator train --queries 20
  $ denas search --mode modular --inherit average   networks begin with the weights of earlier ones
  $ denas search --mode darts --evaluator train --queries 20 --workers 2
  $ denas search --table nb201.csv --table-dataset cifar100 --queries 200
  $ denas search --table nb201.csv --strategy nsga2 --objectives=-params_mb --queries 300
  $ denas search --mode micro --print-config > my.json
  $ denas search --config my.json`,
    ).action(async (given: SearchOptions, command: Command) => {
      const set = { ...definedOnly(published(given)), ...given.set };
      const options = { ...given, out: given.recommendedArch ?? given.out, set };
      if (options.samplingOnly) return await drawOnly(given, command);
      const config = await resolve(options);
      if (options.printConfig) return print(JSON.stringify(config, null, 2));
      finish(await start({ command: "search", config }, options));
    });
}

/**
 * `--sampling-only`: samples from the controller in `--model-save-path`, or of the newest search that fits.
 * Files go into the current folder, as in nnabla-examples, or into `--out`.
 */
async function drawOnly(options: SearchOptions, command: Command): Promise<void> {
  const { sample } = await import("./sample.ts");
  const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
  const { modelSavePath = options.monitorSavePath, numSampling, seed, format, runs, mode } =
    options;
  await sample(modelSavePath, {
    ...{ num: numSampling, seed, format, runs, mode },
    out: isGiven("out") ? options.out : ".",
    preset: isGiven("preset") ? options.preset : undefined,
    set: definedOnly(await givenSettings(options)),
  });
}

/** The value of `--channels` for a space that has it as a setting. */
const channelSetting = ({ mode, channels }: SearchOptions): string | undefined =>
  mode !== undefined && spaces.find(mode)?.settings.shape.channels ? channels : undefined;

async function givenSettings(options: SearchOptions): Promise<Overrides> {
  return {
    ...overridesOf(options, searchConfig),
    ...definedOnly(definitionOverrides(options, "space")),
    ...definedOnly(nnablaSearchOverrides(options)),
    ...definedOnly(definitionOverrides(options, "strategy")),
    ...definedOnly(evaluatorOverrides(options, usualEvaluator(options))),
    data: await dataName(options.data),
    "strategy.kind": options.strategy,
    "space.channels": channelSetting(options),
    ...options.set,
  };
}

/** The evaluator of the mode's preset. */
function usualEvaluator({ mode, preset }: SearchOptions): string {
  const space = mode === undefined ? undefined : spaces.find(mode);
  return space && searchSection(space, preset ?? "quick").evaluatorName || "shared";
}

async function resolve(options: SearchOptions): Promise<SearchConfig> {
  const overrides = await givenSettings(options);
  if (options.config !== undefined) {
    const base = await readSettings(fromHere(options.config));
    applyOverrides(base, { "space.kind": options.mode, ...overrides });
    return parseSearchConfig(base);
  }
  const { preset, faithful } = options;
  return resolveSearchConfig({ mode: await modeOf(options), preset, faithful, overrides });
}

/** The named space, or that of a benchmark's table. */
async function modeOf({ mode, table, channels }: SearchOptions): Promise<string> {
  if (channels !== undefined) return ofChannels(mode, channels);
  if (mode !== undefined) return mode;
  if (table === undefined) {
    throw new UsageError("Cannot search: no --mode given, expected --mode micro or --mode macro");
  }
  const { openShowing } = await import("./table.ts");
  const opened = await openShowing(fromHere(table));
  opened.close();
  return opened.space;
}

/** The space that `--channels` selects among the variants of a space. */
function ofChannels(mode: string | undefined, channels: string): string {
  const among = spaces.all().filter((space) => space.channels?.[channels] !== undefined);
  const named = among.find((space) =>
    space.name === mode || Object.values(space.channels!).includes(mode ?? "")
  );
  if (named) return named.channels![channels];
  throw new UsageError(
    `Cannot search with --channels ${channels} in mode ${JSON.stringify(mode)}: expected --mode ${
      among.map(({ name }) => name).join(" or ")
    }`,
  );
}
