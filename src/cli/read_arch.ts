/** Reads an architecture from a file or from text, in any format. */
import { UsageError, whyUnreadable } from "../common/errors.ts";
import { type ArchFile, formatArchFile } from "../nas/arch_formats/arch_file.ts";
import { pictureOf } from "../nas/config/final_config.ts";
import { type FormOptions, readForm, readFormText } from "../nas/arch_formats/mod.ts";
import { spaces } from "../nas/registry.ts";
import type { ArchOptions } from "./arch_options.ts";
import { contentsGiven } from "./definition_options.ts";
import { fromHere } from "./paths.ts";

export interface ReadArch {
  arch: ArchFile;
  /** Content in the format of arch.json. */
  text: string;
  /** It came as text or in another system's format, so only its choices are known. */
  foreign: boolean;
}

/**
 * Reads an architecture.
 * @param what path of an architecture file, or its choices as text.
 * @param options `anySpace`: an arch.json may be of another space than `space`.
 * @throws UsageError when it is neither or does not fit its space, DataError when the file is damaged.
 */
export function readArch(
  what: string,
  given: ArchOptions & { anySpace?: boolean } = {},
): ReadArch {
  const { space, archFormat, anySpace = false } = given;
  const settings = contentsGiven(given, "space");
  const options: FormOptions = { space, numbering: archFormat, settings };
  const { arch, form } = readFormText(what, options) ?? readForm(readBytes(what), what, options);
  if (!anySpace && space !== undefined && space !== arch.space) {
    throw new UsageError(
      `Cannot read architecture ${what} as ${space}: it is of the space ${arch.space}; leave out --space`,
    );
  }
  if (!spaces.find(arch.space)) {
    throw new UsageError(
      `Cannot use architecture ${what}: space is "${arch.space}", expected one of ` +
        `${spaces.names.join(", ")}; --plugin FILE adds one`,
    );
  }
  try {
    pictureOf(arch);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const why = cause.message.replace(/^Cannot [^:]*: /, "");
    throw new UsageError(`Cannot use architecture ${what}: ${why}`, { cause });
  }
  return { arch, text: formatArchFile(arch), foreign: form !== "arch" };
}

function readBytes(what: string): Uint8Array {
  const wrong = wrongNumber(what);
  try {
    if (what.trim() !== "") return Deno.readFileSync(fromHere(what));
  } catch (cause) {
    if (wrong !== null && cause instanceof Deno.errors.NotFound) refuse(what, wrong, cause);
    refuse(what, `${whyUnreadable(cause as Error)}, ${file}, or choices as text`, cause);
  }
  refuse(what, `the name is empty, ${file}, or choices as text`);
}

const file = 'expected a file that "denas search" or another ENAS wrote';

function refuse(what: string, why: string, cause?: unknown): never {
  throw new UsageError(`Cannot read architecture ${what || '""'}: ${why}`, { cause });
}

/** The first invalid number in text that was meant as choices; null where the text may be a file name. */
function wrongNumber(what: string): string | null {
  const words = what.replace(/[[\](),;]/g, " ").trim().split(/\s+/);
  const numbers = words.filter((word) => /^[-+]?\d/.test(word)).length;
  if (words.length === 1 || numbers <= words.length / 2) return null;
  const at = words.findIndex((word) => !/^\d+$/.test(word));
  return `number ${at + 1} is ${JSON.stringify(words[at])}, expected whole numbers as in "0 3 0 …"`;
}
