/** An architecture from a file or from text, whatever its form. */
import { UsageError } from "../errors.ts";
import { type ArchFile, formatArchFile } from "../nas/arch_file.ts";
import { graphsOf } from "../nas/final_config.ts";
import { type FormOptions, readForm, readFormText } from "../nas/forms/mod.ts";
import { spaces } from "../nas/spaces/mod.ts";
import type { ArchOptions } from "./arch_options.ts";
import { fromHere } from "./paths.ts";

export interface ReadArch {
  arch: ArchFile;
  /** As arch.json. */
  text: string;
  /** It came as text or in another system's form: nothing is known but its choices. */
  foreign: boolean;
}

/**
 * @param what path of an architecture file, or its choices as text.
 * @throws UsageError when it is neither or does not fit its space, DataError when the file is damaged.
 */
export function readArch(what: string, { space, archFormat }: ArchOptions = {}): ReadArch {
  const options: FormOptions = { space, numbering: archFormat };
  const { arch, form } = readFormText(what, options) ?? readForm(readBytes(what), what, options);
  if (!Object.hasOwn(spaces, arch.space)) {
    throw new UsageError(
      `Cannot use architecture ${what}: space is "${arch.space}", expected one of ` +
        Object.keys(spaces).join(", "),
    );
  }
  try {
    graphsOf(arch);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const why = cause.message.replace(/^Cannot [^:]*: /, "");
    throw new UsageError(`Cannot use architecture ${what}: ${why}`, { cause });
  }
  return { arch, text: formatArchFile(arch), foreign: form !== "arch" };
}

function readBytes(what: string): Uint8Array {
  try {
    return Deno.readFileSync(fromHere(what));
  } catch (cause) {
    throw new UsageError(
      `Cannot read architecture ${what}: ${whyUnreadable(cause as Error)}, expected a file that ` +
        `"denas search" or another ENAS wrote, or choices as text`,
      { cause },
    );
  }
}

function whyUnreadable(cause: Error): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  return cause instanceof Deno.errors.IsADirectory ? "it is a folder" : cause.message;
}
