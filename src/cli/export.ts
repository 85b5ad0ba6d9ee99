/** `denas export`: writes a trained network to a file for other programs. */
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { writeAtomic } from "../run/files.ts";
import { fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { bytes, print } from "./terminal.ts";

interface ExportOptions {
  onnx?: string;
  safetensors?: string;
  best?: boolean;
  runs: string;
}

export function addExport(program: Command): void {
  program.command("export")
    .argument("<run>", "folder of a retraining, or its name")
    .description("Write a trained network as ONNX or safetensors.")
    .option("--onnx <file>", "ONNX: pictures as bytes in, probabilities out")
    .option("--safetensors <file>", "weights under names of their layers")
    .option("--best", "the weights of the best validation epoch in place of the last ones")
    .option("--runs <folder>", "folder of all runs", "runs")
    .addHelpText(
      "after",
      `
The ONNX file normalises its input itself and carries the names of the classes.

Examples:
  $ denas export 2026-01-31-retrain-1 --onnx model.onnx
  $ denas export runs/2026-01-31-retrain-1 --safetensors model.safetensors`,
    ).action(async (run: string, { onnx, safetensors, best, runs }: ExportOptions) => {
      if (onnx === undefined && safetensors === undefined) {
        throw new UsageError(
          `Cannot export ${run}: no file was named, expected --onnx FILE or --safetensors FILE`,
        );
      }
      const folder = runPath(run, runs);
      const which = best ? "best" : "last";
      if (onnx !== undefined) {
        const { exportOnnx } = await import("../run/onnx/export.ts");
        write(onnx, exportOnnx(folder, which));
      }
      if (safetensors !== undefined) {
        const { exportSafetensors } = await import("../run/named_tensors.ts");
        write(safetensors, exportSafetensors(folder, which));
      }
    });
}

function write(file: string, content: Uint8Array): void {
  const path = fromHere(file);
  writeAtomic(path, content);
  print(`${shortPath(path)}  ${bytes(content.length)}`);
}
