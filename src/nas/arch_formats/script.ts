/**
 * Architectures as text: the integers that the released ENAS scripts use, the bracketed rows that its log
 * prints, or the lines `fixed_arc="$fixed_arc 3 0"` of its shell scripts.
 */
import { DataError } from "../../common/errors.ts";
import { parseChoice } from "./arch_file.ts";
import { spaces } from "../registry.ts";

export interface Script {
  choice: number[];
  /** Numbers grouped into rows, by brackets or lines; null when all are on one line. */
  rows: number[][] | null;
}

/** Parses text. @returns null when it is not made of integers: it may be a file name. */
export function parseScript(text: string): Script | null {
  const lines = [...text.matchAll(/^\s*fixed_arc="(?:\$fixed_arc)?([\d\s]*)"/gm)];
  if (lines.length > 0) return scriptOf(lines.map(([, numbers]) => numbers));
  if (parseChoice(text) === null) return null;
  const brackets = [...text.matchAll(/\[([^[\]]*)\]/g)];
  return scriptOf(brackets.length > 1 ? brackets.map(([, row]) => row) : text.split("\n"));
}

/** Parses a file. @throws DataError naming the first line that is not made of integers. */
export function parseScriptFile(text: string, name: string): Script {
  const script = parseScript(text);
  if (script) return script;
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.trim() !== "" && parseChoice(line) === null);
  const got = at < 0 ? "it is empty" : `line ${at + 1} is ${shown(lines[at])}`;
  throw new DataError(
    `Cannot read architecture ${name}: ${got}, expected whole numbers as in "0 3 0 …", or arch.json`,
  );
}

/**
 * Formats choices as one line, as `--child_fixed_arc` of the released code and `denas retrain` take it; rows are in
 * brackets where they tell a setting.
 * @param arch `settings`: of its space.
 */
export function formatScript(
  { space, choice, settings = {} }: {
    space: string;
    choice: readonly number[];
    settings?: Record<string, unknown>;
  },
): string {
  const script = spaces.find(space)?.script;
  if (!script?.bracketed) return choice.join(" ");
  return script.rows(choice, settings).map((row) => `[${row.join(" ")}]`).join(" ");
}

function scriptOf(texts: string[]): Script {
  const rows = texts.map((row) => parseChoice(row)).filter((row) => row !== null);
  return { choice: rows.flat(), rows: rows.length > 1 ? rows : null };
}

function shown(line: string): string {
  const text = JSON.stringify(line.trim());
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
