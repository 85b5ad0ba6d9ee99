/**
 * Reads and writes every format of an architecture: `arch.json`, text as in the released ENAS scripts,
 * NNabla's `.npy`. Fields that only arch.json has get the values of the released scripts for CIFAR-10.
 */
import { DataError, UsageError } from "../../common/errors.ts";
import { type ArchFile, formatArchFile, parseArchFile } from "./arch_file.ts";
import { type Form, formOfName } from "./formats.ts";
import type { ScriptArch, SpaceDefinition } from "../definition.ts";
import { spaces } from "../registry.ts";
import { parseNotation, publishedArch } from "./notation.ts";
import { formatNpy, parseNpy } from "./npy.ts";
import { type Numbering, renumber } from "./numbering.ts";
import { formatScript, parseScript, parseScriptFile, type Script } from "./script.ts";
import { cannotKeep, scripted, spaceOfLengths } from "./scripted.ts";

export { type Form, formOfName, forms } from "./formats.ts";
export { writeText } from "./texts.ts";
export { formatScript } from "./script.ts";
export { type Numbering, numberings, renumber } from "./numbering.ts";

export interface FormOptions {
  /** Space of choices that do not name it; by default the space with that number of decisions. */
  space?: string;
  /** Numbering of the operations; by default `original`. Required for a macro `.npy`. */
  numbering?: Numbering;
  /** Settings of the space that the meaning of a text depends on. */
  settings?: Record<string, unknown>;
}

export interface ReadForm {
  arch: ArchFile;
  form: Form;
}

/**
 * Reads choices, or the notation of a benchmark, given in place of a file name; null when the text is
 * neither.
 */
export function readFormText(text: string, options: FormOptions = {}): ReadForm | null {
  const published = parseNotation(text, options.space, options.settings);
  if (published) return { arch: published, form: "script" };
  const script = parseScript(text);
  return script && { arch: fromScript(script, "from text", options), form: "script" };
}

/**
 * Reads a file of any format, recognised by its name or else by its first bytes.
 * @param name of the file, for messages.
 * @throws DataError when it is damaged or in another format, UsageError when an option is missing.
 */
export function readForm(bytes: Uint8Array, name: string, options: FormOptions = {}): ReadForm {
  const form = formOfName(name) ?? formOfContent(bytes);
  if (form === "npy") return { form, arch: fromNpy(bytes, name, options) };
  const text = new TextDecoder().decode(bytes);
  // A text file may contain an arch.json under another name.
  if (form === "arch" || text.trimStart().startsWith("{")) {
    return { form: "arch", arch: fromArchFile(text, name, options) };
  }
  return readFormText(text, options) ??
    { form: "script", arch: fromScript(parseScriptFile(text, name), name, options) };
}

/**
 * Writes an architecture.
 * @param numbering of the operations; arch.json always has the original one.
 * @throws UsageError when the format cannot hold this space in this numbering.
 */
export function writeForm(arch: ArchFile, form: Form, numbering: Numbering): string | Uint8Array {
  if (form === "arch") {
    if (numbering !== "original") {
      throw new UsageError(`Cannot write arch.json in ${numbering} numbering: it has the original`);
    }
    return formatArchFile(arch);
  }
  const choice = numbering === "nnabla" ? renumber(arch.space, arch.choice) : arch.choice;
  return form === "npy" ? formatNpy(arch.space, choice) : formatScript({ ...arch, choice }) + "\n";
}

function formOfContent(bytes: Uint8Array): Form {
  const magic = [0x93, ...new TextEncoder().encode("NUMPY")];
  return magic.every((byte, i) => bytes[i] === byte) ? "npy" : "script";
}

function fromArchFile(text: string, name: string, { numbering }: FormOptions): ArchFile {
  if (numbering === "nnabla") {
    throw new UsageError(
      `Cannot read architecture ${name} in nnabla numbering: arch.json has the original one`,
    );
  }
  return parseArchFile(text, name);
}

function fromNpy(bytes: Uint8Array, name: string, { space, numbering }: FormOptions): ArchFile {
  const read = parseNpy(bytes, name);
  const named = space ?? read.space;
  const { script } = spaces.get(named);
  if (script && !script.nnabla) throw cannotKeep(named);
  if (script?.nnabla?.renumber && numbering === undefined) {
    throw new UsageError(
      `Cannot read architecture ${name}: the original and NNabla number ${named} operations ` +
        `differently, expected --arch-format nnabla or --arch-format original`,
    );
  }
  const { length } = read.choice;
  if (script?.flat && !script.flat.suits(length)) {
    throw new DataError(
      `Cannot read architecture ${name}: it has ${length} numbers, expected ${script.flat.count}`,
    );
  }
  return archOf({ choice: read.choice, rows: null }, name, named, numbering);
}

function fromScript(script: Script, name: string, options: FormOptions): ArchFile {
  const { space, numbering, settings } = options;
  const named = space ?? spaceOfRows(script, name) ?? spaceOfCount(script.choice.length, name);
  return archOf(script, name, named, numbering, settings);
}

/** Space whose rows have such lengths; null when the text has no rows. */
function spaceOfRows({ rows }: Script, name: string): string | null {
  if (!rows) return null;
  const suited = spaceOfLengths(rows.map(({ length }) => length));
  if (suited === null || suited.problem === undefined) return suited?.space ?? null;
  throw new DataError(`Cannot read architecture ${name}: ${suited.problem}`);
}

function spaceOfCount(count: number, name: string): string {
  const flat = scripted().flatMap(({ name, script: { flat } }) => flat ? [{ name, ...flat }] : []);
  const suited = flat.filter(({ suits }) => suits(count));
  if (suited.length === 1) return suited[0].name;
  const counts = flat.map(({ name, count }) => `${name} ${count}`).join(", ").replace(" ", " has ");
  throw new UsageError(
    `Cannot tell the space of architecture ${name}: it has ${count} numbers, ${counts}; name it with --space`,
  );
}

/** Architecture from choices alone, which do not name a data set: CIFAR-10 as in the released scripts. */
function archOf(
  { choice: numbers, rows }: Script,
  name: string,
  space: string,
  numbering?: Numbering,
  given: Record<string, unknown> = {},
): ArchFile {
  const definition = spaces.find(space);
  const original = numbering === "nnabla" ? renumber(space, numbers) : numbers;
  if (definition?.notation) {
    return publishedArch(definition, [...original], {
      ...definition.notation.published(""),
      ...given,
    });
  }
  const { choice, settings } = readScript(definition, original, rows, name);
  return {
    format: "denas-arch",
    version: 2,
    space,
    input: [32, 32, 3],
    classes: 10,
    choice,
    settings,
  };
}

function readScript(
  definition: SpaceDefinition | undefined,
  numbers: readonly number[],
  rows: Script["rows"],
  name: string,
): ScriptArch {
  if (!definition?.script) return { choice: [...numbers], settings: {} };
  try {
    return definition.script.read(numbers, rows);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new DataError(`Cannot read architecture ${name}: ${cause.message}`, { cause });
  }
}
