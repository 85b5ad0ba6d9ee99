/** `denas plot`: the curves of a run or of a study as a picture. */
import { basename, dirname, join } from "@std/path";
import type { Command } from "commander";
import { DataError } from "../errors.ts";
import { studyFile } from "../nas/study/records.ts";
import { fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { print, printError } from "./terminal.ts";

export function addPlot(program: Command): void {
  program.command("plot")
    .argument("<run>", "folder of a run, or its name; a study's folder or file")
    .description("Draw a run's curves, or what the searches of a study found.")
    .option(
      "--out <file>",
      "file to write: .svg, .png or .pdf; by default RUN/plot.svg, a study's study.svg",
    )
    .option("--runs <folder>", "folder of all runs", "runs")
    .addHelpText(
      "after",
      `
Examples:
  $ denas plot 2026-01-31-micro-1
  $ denas plot runs/2026-01-31-micro-1 --out plot.pdf
  $ denas plot studies/main_experiments --out study.png`,
    ).action(async (run: string, options: { out?: string; runs: string }) => {
      const study = studyPath(fromHere(run));
      if (study !== null) return await plotLines(study, options.out);
      const [{ readHistory }, { plotRun }, { writePicture }] = await Promise.all([
        import("../run/history.ts"),
        import("../run/drawing/run_plot.ts"),
        import("../run/drawing/files.ts"),
      ]);
      const folder = runPath(run, options.runs);
      const history = readHistory(folder);
      if (history.torn) printError(`note: ${history.torn}`);
      const file = options.out === undefined ? join(folder, "plot.svg") : fromHere(options.out);
      await writePicture(file, plotRun(history, basename(folder)));
      print(shortPath(file));
    });
}

/** The file of a study, where a path is one or a folder with one; null for runs. */
function studyPath(path: string): string | null {
  for (const file of [join(path, studyFile), path]) {
    try {
      if (Deno.statSync(file).isFile) return file;
    } catch {
      // Not there: it may be the name of a run.
    }
  }
  return null;
}

async function plotLines(file: string, out?: string): Promise<void> {
  const [{ readLines }, { isStudyHead, readStudyRecords }, { plotStudy }, { writePicture }] =
    await Promise.all([
      import("../run/files.ts"),
      import("../nas/study/records.ts"),
      import("../run/drawing/study_plot.ts"),
      import("../run/drawing/files.ts"),
    ]);
  const lines = readLines<unknown>(file);
  if (!isStudyHead(lines[0])) {
    throw new DataError(`Cannot draw ${file}: its first line is not that of a study`);
  }
  const picture = out === undefined ? join(dirname(file), "study.svg") : fromHere(out);
  await writePicture(picture, plotStudy(readStudyRecords(lines, file)));
  print(shortPath(picture));
}
