/**
 * `arch.json`: a found architecture and the settings it was found with. These are the defaults for
 * retraining; options override them.
 */
import * as z from "zod";
import { DataError } from "../../common/errors.ts";
import { MOST_NODES } from "../grammar/cursor.ts";
import { expectation } from "../config/zod_messages.ts";
import {
  countOf,
  limits,
  nameText,
  pathText,
  settingText,
  sizeOf,
  tooLarge,
} from "../config/limits.ts";

const side = sizeOf(limits.side);

/** Schema of `arch.json`, version 2. `parseArchFile` also upgrades older versions. */
export const archFile = z.object({
  format: z.literal("denas-arch"),
  version: z.literal(2),
  /** Name of the search space. */
  space: nameText.min(1),
  /** Height, width, channels of an image. */
  input: z.tuple([side, side, sizeOf(limits.channels)]),
  /** Names of the classes, or their number. */
  classes: z.union([
    sizeOf(limits.classes),
    z.array(pathText).min(1).max(limits.classes.most, tooLarge(limits.classes)),
  ]),
  /** One class per image (the default), or any number of them. */
  task: z.enum(["single-label", "multi-label"]).optional(),
  /** Choice at every decision of the space, in its order; derivation trees have the most. */
  choice: z.array(countOf(limits.options)).max(MOST_NODES),
  /** Settings of the space in which the architecture was found. */
  settings: z.record(
    nameText,
    z.union([z.number(), z.boolean(), settingText, z.array(nameText).max(limits.modules.most)]),
  ),
  /** Name of the data set. */
  data: pathText.optional(),
  /**
   * Accuracy as a fraction, unless `scoreUnit` is present. `scoreKind` tells what was measured: with shared
   * weights, after training (briefly, in a search), a table's value, a score of the untrained network, or that
   * of a debug run.
   */
  score: z.number().optional(),
  scoreKind: z.enum([
    ...["shared-weights", "retrained", "trained-briefly", "table", "zero-cost", "debug"] as const,
  ])
    .optional(),
  scoreUnit: nameText.optional(),
  run: pathText.optional(),
  /** Search strategy that found it, or `baseline` for a network made by hand. */
  strategy: nameText.optional(),
  seed: z.number().int().optional(),
});

/** Contents of `arch.json`: the choices of an architecture, its space, and the task it was found for. */
export type ArchFile = z.infer<typeof archFile>;

/** Number of classes of an architecture file. */
export function classCount(arch: ArchFile): number {
  return typeof arch.classes === "number" ? arch.classes : arch.classes.length;
}

/**
 * Parses an architecture file. Whether the choices fit the space is checked by `SearchSpace.decode`.
 * @param name of the file, for messages.
 * @throws DataError naming the field and the expected value.
 */
export function parseArchFile(text: string, name: string): ArchFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError(
      `Cannot read architecture ${name}: ${(cause as Error).message}, expected JSON; ` +
        `make one with "denas search"`,
      { cause },
    );
  }
  const parsed = archFile.safeParse(upgradedArch(json), { error: expectation });
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  const field = path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("")
    .replace(/^\./, "");
  const got = path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
  throw new DataError(
    `Cannot read architecture ${name}: ${field || "it"} is ${show(got)}, ${message}`,
    { cause: parsed.error },
  );
}

const sizes = ["stem", "layers", "filters", "branches", "blocks"] as const;

/** Upgrades files of version 1: fields beside the choice move into the settings. */
export function upgradedArch(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  const { version, ...file } = json as Record<string, unknown>;
  if (version !== 1) return json;
  const settings: Record<string, unknown> = {};
  for (const name of sizes) {
    if (file[name] !== undefined) settings[name] = file[name];
    delete file[name];
  }
  return { ...file, version: 2, settings };
}

/** Formats a file with one line per field. The choices share one line, so that a diff shows what changed. */
export function formatArchFile(arch: ArchFile): string {
  const fields = Object.entries(archFile.parse(arch))
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${oneLine(value)}`);
  return `{\n${fields.join(",\n")}\n}\n`;
}

/** Whether a file's text is an architecture written by denas: only such files are overwritten. */
export function isArchFile(text: string): boolean {
  try {
    return JSON.parse(text)?.format === "denas-arch";
  } catch {
    return false;
  }
}

/**
 * Parses choices as text: integers separated by blanks, commas or brackets, as the original scripts print
 * them.
 */
export function parseChoice(text: string): number[] | null {
  const words = text.replace(/[[\](),;]/g, " ").trim().split(/\s+/);
  return words.every((word) => /^\d+$/.test(word)) ? words.map(Number) : null;
}

function oneLine(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]`
    : JSON.stringify(value, null, 1).replaceAll(/\n */g, " ");
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text === undefined ? "missing" : text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
