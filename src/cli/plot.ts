/** `denas plot`: the curves of a run as a picture. */
import { basename, join } from "@std/path";
import type { Command } from "commander";
import { fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { print, printError } from "./terminal.ts";

export function addPlot(program: Command): void {
  program.command("plot")
    .argument("<run>", "folder of a run, or its name")
    .description("Draw a run's accuracy, entropy, skip rate, operations and learning rate.")
    .option("--out <file>", "file to write: .svg, .png or .pdf; by default RUN/plot.svg")
    .option("--runs <folder>", "folder of all runs", "runs")
    .addHelpText(
      "after",
      `
Examples:
  $ denas plot 2026-01-31-micro-1
  $ denas plot runs/2026-01-31-micro-1 --out plot.pdf`,
    ).action(async (run: string, options: { out?: string; runs: string }) => {
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
