/** `denas modules`: makes a pool of modules for modular networks, or draws one that is there. */
import { type Command, Option } from "commander";
import { DataError, UsageError, whyUnreadable } from "../common/errors.ts";
import { limits } from "../nas/config/limits.ts";
import {
  choosePool,
  entryOf,
  type Module,
  type ModuleFile,
  moduleOf,
  readModules,
  textOf,
} from "../nas/spaces/modular_pool.ts";
import { cellPicture } from "../nas/spaces/nasbench101.ts";
import { writeAtomic } from "../run/files.ts";
import {
  byNetworks,
  byParameters,
  byTable,
  type Ranked,
  type RankOptions,
  unranked,
} from "./module_ranking.ts";
import { fromHere, shortPath } from "./paths.ts";
import { setting, sizeUpTo, whole } from "./option_values.ts";
import { print, printNote, table as lines } from "./terminal.ts";

interface ModulesOptions extends RankOptions {
  numModules: number;
  out: string;
  draw?: string;
}

export function addModules(program: Command, finish: (code: number) => void): void {
  program.command("modules")
    .argument("[file]", "a pool to show instead of making one")
    .description(
      "Make the pool of modules that modular networks are composed of: the best of some cells.",
    )
    .option("--num-modules <n>", "modules in the pool", sizeUpTo(limits.modules), 5)
    .option("--samples <n>", "cells to sample", sizeUpTo(limits.compared), 10)
    .option("--seed <n>", "start of the random numbers", whole, 42)
    .addOption(
      new Option(
        "--rank <by>",
        "table; training or zero-cost: each module in a network of its own, trained briefly or not at all; " +
          "parameters: their number; none",
      ).choices(["table", "training", "zero-cost", "parameters", "none"]),
    )
    .option(
      "--table <file>",
      "rank by this table of NAS-Bench-101 cells: .tfrecord, or a CSV of your own",
    )
    .option(
      "--metric <name>",
      "column of the table (default: test accuracy, of one training at random)",
    )
    .option("--score <name>", "zero-cost: score of the untrained networks", "nwot")
    .option("--preset <name>", "training: settings of the networks", "quick")
    .option("--data <name>", "training: the images")
    .option("--data-dir <folder>", "training: look for the images here first")
    .option("--set <name=value>", "training: any other setting of the search", setting)
    .option("--wait", "training: wait when another run has the adapter")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--out <file>", "where to write the pool", "modules.json")
    .option("--draw <file>", "draw the modules into a file: .svg, .png or .pdf")
    .addHelpText(
      "after",
      `
Examples:
  $ denas modules --table nasbench_full.tfrecord         as published
  $ denas modules --rank training --samples 10           without a table
  $ denas modules modules.json --draw modules.svg
  $ denas search --mode modular --modules modules.json`,
    ).action(async (file: string | undefined, options: ModulesOptions) => {
      if (file !== undefined) return await show(readPool(file), options);
      finish(await make(options));
    });
}

async function make(options: ModulesOptions): Promise<number> {
  const { rank = options.table === undefined ? "parameters" : "table" } = options;
  if ((rank === "table") !== (options.table !== undefined)) {
    throw new UsageError(
      `Cannot rank modules by ${rank}${
        options.table === undefined ? "" : " with --table"
      }: expected ` +
        "--table FILE with --rank table, and with no other",
    );
  }
  if (rank === "training" || rank === "zero-cost") {
    return await byNetworks({ ...options, rank }, (ranked) => choose(ranked, options));
  }
  const ranked = rank === "table"
    ? await byTable(options)
    : rank === "parameters"
    ? byParameters(options)
    : unranked(options);
  await choose(ranked, options);
  return 0;
}

async function choose({ modules, scores, source, show: format }: Ranked, options: ModulesOptions) {
  const score = scores && ((module: Module) => scores.get(module.hash)!);
  const chosen = choosePool(modules, options.numModules, score);
  const { duplicates, ties } = chosen;
  if (duplicates > 0) {
    printNote(
      `${duplicates} of ${modules.length} sampled cells are isomorphic to an earlier one`,
    );
  }
  if (ties > 0) {
    printNote(`${ties} more modules than asked for: their scores equal the last one's`);
  }
  const pool: ModuleFile = {
    format: "denas-modules",
    version: 1,
    source,
    seed: options.seed,
    samples: options.samples,
    modules: chosen.modules.map((module) => entryOf(module, score && score(module))),
  };
  const file = fromHere(options.out);
  writeAtomic(file, JSON.stringify(pool) + "\n");
  await show(pool, options, format);
  print(`written to ${shortPath(file)}`);
}

function readPool(file: string): ModuleFile {
  let text = "";
  try {
    text = Deno.readTextFileSync(fromHere(file));
  } catch (cause) {
    throw new DataError(`Cannot read pool ${file}: ${whyUnreadable(cause)}`, { cause });
  }
  return readModules(text, `pool ${file}`);
}

async function show(
  { modules, source, samples }: ModuleFile,
  { draw }: ModulesOptions,
  format: (score: number) => string = String,
): Promise<void> {
  const found = modules.map((entry) => moduleOf(textOf(entry)));
  print(`${modules.length} of ${samples} sampled cells, ranked by: ${source}`);
  print(lines(
    ["module", "score", "cell"],
    modules.map(({ score }, id) => [
      String(id),
      score === null ? "–" : format(score),
      found[id].text,
    ]),
  ));
  if (draw === undefined) return;
  const [{ drawSvg }, { writePicture }] = await Promise.all([
    import("../run/draw.ts"),
    import("../run/drawing/files.ts"),
  ]);
  const graphs = found.map(({ dag }, id) => cellPicture(dag, `module ${id}`));
  await writePicture(fromHere(draw), await drawSvg(graphs, { title: source }));
  print(shortPath(fromHere(draw)));
}
