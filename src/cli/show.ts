/** `denas show`: draws an architecture. */
import { spaces } from "../nas/registry.ts";
import type { Command } from "commander";
import { writeAtomic } from "../run/files.ts";
import { addArchOptions, archArgument, type ArchOptions } from "./arch_options.ts";
import { addContentsOptions } from "./definition_options.ts";
import type { ArchFile } from "../nas/arch_formats/arch_file.ts";
import { fromHere, shortPath } from "./paths.ts";
import { print, scoreText } from "./terminal.ts";

interface ShowOptions extends ArchOptions {
  svg?: string | true;
  out?: string;
}

export function addShow(program: Command): void {
  const command = program.command("show")
    .argument("[arch]", archArgument, "arch.json")
    .description("Draw an architecture as text, SVG, PNG or PDF.")
    .option("--out <file>", "draw into a file: .svg, .png or .pdf")
    .option("--svg [file]", "draw as SVG, to a file or to stdout");
  addContentsOptions(addArchOptions(command), "space").addHelpText(
    "after",
    `
Examples:
  $ denas show
  $ denas show arch.json --out arch.png
  $ denas show "0  1 1  3 0 1  5 0 0 1"        choices of a macro network with four layers
  $ denas show macro_arch.npy --arch-format nnabla --out arch.pdf`,
  ).action(async (what: string, options: ShowOptions) => {
    const { drawSvg, drawText } = await import("../run/draw.ts");
    const { pictureOf } = await import("../nas/config/final_config.ts");
    const { readArch } = await import("./read_arch.ts");
    const { arch } = readArch(what, options);
    const graphs = pictureOf(arch);
    const { out, svg } = options;
    const title = titleOf(arch);
    if (out !== undefined) {
      const { writePicture } = await import("../run/drawing/files.ts");
      await writePicture(fromHere(out), await drawSvg(graphs, { title }));
      print(shortPath(fromHere(out)));
    } else if (typeof svg === "string") {
      writeAtomic(fromHere(svg), await drawSvg(graphs, { title }));
      print(shortPath(fromHere(svg)));
    } else {
      print((svg ? await drawSvg(graphs, { title }) : drawText(graphs)).trimEnd());
    }
  });
}

const scoredBy: Record<NonNullable<ArchFile["scoreKind"]>, string> = {
  "shared-weights": "with shared weights",
  retrained: "retrained",
  "trained-briefly": "after a short training",
  table: "looked up",
  "zero-cost": "untrained",
  debug: "in a debug run",
};

/** One line about the architecture: space, settings, data and score. */
function titleOf({ space, settings, data, score, scoreUnit, scoreKind }: ArchFile): string {
  const reached = score === undefined
    ? null
    : `${scoreText(score, scoreUnit ?? "fraction")} ${scoredBy[scoreKind ?? "shared-weights"]}`;
  const layers = spaces.find(space)?.carried?.(settings).layers;
  const size = layers === undefined ? null : `${layers} layers`;
  return [space, size, data, reached].filter((part) => part).join(" · ");
}
