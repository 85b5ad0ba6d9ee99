/** YAML as hnas writes and reads it. */
import { parse, stringify } from "yaml";
import { DataError } from "../../common/errors.ts";

/**
 * Reads a file whose writer may have been killed. Python's writer ends every file with a newline, so one without
 * it was cut.
 * @throws DataError naming the file.
 */
export function readYaml(path: string): unknown {
  const unreadable = (why: string, cause?: unknown) =>
    new DataError(
      `Cannot read ${path}: ${why}, expected a whole YAML file; delete its folder to have the ` +
        `configuration replaced`,
      { cause },
    );
  const text = Deno.readTextFileSync(path);
  if (!text.endsWith("\n")) {
    throw unreadable(text === "" ? "it is empty" : "it was cut within a line");
  }
  try {
    // Numbers of NumPy are tagged objects of Python; they are read as plain lists.
    return parse(text, { logLevel: "error" });
  } catch (cause) {
    throw unreadable((cause as Error).message.split("\n")[0], cause);
  }
}

/** Formats plain data with sorted keys and long text in one line. */
export const formatYaml = (value: unknown): string =>
  stringify(value, { lineWidth: 0, sortMapEntries: true })
    // Python's reader takes 1e-7 for text, and 1.0e-7 for a number.
    .replace(/([:-] -?\d+)(e[+-]\d+)$/gm, "$1.0$2");

/** A number, or one of NumPy's, which Python writes as an object with its bytes. */
export function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  const bytes = Array.isArray(value) ? value.at(-1) : null;
  if (!(bytes instanceof Uint8Array)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 8) return view.getFloat64(0, true);
  return bytes.length === 4 ? view.getFloat32(0, true) : null;
}
