/** The two output streams and what a terminal can show. Results go to stdout, everything else to stderr. */
import process from "node:process";
import { styleText } from "node:util";
import { explain } from "../run/files.ts";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours text for stderr; leaves it plain under NO_COLOR and outside a terminal. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}

/**
 * Text as a terminal may get it: names and messages that come from files could move its cursor, set its title
 * or hide what was said before. Only line breaks, tabs and the colours of `paint` stay; the rest is shown as in
 * JSON, `\u001b`, so that JSON stays what it is.
 */
export function clean(text: string): string {
  return text.replace(unsafe, (found) => colours.has(found) ? found : escaped(found));
}

/** A name that may not begin a line of its own either. */
export function oneLine(name: string): string {
  return clean(name).replace(/[\n\t]/g, escaped);
}

/** Escapes all but plain ASCII. */
const escaped = (text: string) =>
  text.replace(
    /[^ -~]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Control characters, and those that turn the direction of writing; a colour as a whole. */
const unsafe =
  // deno-lint-ignore no-control-regex -- these are what it looks for
  /\x1b\[\d{1,2}m|[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const styles: readonly Style[] = ["bold", "dim", "red", "green", "yellow", "cyan"];
/** What `paint` writes, whether this terminal has colours or not. */
const colours = new Set(
  styles.flatMap((style) => styleText(style, "|", { validateStream: false }).split("|")),
);

export function print(text: string): void {
  write("stdout", clean(text) + "\n");
}

export function printError(text: string): void {
  write("stderr", clean(text) + "\n");
}

type Stream = "stdout" | "stderr";

/** Exit code of a program that wrote where nobody reads: that of SIGPIPE. */
export const brokenPipeCode = 141;

const gone = new Set<Stream>();
let whenGone = (): void => Deno.exit(brokenPipeCode);

/** Whether something was written that nobody reads, as `denas runs | head -1` may leave it. */
export const readerGone = (): boolean => gone.size > 0;

/**
 * What is to be done once nobody reads any more; by default the program ends at once.
 * @returns what takes that back.
 */
export function onReaderGone(act: () => void): () => void {
  const before = whenGone;
  whenGone = act;
  return () => whenGone = before;
}

/**
 * Writes all of a text; nothing more where the reader has gone.
 * @throws DataError where it cannot be written for another reason.
 */
export function write(stream: Stream, text: string): void {
  if (gone.has(stream)) return;
  try {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) {
      bytes = bytes.subarray(Deno[stream].writeSync(bytes));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw explain(stream, error);
    gone.add(stream);
    whenGone();
  }
}

/** What is worth knowing, and no error. */
export function printNote(text: string): void {
  printError(`note     ${text}`);
}

/** A table for people: columns padded to their widest cell, numbers to the right. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(oneLine));
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const right = head.map((_, i) =>
    rows.length > 0 && rows.every((row) => /^[-+]?[\d.,]+( ?%)?$|^$|^–$/.test(row[i]))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))
      .join("  ").trimEnd();
  return [head, ...rows].map(line).join("\n");
}

/** 71.23 % */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}

/** A score in its unit; where a run does not name one, a share as per cent and anything else as it is. */
export function scoreText(value: number, unit?: string): string {
  if (unit === "fraction") return percent(value);
  if (unit === undefined && value >= 0 && value <= 1) return percent(value);
  return `${Number(value.toPrecision(6))}${unit ? ` ${unit}` : ""}`;
}

/** 1,234,567 */
export function thousands(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

/** 1 epoch, 2 epochs */
export function counted(n: number, noun: string): string {
  return `${thousands(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** 8 s, 3 min 20 s, 2 h 5 min */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}

/** 12.3 MiB */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${i === 0 ? n : n.toFixed(1)} ${units[i]}`;
}
