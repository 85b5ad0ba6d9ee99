/**
 * Lists of architectures. One line each, as the scripts take it, in brackets or in the notation of a
 * benchmark; or a row per layer or cell, as in `arc_string_output.txt`.
 */
import { DataError } from "../../common/errors.ts";
import type { ArchFile } from "./arch_file.ts";
import { type FormOptions, readFormText } from "./mod.ts";

export interface ListedArch {
  arch: ArchFile;
  /** Line number of the start, from 1. */
  line: number;
}

interface Row {
  text: string;
  line: number;
}

/**
 * Parses a list. Blank lines and lines that begin with # are ignored.
 * @param name of the file, for messages.
 * @throws DataError when nothing in it is an architecture.
 */
export function parseList(
  text: string,
  name: string,
  options: FormOptions = {},
): { architectures: ListedArch[]; problems: string[] } {
  const rows = text.split("\n").map((row, i): Row => ({ text: row.trim(), line: i + 1 }))
    .filter((row) => row.text !== "" && !row.text.startsWith("#"));
  const architectures: ListedArch[] = [];
  const problems: string[] = [];
  for (const { text, line } of grouped(rows)) {
    try {
      const read = readFormText(text, options);
      if (read) architectures.push({ arch: read.arch, line });
      else problems.push(`line ${line}: it is no architecture and was left out`);
    } catch (error) {
      if (!(error instanceof Error) || !/^Cannot /.test(error.message)) throw error;
      problems.push(`line ${line}: ${error.message.replace(/^Cannot [^:]*: /, "")}`);
    }
  }
  if (architectures.length > 0) return { architectures, problems };
  throw new DataError(
    `Cannot read ${name}: ${problems[0] ?? "it is empty"}; expected the log of an ENAS run, or ` +
      `architectures, one per line or one row per line`,
  );
}

/** Joins the rows of one architecture into one text, in brackets. */
function grouped(rows: readonly Row[]): Row[] {
  const lengths = rows.map(({ text }) => lengthOf(text));
  const macro = lengths[0] === 1 && lengths[1] === 2;
  const perArch = macro ? null : rowsOfRepeatedLengths(lengths);
  if (!macro && perArch === null) return [...rows];
  const groups: Row[][] = [];
  rows.forEach((row, i) => {
    const begins = macro ? lengths[i] === 1 : i % perArch! === 0;
    if (begins || groups.length === 0) groups.push([]);
    groups.at(-1)!.push(row);
  });
  return groups.map((group) => ({
    text: group.map(({ text }) => `[${text.replace(/[[\]]/g, "")}]`).join(" "),
    line: group[0].line,
  }));
}

/** Count of numbers in a row; 0 when it is not a row of numbers. */
const lengthOf = (text: string) => /^\[?[\d\s]+\]?$/.test(text) ? text.match(/\d+/g)!.length : 0;

/**
 * Rows per architecture: two for cells, as many as grow by one for channel ranges. Null when each line is one
 * architecture.
 */
function rowsOfRepeatedLengths(lengths: readonly number[]): number | null {
  const [first] = lengths;
  if (first === 0) return null;
  const grows = lengths.findIndex((length, i) => length !== first + i);
  const rows = grows < 0 ? lengths.length : grows;
  if (rows > 2) return rows;
  // A line with one cell pair has two equal halves of 4 numbers per block.
  const cells = lengths.every((length) => length === first) && lengths.length % 2 === 0 &&
    first % 4 === 0 && first % 8 !== 0;
  return cells ? 2 : null;
}
