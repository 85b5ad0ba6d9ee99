/** `denas page`: writes the page that searches in a browser, for any web server or for opening from a disk. */
import type { Command } from "commander";
import type { WritePage } from "../run/serving.ts";
import { fromHere, places, shortPath } from "./paths.ts";
import { bytes, print } from "./terminal.ts";

interface PageCommandOptions {
  single?: boolean;
  with: string[];
}

export function addPage(program: Command, writePage: WritePage): void {
  program.command("page")
    .argument("<out>", "folder to write; with --single a file such as denas.html")
    .description("Write the page that searches in a browser's tab.")
    .option("--single", "one file that opens from a disk, without a server")
    .option(
      "--with <set>",
      "put a published set beside the page, such as fashion-mnist; may be repeated",
      (name: string, all: string[]) => [...all, name],
      [],
    )
    .addHelpText(
      "after",
      `
The page needs a browser with WebGPU. It computes on the visitor's own device; nothing leaves the tab.

Examples:
  $ denas page site                                then serve the folder site over https
  $ denas page site --with fashion-mnist
  $ denas page denas.html --single                 then open the file`,
    ).action(async (out: string, { single = false, with: sets }: PageCommandOptions) => {
      const path = fromHere(out);
      const written = await writePage({ out: path, single, sets, places: places() });
      print(
        `written to ${shortPath(path)}, ${bytes(written.bytes)} (${bytes(written.packed)} gzipped)`,
      );
    });
}
