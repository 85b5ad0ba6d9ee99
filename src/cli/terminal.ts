/**
 * The two output streams and the capabilities of a terminal. Results go to stdout, everything else to stderr.
 */
import process from "node:process";
import { styleText } from "node:util";
import { explain } from "../run/files.ts";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours text for stderr; leaves it plain under NO_COLOR and outside a terminal. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}

/**
 * Makes text safe for a terminal: names and messages from files could move its cursor, set its title or hide
 * earlier output. Keeps line breaks, tabs and the colours of `paint`; escapes the rest as JSON does,
 * `\u001b`, so that JSON stays valid and unchanged.
 */
export function clean(text: string): string {
  return text.replace(unsafe, (found) => colours.has(found) ? found : escaped(found));
}

/** Like `clean`, but for a name that must stay on one line. */
export function oneLine(name: string): string {
  return clean(name).replace(/[\n\t]/g, escaped);
}

/** Escapes all but plain ASCII. */
const escaped = (text: string) =>
  text.replace(
    /[^ -~]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Control characters and those that change the direction of writing; a colour sequence as a whole. */
const unsafe =
  // deno-lint-ignore no-control-regex -- these are what it looks for
  /\x1b\[\d{1,2}m|[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const styles: readonly Style[] = ["bold", "dim", "red", "green", "yellow", "cyan"];
/** Colour sequences of `paint`, whether or not this terminal has colours. */
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

/** Exit code after writing to a closed pipe: that of SIGPIPE. */
export const brokenPipeCode = 141;

const gone = new Set<Stream>();
let whenGone = (): void => Deno.exit(brokenPipeCode);

/** Whether a pipe was closed before everything was written, as by `denas runs | head -1`. */
export const readerGone = (): boolean => gone.size > 0;

/**
 * Sets the action on a closed pipe; by default the program ends at once.
 * @returns a function that restores the previous action.
 */
export function onReaderGone(act: () => void): () => void {
  const before = whenGone;
  whenGone = act;
  return () => whenGone = before;
}

/**
 * Writes all of a text; nothing more once the pipe is closed.
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

/** Prints information that is no error. */
export function printNote(text: string): void {
  printError(`note     ${text}`);
}

/** Formats a table: columns padded to their widest cell, numbers right-aligned. */
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

/** Formats a score in its unit. Without one, a share is shown as per cent and anything else unchanged. */
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
