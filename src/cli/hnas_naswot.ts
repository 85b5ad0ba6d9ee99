/** `denas hnas optimize_naswot`: random architectures scored untrained; the best so far at powers of ten. */
import { join } from "@std/path";
import type { Command } from "commander";
import { limits } from "../nas/config/limits.ts";
import { naswotFiles, type NaswotTrial } from "../nas/zero_cost/naswot.ts";
import { requireFolder, writeAtomic } from "../run/files.ts";
import { hnasObjectives } from "./hnas_objectives.ts";
import {
  addCommonHnasOptions,
  addUntrainedOptions,
  dataFolder,
  type HnasOptions,
} from "./hnas_options.ts";
import { untrainedConfig, type UntrainedOptions } from "./hnas_settings.ts";
import { sizeUpTo } from "./option_values.ts";
import { fromHere } from "./paths.ts";
import { start } from "./start.ts";

interface NaswotCommand
  extends UntrainedOptions, Pick<HnasOptions, "working_directory" | "data_path"> {
  n_runs: number;
  runs: string;
  wait?: boolean;
  json?: boolean;
}

export function addNaswot(hnas: Command, finish: (code: number) => void): void {
  const command = hnas.command("optimize_naswot");
  addUntrainedOptions(
    addCommonHnasOptions(command, hnasObjectives)
      .description("Score random architectures by NASWOT, untrained, and keep the best.")
      .option("--n_runs <n>", "random architectures", sizeUpTo(limits.architectures), 10_000)
      .option("--n_samples <n>", "accepted as in the script, which does not use it")
      .option("--naslib", "accepted: the score is always that of NASLib"),
  ).option("--json", "print every event as a line of JSON on stdout")
    .action(async (options: NaswotCommand) => finish(await run(options)));
}

async function run(options: NaswotCommand): Promise<number> {
  const { working_directory, seed, n_runs, ...rest } = options;
  const config = untrainedConfig(options, {
    "evaluator.score": "nwot",
    epochs: 1,
    rounds: n_runs,
    perRound: 1,
  });
  const folder = join(fromHere(working_directory), "naswot", String(seed));
  requireFolder(folder);
  const trials: NaswotTrial[] = [];
  return await start({ command: "search", config }, {
    ...rest,
    dataDir: dataFolder(options.data_path),
    out: join(folder, "arch.json"),
    onEvent(event) {
      if (event.type !== "trial" || event.on !== "reward") return;
      trials.push({ key: event.key, score: event.score, status: event.status });
      // Files are of 10, 100, … architectures.
      if (!/^10+$/.test(String(trials.length))) return;
      for (const [name, best] of naswotFiles(trials)) {
        writeAtomic(join(folder, name), JSON.stringify(best) + "\n");
      }
    },
  });
}
