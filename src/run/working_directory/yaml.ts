/** YAML as hnas writes and reads it. */
import { parse, stringify } from "yaml";
import { DataError } from "../../common/errors.ts";

/**
 * Reads a file whose writer may have been killed. Python's writer ends every file with a newline, so one without
 * it was cut.
 * @throws DataError naming the file.
 */
export function readYaml(path: string): unknown {
  const cut = (why: string, cause?: unknown) =>
    new DataError(
      `Cannot read ${path}: ${why}, expected a whole YAML file; the file was cut, delete its folder ` +
        `to have the configuration replaced`,
      { cause },
    );
  const text = Deno.readTextFileSync(path);
  if (!text.endsWith("\n")) throw cut(text === "" ? "it is empty" : "it ends within a line");
  try {
    // Numbers of NumPy are tagged objects of Python; they are read as plain lists.
    return parse(text, { logLevel: "error" });
  } catch (cause) {
    throw cut((cause as Error).message.split("\n")[0], cause);
  }
}

/** Formats plain data with sorted keys and long text in one line. */
export const formatYaml = (value: unknown): string =>
  stringify(value, { lineWidth: 0, sortMapEntries: true });
