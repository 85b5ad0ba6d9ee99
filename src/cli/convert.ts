/** `denas convert`: converts an architecture between file formats. */
import { type Command, Option } from "commander";
import { UsageError } from "../common/errors.ts";
import { type Form, formOfName, forms } from "../nas/arch_formats/formats.ts";
import { type Numbering, numberings } from "../nas/arch_formats/numbering.ts";
import { spaces } from "../nas/registry.ts";
import { writeAtomic } from "../run/files.ts";
import { fromHere, shortPath } from "./paths.ts";
import { addArchOptions, archArgument, type ArchOptions } from "./arch_options.ts";
import { addContentsOptions } from "./definition_options.ts";
import { print } from "./terminal.ts";

interface ConvertOptions extends ArchOptions {
  to?: string;
  toFormat?: Numbering;
}

export function addConvert(program: Command): void {
  const command = program.command("convert")
    .argument("<in>", archArgument)
    .argument("[out]", "file to write; by default text goes to stdout")
    .description("Write an architecture as arch.json, as the ENAS scripts' text or NNabla's .npy.")
    .option("--to <form>", "form to write; by default after the name of the file")
    .addOption(
      new Option(
        "--to-format <numbering>",
        "numbering of operations to write (default: nnabla in a .npy file, else original)",
      ).choices(numberings),
    );
  addContentsOptions(addArchOptions(command), "space").addHelpText(
    "after",
    `
Forms: arch (arch.json), script (.txt: the choices as the released ENAS code takes them), npy, and
the texts of the architecture's space: nb201 (its string), and of a grammar tree and term.

Examples:
  $ denas convert arch.json --to script
  $ denas convert macro_arch.npy arch.json --arch-format nnabla
  $ denas convert "0  3 0  0 1 0  2 0 0 1" macro_arch.npy
  $ denas convert "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|" \\
      --space grammar --to tree`,
  ).action(async (what: string, out: string | undefined, options: ConvertOptions) => {
    const form = formOf(options.to, out);
    if (out === undefined && form === "npy") {
      throw new UsageError("Cannot convert to stdout: a .npy is binary, expected a file to write");
    }
    const [{ writeForm, writeText }, { readArch }] = await Promise.all([
      import("../nas/arch_formats/mod.ts"),
      import("./read_arch.ts"),
    ]);
    const { arch } = readArch(what, options);
    const numbering = options.toFormat ?? defaultNumbering(form, arch.space);
    const content = isForm(form) ? writeForm(arch, form, numbering) : `${writeText(arch, form)}\n`;
    if (out === undefined) return print(String(content).trimEnd());
    writeAtomic(fromHere(out), content);
    const note = form === "arch" || !isForm(form) ? "" : `, ${numbering} numbering of operations`;
    print(`${shortPath(fromHere(out))}: ${arch.space}${note}`);
  });
}

const isForm = (name: string): name is Form => forms.includes(name as Form);

/** A file format, or the name of a text of the architecture's space. */
function formOf(to: string | undefined, out: string | undefined): string {
  if (to !== undefined) return to;
  const form = out === undefined ? null : formOfName(out);
  if (form) return form;
  throw new UsageError(
    out === undefined
      ? "Cannot convert to stdout: no form given, expected --to arch or --to script"
      : `Cannot convert to ${out}: the name tells no form, expected .json, .txt or .npy, or --to`,
  );
}

/** NNabla reads .npy files, but its numbering exists only for the spaces that it has. */
function defaultNumbering(form: string, space: string): Numbering {
  return form === "npy" && spaces.find(space)?.script?.nnabla ? "nnabla" : "original";
}
