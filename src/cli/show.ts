/** `denas show`: draw an architecture. */
import type { Command } from "commander";
import { writeAtomic } from "../run/files.ts";
import { fromHere, shortPath } from "./paths.ts";
import { print } from "./terminal.ts";

export function addShow(program: Command): void {
  program.command("show")
    .argument("[arch]", 'architecture file, or its choices as text: "0 2 0 0 …"', "arch.json")
    .description("Draw an architecture as text or SVG.")
    .option("--svg [file]", "draw as SVG, to a file or to stdout")
    .option("--space <name>", "space of choices that are given as text")
    .addHelpText(
      "after",
      `
Examples:
  $ denas show
  $ denas show arch.json --svg arch.svg
  $ denas show "0  1 1  3 0 1  5 0 0 1"        choices of a macro network with four layers`,
    ).action(async (what: string, options: { svg?: string | true; space?: string }) => {
      const { drawSvg, drawText } = await import("../run/draw.ts");
      const { graphsOf } = await import("../nas/final_config.ts");
      const { readArch } = await import("./picture.ts");
      const { arch } = readArch(what, options.space);
      const graphs = graphsOf(arch);
      if (options.svg === undefined) return print(drawText(graphs).trimEnd());
      const svg = await drawSvg(graphs);
      if (options.svg === true) return print(svg.trimEnd());
      const path = fromHere(options.svg);
      writeAtomic(path, svg);
      print(shortPath(path));
    });
}
