/** `denas plot`: draws the curves of a run or of a study. */
import { basename, join } from "@std/path";
import type { Command } from "commander";
import { DataError } from "../common/errors.ts";
import { isStudyHead, readStudyRecords, studyFile } from "../nas/study/records.ts";
import { isSurrogateLine, readSurrogateLines } from "../nas/study/surrogate_records.ts";
import { addArchOptions, type ArchOptions } from "./arch_options.ts";
import { besideFile, fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { print, printError } from "./terminal.ts";

interface PlotOptions extends ArchOptions {
  lineage?: boolean;
  out?: string;
  runs: string;
}

export function addPlot(program: Command): void {
  const command = program.command("plot")
    .argument(
      "<run>",
      "folder of a run, or its name; a study's folder; a file of surrogate; a log of ENAS, or a list of " +
        "architectures",
    )
    .description("Draw a run's curves, what the searches of a study found, or how predictors do.")
    .option(
      "--out <file>",
      "file to write: .svg, .png or .pdf; by default RUN/plot.svg, or beside the file",
    )
    .option(
      "--lineage",
      "a search's trials with those that they were made from, instead of its curves",
    )
    .option("--runs <folder>", "folder of all runs", "runs");
  addArchOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ denas plot 2026-01-31-micro-1
  $ denas plot runs/2026-01-31-micro-1 --out plot.pdf
  $ denas plot 2026-01-31-modular-1 --lineage        parents, changes, epochs
  $ denas plot studies/main_experiments --out study.png
  $ denas plot surrogate.ndjson                      Kendall's τ against training size
  $ denas plot outputs/stdout --out plot.png         what the released ENAS code printed`,
    ).action(async (run: string, options: PlotOptions) => {
      const lines = linesPath(fromHere(run));
      if (lines !== null) {
        const { isForeign } = await import("../run/foreign_history.ts");
        if (isForeign(lines)) return await plotForeign(lines, options);
        return await plotLines(lines, options.out);
      }
      const [{ readHistory }, { plotRun }, { plotLineage }, { writePicture }] = await Promise.all([
        import("../run/read_history.ts"),
        import("../run/drawing/run_plot.ts"),
        import("../run/drawing/lineage.ts"),
        import("../run/drawing/files.ts"),
      ]);
      const folder = runPath(run, options.runs);
      const history = readHistory(folder);
      if (history.torn) printError(`note: ${history.torn}`);
      const { lineage, out } = options;
      const file = out === undefined
        ? join(folder, lineage ? "lineage.svg" : "plot.svg")
        : fromHere(out);
      const plot = lineage ? plotLineage : plotRun;
      await writePicture(file, plot(history, basename(folder)));
      print(shortPath(file));
    });
}

/** Plots the curves of another program's log, or the entries of a list of architectures. */
async function plotForeign(
  file: string,
  { out, space, archFormat: numbering }: PlotOptions,
): Promise<void> {
  const [{ readForeignHistory }, { plotRun }, { writePicture }] = await Promise.all([
    import("../run/foreign_history.ts"),
    import("../run/drawing/run_plot.ts"),
    import("../run/drawing/files.ts"),
  ]);
  const { history, problems } = readForeignHistory(file, { space, numbering });
  for (const problem of problems) printError(`warning: ${shortPath(file)}: ${problem}`);
  const picture = out === undefined ? besideFile(file, ".svg") : fromHere(out);
  await writePicture(picture, plotRun(history, basename(file)));
  print(shortPath(picture));
}

/** Path of a file of lines, or of the file in a study's folder. Null for runs. */
function linesPath(path: string): string | null {
  for (const file of [join(path, studyFile), path]) {
    try {
      if (Deno.statSync(file).isFile) return file;
    } catch {
      // No such file: it may be the name of a run.
    }
  }
  return null;
}

async function plotLines(file: string, out?: string): Promise<void> {
  const [{ readLines }, { writePicture }] = await Promise.all([
    import("../run/files.ts"),
    import("../run/drawing/files.ts"),
  ]);
  const picture = out === undefined ? besideFile(file, ".svg") : fromHere(out);
  await writePicture(picture, await drawLines(readLines<unknown>(file), file));
  print(shortPath(picture));
}

async function drawLines(lines: unknown[], file: string): Promise<string> {
  if (isStudyHead(lines[0])) {
    const { plotStudy } = await import("../run/drawing/study_plot.ts");
    return plotStudy(readStudyRecords(lines, file));
  }
  if (isSurrogateLine(lines[0])) {
    const { plotSurrogate } = await import("../run/drawing/surrogate_plot.ts");
    return plotSurrogate(readSurrogateLines(lines, file));
  }
  throw new DataError(
    `Cannot draw ${file}: its first line is neither that of a study nor a result of surrogate`,
  );
}
