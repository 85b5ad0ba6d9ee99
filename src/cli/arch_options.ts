/** Options that give an architecture on the command line. */
import { type Command, Option } from "commander";
import { type Numbering, numberings } from "../nas/arch_formats/numbering.ts";

/** Description of the argument `[arch]` in help texts. */
export const archArgument = 'architecture file (.json, .txt, .npy), or its choices: "0 2 0 0 …"';

export interface ArchOptions {
  space?: string;
  archFormat?: Numbering;
}

/** Adds the options that say how an architecture is read. */
export function addArchOptions(command: Command): Command {
  return command
    .option("--space <name>", "space of an architecture that does not say it")
    .addOption(
      new Option("--arch-format <numbering>", "numbering of operations in a .npy file or text")
        .choices(numberings),
    );
}
