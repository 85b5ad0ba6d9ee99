/**
 * Reads and writes every format of an architecture: `arch.json`, text as in the released ENAS scripts,
 * NNabla's `.npy`. Fields that only arch.json has get the values of the released scripts for CIFAR-10.
 */
import { DataError, UsageError } from "../../common/errors.ts";
import { type ArchFile, formatArchFile, parseArchFile } from "./arch_file.ts";
import { type Form, formOfName } from "./formats.ts";
import { spaces } from "../registry.ts";
import { parseNotation, publishedArch } from "./notation.ts";
import { formatNpy, parseNpy } from "./npy.ts";
import { type Numbering, renumber } from "./numbering.ts";
import { isRanges, rangeChoice, rangeLayers } from "./ranges.ts";
import { formatScript, parseScript, parseScriptFile, type Script } from "./script.ts";

export { type Form, formOfName, forms } from "./formats.ts";
export { formatScript } from "./script.ts";
export { type Numbering, numberings, renumber } from "./numbering.ts";

export interface FormOptions {
  /** Space of choices that do not name it; by default the space with that number of decisions. */
  space?: string;
  /** Numbering of the operations; by default `original`. Required for a macro `.npy`. */
  numbering?: Numbering;
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
  const published = parseNotation(text, options.space);
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
  return { form: "script", arch: fromScript(parseScriptFile(text, name), name, options) };
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
  if (form === "npy") refuseRanges(arch.space);
  const choice = numbering === "nnabla" ? renumber(arch.space, arch.choice) : arch.choice;
  return form === "npy"
    ? formatNpy(arch.space, choice)
    : formatScript({ ...arch, choice, branches: branchesOf(arch) }) + "\n";
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
  refuseRanges(named);
  if (named === "macro" && numbering === undefined) {
    throw new UsageError(
      `Cannot read architecture ${name}: the original and NNabla number macro operations ` +
        `differently, expected --arch-format nnabla or --arch-format original`,
    );
  }
  if (named === "macro") depthOf(read.choice.length, name);
  return archOf(named, read.choice, numbering);
}

function fromScript(script: Script, name: string, { space, numbering }: FormOptions): ArchFile {
  const named = space ?? spaceOfRows(script, name) ?? spaceOfCount(script.choice.length, name);
  return named === "macro-range" ? ofRanges(script, name) : archOf(named, script.choice, numbering);
}

function refuseRanges(space: string): void {
  if (space !== "macro-range") return;
  throw new UsageError(
    `Cannot keep a ${space} architecture in a .npy file: it has no rows, expected text or arch.json`,
  );
}

/**
 * Architecture of channel ranges. The rows give the number of operations; without rows there are the six of
 * the released scripts.
 */
function ofRanges({ rows, choice }: Script, name: string): ArchFile {
  const branches = rows ? rows[0].length / 2 : 6;
  const layers = rangeLayers(choice.length, branches);
  if (!Number.isInteger(branches) || !Number.isInteger(layers)) {
    throw new DataError(
      `Cannot read architecture ${name}: it has ${choice.length} numbers, expected rows of first ` +
        `channel and count of each operation, then 0, 1, 2, … skip bits`,
    );
  }
  const cut = Array.from({ length: layers }, (_, i) => {
    const at = 2 * branches * i + i * (i - 1) / 2;
    return choice.slice(at, at + 2 * branches + i);
  });
  const numbers = rangeChoice(cut, branches);
  const none = numbers.indexOf(-1);
  if (none >= 0) {
    throw new DataError(
      `Cannot read architecture ${name}: number ${none + 1} is 0, expected at least one channel`,
    );
  }
  const arch = archOf("macro-range", numbers);
  return { ...arch, settings: { ...arch.settings, layers, branches } };
}

/** Space whose rows have such lengths; null when the text has no rows. */
function spaceOfRows({ rows }: Script, name: string): string | null {
  if (!rows) return null;
  const [first, second] = rows;
  if (rows.length === 2 && first.length === second.length && first.length % 4 === 0) return "micro";
  if (isRanges(rows)) return "macro-range";
  if (first.length !== 1) return null;
  const wrong = rows.findIndex((row, i) => row.length !== i + 1);
  if (wrong < 0) return "macro";
  throw new DataError(
    `Cannot read architecture ${name}: row ${wrong + 1} has ${rows[wrong].length} numbers, ` +
      `expected ${wrong + 1}: an operation and ${wrong} skip bits`,
  );
}

function spaceOfCount(count: number, name: string): string {
  const macro = Number.isInteger(depth(count));
  const micro = count % 8 === 0;
  if (macro !== micro) return macro ? "macro" : "micro";
  throw new UsageError(
    `Cannot tell the space of architecture ${name}: it has ${count} numbers, macro has ` +
      `L·(L+1)/2 for L layers, micro 8·B for B blocks; name it with --space`,
  );
}

/** Number of layers L given L·(L+1)/2 choices; a fraction when no L fits. */
const depth = (count: number) => (Math.sqrt(8 * count + 1) - 1) / 2;

function depthOf(count: number, name: string): number {
  const layers = depth(count);
  if (Number.isInteger(layers)) return layers;
  throw new DataError(
    `Cannot read architecture ${name}: it has ${count} numbers, expected L·(L+1)/2 for L layers`,
  );
}

/** Architecture from choices alone, which do not name a data set: CIFAR-10 as in the released scripts. */
function archOf(space: string, numbers: readonly number[], numbering?: Numbering): ArchFile {
  const choice = numbering === "nnabla" ? renumber(space, numbers) : [...numbers];
  const definition = spaces.find(space);
  if (definition?.notation) return publishedArch(definition, choice);
  const macro = space === "macro";
  return {
    format: "denas-arch",
    version: 2,
    space,
    input: [32, 32, 3],
    classes: 10,
    choice,
    settings: {
      stem: 1,
      layers: macro ? Math.max(1, Math.floor(depth(choice.length))) : 15,
      filters: macro ? 96 : 36,
      ...macro && { branches: 6 },
      ...space === "micro" && { blocks: Math.max(1, Math.floor(choice.length / 8)) },
    },
  };
}

/** Number of operations of a channel-range architecture, when the file gives it. */
const branchesOf = ({ settings: { branches } }: ArchFile): number | undefined =>
  typeof branches === "number" ? branches : undefined;
