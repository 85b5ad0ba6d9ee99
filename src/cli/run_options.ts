/** Options that several commands share, and the parsers of their values. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Overrides } from "../nas/config/config.ts";
import { knownSets } from "../data/published.ts";
import { type Limit, limits } from "../nas/config/limits.ts";
import { loadedPlugins } from "../run/plugins.ts";
import { addServeOption } from "./beside.ts";
import { existingWeights } from "./run_path.ts";

/** Options of `search`, `retrain` and `resume`. */
export interface RunOptions {
  runs: string;
  dataDir?: string;
  out: string;
  json?: boolean;
  wait?: boolean;
}

/** Options of `search` and `retrain`; a setting that was not given is undefined. */
export interface ConfigOptions extends RunOptions {
  preset: string;
  config?: string;
  printConfig?: boolean;
  faithful?: boolean;
  budget?: number;
  data?: string;
  seed?: number;
  seeds?: number[];
  initFrom?: string;
  profile?: string;
  adapter?: string;
  tune?: boolean;
  tuning?: string | false;
  epochs?: number;
  batch?: number;
  lr?: number;
  image?: number;
  trainImages?: number;
  validImages?: number;
  cutout?: number;
  decayAll?: boolean;
  set?: Record<string, unknown>;
}

export function addRunOptions(command: Command): Command {
  const options = command
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--data-dir <folder>", "look for the data set here first")
    .option("--wait", "wait when another run has the adapter")
    .option("--json", "print every event as a line of JSON on stdout");
  return addServeOption(options);
}

export function addConfigOptions(command: Command): Command {
  return addRunOptions(command)
    .option(
      "--preset <name>",
      "smoke (a minute), quick (minutes), paper, nnabla or codebrim",
      "quick",
    )
    .option("--data <name>", `${Object.keys(knownSets).join(", ")} or a folder of images`)
    .option("--seed <n>", "start of all random numbers", whole)
    .addOption(
      new Option("--seeds <list>", "one run per seed (1,2,3), then mean and deviation")
        .argParser(seedList).conflicts(["seed", "printConfig"]),
    )
    .option(
      "--init-from <run>",
      "start from the weights of a run, or of a .safetensors file, where names and shapes fit",
    )
    .option("--epochs <n>", "passes over the training images", whole)
    .option("--budget <time>", "scale the epochs to end in about 90s, 30m or 2h", seconds)
    .option("--batch <n>", "images per training step", whole)
    .option("--lr <rate>", "highest learning rate", number)
    .option("--image <n>", "side that folder images are resized to", whole)
    .option("--train-images <n>", "use only so many training images", whole)
    .option("--valid-images <n>", "use only so many validation images", whole)
    .option("--cutout <n>", "side of the square that is cut out of training images", whole)
    .option("--decay-all", "decay unused weights as well, as the released ENAS code does")
    .addOption(
      new Option("--profile <file>", "write a trace of kernels and host work, for ui.perfetto.dev")
        .conflicts("seeds"),
    )
    .option("--adapter <kind>", "default, high-performance, low-power or software")
    .addOption(
      new Option("--tune", "measure first which forms of its kernels are the fastest here")
        .conflicts("tuning"),
    )
    .option("--tuning <file>", "use the forms of kernels of an earlier run: its tuning.json")
    .option("--no-tuning", "leave out what was measured on this machine")
    .option("--faithful", "follow the released ENAS code where denas does not by default")
    .option("--set <name=value>", "any other setting, see --print-config; may be repeated", setting)
    .option("--config <file>", "take the settings of a run's config.json")
    .option("--print-config", "print all settings and stop");
}

/** Settings that were given, by their names in the config. */
export function overridesOf(options: Omit<ConfigOptions, "out">): Overrides {
  const { seed, epochs, batch, data, image, trainImages, validImages, adapter } = options;
  return {
    data,
    seed,
    plugins: loadedPlugins().length > 0 ? [...loadedPlugins()] : undefined,
    epochs,
    batch,
    image,
    trainImages,
    validImages,
    adapter,
    initFrom: options.initFrom && existingWeights(options.initFrom, options.runs),
    "optimizer.lrMax": options.lr,
    "optimizer.decayAll": options.decayAll,
    "augment.cutout": options.cutout,
    ...options.set,
  };
}

/** Drops undefined settings: they would hide values set earlier. */
export function definedOnly(overrides: Overrides): Overrides {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

export function whole(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n)) {
    throw new InvalidArgumentError("a whole number");
  }
  return n;
}

export function positive(text: string): number {
  const n = whole(text);
  if (n === 0) throw new InvalidArgumentError("a whole number above 0");
  return n;
}

/** Reads a whole number from 1 up to a limit. */
export const sizeUpTo = (limit: Limit) => (text: string): number => within(positive(text), limit);

function within(n: number, { most, why }: Limit): number {
  if (n <= most) return n;
  throw new InvalidArgumentError(`at most ${most.toLocaleString("en-US")}: ${why}`);
}

export function number(text: string): number {
  const n = Number(text);
  if (text.trim() === "" || !Number.isFinite(n)) {
    throw new InvalidArgumentError("a number");
  }
  return n;
}

export function port(text: string): number {
  const n = whole(text);
  if (n > 65535) throw new InvalidArgumentError("a port up to 65535");
  return n;
}

/** Reads a number above 0, such as minutes, seconds or a share of them. */
export function numberAbove0(text: string): number {
  const n = number(text);
  if (n <= 0) throw new InvalidArgumentError("a number above 0");
  return n;
}

function seconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text);
  if (!match || Number(match[1]) === 0) {
    throw new InvalidArgumentError("a time like 90s, 30m or 2h");
  }
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2]]!;
}

function seedList(text: string): number[] {
  const seeds = text.split(",").map((word) => whole(word.trim()));
  within(seeds.length, limits.seeds);
  if (new Set(seeds).size < seeds.length) {
    throw new InvalidArgumentError("each seed once");
  }
  return seeds;
}

/** Adds one `name=value`; the value is read as JSON, or as a string where it is not JSON. */
export function setting(text: string, all: Record<string, unknown> = {}): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("name=value");
  const value = text.slice(at + 1);
  let read: unknown = value;
  try {
    read = JSON.parse(value);
  } catch {
    // Not JSON: a plain string.
  }
  return { ...all, [text.slice(0, at)]: read };
}
