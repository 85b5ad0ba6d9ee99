/** An architecture from a file or from text. */
import { UsageError } from "../errors.ts";
import { type ArchFile, formatArchFile, parseArchFile, parseChoice } from "../nas/arch_file.ts";
import { graphsOf } from "../nas/final_config.ts";
import { spaces } from "../nas/spaces/mod.ts";
import { fromHere } from "./paths.ts";

/**
 * @param what path of an architecture file, or its choices as text.
 * @param space of choices given as text; by default the one that has so many decisions.
 * @throws UsageError when it is neither, DataError when the file is damaged.
 */
export function readArch(
  what: string,
  space?: string,
): { arch: ArchFile; text: string; fromText: boolean } {
  const choice = parseChoice(what);
  if (choice) {
    const arch = archOf(choice, space);
    return { arch, text: formatArchFile(arch), fromText: true };
  }
  const path = fromHere(what);
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    throw new UsageError(
      `Cannot read architecture ${what}: ${
        whyUnreadable(cause as Error)
      }, expected a file that "denas search" wrote, or choices as text`,
      { cause },
    );
  }
  const arch = parseArchFile(text, what);
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
  return { arch, text, fromText: false };
}

function whyUnreadable(cause: Error): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  return cause instanceof Deno.errors.IsADirectory ? "it is a folder" : cause.message;
}

/** Choices alone do not say on what they were found: CIFAR-10 as in the released scripts. */
function archOf(choice: number[], space?: string): ArchFile {
  const layers = (Math.sqrt(8 * choice.length + 1) - 1) / 2;
  const macro = Number.isInteger(layers);
  const micro = choice.length % 8 === 0;
  const name = space ?? (macro === micro ? undefined : macro ? "macro" : "micro");
  if (name === undefined) {
    throw new UsageError(
      `Cannot tell the space of ${choice.length} choices: macro has n·(n+1)/2, micro 8·blocks; ` +
        `name it with --space`,
    );
  }
  return {
    format: "denas-arch",
    version: 1,
    space: name,
    input: [32, 32, 3],
    classes: 10,
    choice,
    stem: 1,
    layers: name === "macro" ? Math.max(1, Math.floor(layers)) : 15,
    filters: name === "macro" ? 96 : 36,
    branches: name === "macro" ? 6 : 5,
    ...name === "micro" && { blocks: Math.max(1, Math.floor(choice.length / 8)) },
  };
}
