/** Splits a grammar file into sections and lines. Comments start with #; an indented line continues the last. */
import { DataError } from "../../common/errors.ts";

/** A line of a section with its number in the file, from 1. */
export interface Line {
  readonly text: string;
  readonly line: number;
}

/** Sections in the order in which a grammar file has them. */
export const sectionNames = [
  "grammar",
  "topologies",
  "productions",
  "constraints",
  "shared",
  "kernel",
  "network",
] as const;
export type SectionName = typeof sectionNames[number];

/** An error of a grammar file that names its line. */
export const grammarError = (name: string, line: number, got: string, expected: string) =>
  new DataError(
    `Cannot read grammar ${name}: line ${line}: ${
      got.length > MOST_SHOWN ? `${got.slice(0, MOST_SHOWN)}…` : got
    }, expected ${expected}`,
  );

/** Most characters of a line in a message. */
const MOST_SHOWN = 100;

/** @throws DataError naming the line. */
export function sectionsOf(text: string, name: string): Record<SectionName, Line[]> {
  const sections = Object.fromEntries(sectionNames.map((section) => [section, [] as Line[]]));
  let current: Line[] | null = null;
  // Editors of Windows begin a file with a byte order mark.
  text.replace(/^\uFEFF/, "").split(/\r?\n/).forEach((raw, i) => {
    const line = i + 1;
    const content = raw.replace(/#.*/, "").trimEnd();
    if (content.trim() === "") return;
    const heading = /^\[(.*)\]$/.exec(content)?.[1];
    if (heading !== undefined) {
      if (!sectionNames.includes(heading as SectionName)) {
        throw grammarError(name, line, `section [${heading}]`, `one of ${sectionNames.join(", ")}`);
      }
      current = sections[heading];
      return;
    }
    if (!current) {
      throw grammarError(name, line, JSON.stringify(content), "a section such as [grammar] first");
    }
    const previous = current.at(-1);
    if (!/^\s/.test(content)) current.push({ text: content, line });
    else if (previous) {
      current[current.length - 1] = { ...previous, text: `${previous.text} ${content.trim()}` };
    } else throw grammarError(name, line, "an indented line", "a line that it continues above it");
  });
  return sections as Record<SectionName, Line[]>;
}

/**
 * Splits `key: value`; null for a line without a colon. A regular expression would try every length of a long
 * run of spaces.
 */
export function splitAtColon(text: string): { key: string; value: string } | null {
  const colon = text.indexOf(":");
  return colon < 0
    ? null
    : { key: text.slice(0, colon).trimEnd(), value: text.slice(colon + 1).trim() };
}

/** Reads `key: value` lines. @throws DataError for unknown or repeated keys. */
export function fieldsOf<K extends string>(
  lines: readonly Line[],
  keys: readonly K[],
  name: string,
): Map<K, Line> {
  const fields = new Map<K, Line>();
  for (const { text, line } of lines) {
    const { key, value } = splitAtColon(text) ?? {};
    if (key === undefined || value === undefined || !keys.includes(key as K)) {
      const got = JSON.stringify(key ?? text);
      throw grammarError(name, line, got, `one of ${keys.map((k) => `${k}:`).join(", ")}`);
    }
    if (fields.has(key as K)) {
      throw grammarError(name, line, `${key}: a second time`, "each field once");
    }
    fields.set(key as K, { text: value, line });
  }
  return fields;
}
