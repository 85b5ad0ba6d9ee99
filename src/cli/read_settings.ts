/** Reads settings from the user's files and folders. */
import { DataError, UsageError } from "../common/errors.ts";
import { knownSets } from "../data/published.ts";
import { fromHere } from "./paths.ts";

/** Reads a config.json as plain data; the schema checks its content. */
export async function readSettings(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read settings ${path}: ${(cause as Error).message}`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(
      `Cannot read settings ${path}: ${(cause as Error).message}, expected JSON as ` +
        `--print-config prints it`,
      { cause },
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DataError(
      `Cannot read settings ${path}: it is no object, expected what --print-config prints`,
    );
  }
  if (!("version" in value)) {
    throw new DataError(
      `Cannot read settings ${path}: they have no version, expected what --print-config prints`,
    );
  }
  return value as Record<string, unknown>;
}

/**
 * A published set keeps its name; a folder becomes an absolute path, so that a resume finds it from anywhere.
 */
export async function dataName(name: string | undefined): Promise<string | undefined> {
  if (name === undefined || Object.hasOwn(knownSets, name)) return name;
  const path = fromHere(name);
  const there = await Deno.stat(path).then(() => true, () => false);
  // Any other word stays as typed, so that the error message shows it.
  return there ? path : name;
}
