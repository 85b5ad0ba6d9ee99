/** `denas extract`: the architectures and accuracies in a log, ranked. */
import { join } from "@std/path";
import { type Command, InvalidArgumentError } from "commander";
import type { Extracted, ExtractedArch } from "../run/extract.ts";
import { positive } from "./option_values.ts";
import { commandName, fromHere, quoteWord, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { counted, percent, print, printError, scoreText } from "./terminal.ts";

interface CliOptions {
  top?: number;
  epochs?: [number, number];
  space?: string;
  preset?: string;
  json?: boolean;
  out?: string;
  runs: string;
}

export function addExtract(program: Command): void {
  program.command("extract")
    .argument("<log>", "log of an ENAS run, or a run of denas: its folder, name or events.ndjson")
    .description("Rank the architectures of a log; print the commands that retrain them.")
    .option("--top <n>", "only the best n (default: 10, with --json all)", positive)
    .option("--epochs <a-b>", "architectures of these epochs only", range)
    .option("--space <name>", "architectures of this space only")
    .option("--preset <name>", "preset of the retrain commands")
    .option("--json", "print lines of JSON: architectures, epochs, the best epoch")
    .option(
      "--out <folder>",
      "write arc_string_output.txt, valid_accuracy_array.npy and test_accuracy_array.npy there",
    )
    .option("--runs <folder>", "folder of all runs", "runs")
    .addHelpText(
      "after",
      `
A log that is cut is read as far as it goes; what is missing is said with its line.

Examples:
  $ denas extract outputs/stdout --top 3 --epochs 280-310 --preset paper
  $ denas extract outputs/stdout --json | jq -r 'select(.rank == 1) | .choice | @csv'
  $ denas extract outputs/stdout --out extracted
  $ denas extract 2026-01-31-micro-1`,
    ).action(async (log: string, options: CliOptions) => {
      const { extract, extractedFiles } = await import("../run/extract.ts");
      const path = runPath(log, options.runs);
      const extracted = extract(path, options);
      for (const problem of extracted.problems) {
        printError(`warning: ${shortPath(path)}: ${problem}`);
      }
      const suffix = suffixOf(extracted, options.preset);
      if (options.out !== undefined) await writeFiles(extractedFiles(extracted), options.out);
      const shown = extracted.architectures.slice(0, options.top ?? (options.json ? Infinity : 10));
      if (options.json) printLines(extracted, shown, suffix);
      else printReport(extracted, shown, suffix);
    });
}

async function writeFiles(
  files: Record<string, string | Uint8Array>,
  out: string,
): Promise<void> {
  const { requireFolder, writeAtomic } = await import("../run/files.ts");
  const folder = fromHere(out);
  requireFolder(folder);
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    writeAtomic(file, content);
    printError(`wrote ${shortPath(file)}`);
  }
}

function printLines(
  { epochs, best, scoreKind, scoreUnit }: Extracted,
  shown: readonly ExtractedArch[],
  suffix: string,
): void {
  const line = (type: string, fields: object) => print(JSON.stringify({ type, ...fields }));
  shown.forEach((arch, i) => {
    const command = retrainCommand(arch, suffix);
    line("architecture", { rank: i + 1, ...arch, scoreKind, scoreUnit, command });
  });
  for (const epoch of epochs) line("epoch", epoch);
  if (best) line("best", best);
}

function printReport(
  { architectures, epochs, best, scoreKind, scoreUnit }: Extracted,
  shown: readonly ExtractedArch[],
  suffix: string,
): void {
  print(
    `${counted(architectures.length, "architecture")}, ${
      counted(epochs.length, "epoch")
    } with accuracies`,
  );
  if (best) {
    const test = best.test === undefined ? "no test then" : `test then ${percent(best.test)}`;
    // A search's reported accuracy is the mean over architectures that its policy samples.
    const mean = architectures.length > 0 ? " (mean over the policy's architectures)" : "";
    print(
      `best validation ${scoreText(best.valid!, scoreUnit)}${mean} in epoch ${best.epoch}, ${test}`,
    );
  }
  if (shown.length === 0) return;
  print(`\nscore: ${scoreKind}`);
  shown.forEach((arch, i) => {
    const { epoch, score, times } = arch;
    const when = epoch === null ? "" : `  epoch ${epoch}`;
    const often = times > 1 ? `  scored ${times} times` : "";
    print(`\n${String(i + 1).padStart(3)}  ${scoreText(score, scoreUnit)}${when}${often}`);
    print(`     ${retrainCommand(arch, suffix)}`);
  });
}

function retrainCommand({ space, text }: ExtractedArch, suffix: string): string {
  return `${commandName()} retrain "${text}" --space ${space}${suffix}`;
}

function suffixOf({ data, ...extracted }: Extracted, given?: string): string {
  const preset = given ?? extracted.preset;
  const isFolder = data?.includes("/");
  const where = data && isFolder ? shortPath(fromHere(data)) : data;
  return (preset === undefined ? "" : ` --preset ${quoteWord(preset)}`) +
    (where === undefined ? "" : ` --data ${quoteWord(where)}`);
}

function range(text: string): [number, number] {
  const match = /^(\d+)(?:(?:-|\.\.)(\d+))?$/.exec(text);
  if (!match) throw new InvalidArgumentError("epochs like 280-310");
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
  if (last < first) throw new InvalidArgumentError("the earlier epoch first");
  return [first, last];
}
