/** Architectures in the notation of published benchmarks, recognised by their syntax. */
import type { ArchFile } from "./arch_file.ts";
import type { SpaceDefinition } from "../definition.ts";
import { openSpace, spaces } from "../registry.ts";

/**
 * Parses a benchmark's notation. Sizes are those of the published networks.
 * @param space its name, when the user gives it.
 * @param given settings that the user gives, which the notation may depend on.
 * @returns null for text in no such notation.
 * @throws UsageError describing the error.
 */
export function parseNotation(
  text: string,
  space: string | undefined,
  given: Record<string, unknown> = {},
): ArchFile | null {
  const definition = spaces.all().find(({ name, notation }) =>
    (space ?? name) === name && notation?.looks(text, space !== undefined)
  );
  if (!definition?.notation) return null;
  const settings = { ...definition.notation.published(text), ...given };
  const opened = openSpace({ kind: definition.name, ...settings });
  const { parse } = opened.notation ?? definition.notation;
  return publishedArch(definition, opened.encode(parse(text)), settings);
}

/**
 * Architecture file from choices of a benchmark's space, with the sizes of its published network, on
 * CIFAR-10.
 */
export function publishedArch(
  { name, notation }: SpaceDefinition,
  choice: number[],
  settings = notation?.published("") ?? {},
): ArchFile {
  return {
    format: "denas-arch",
    version: 2,
    space: name,
    input: [32, 32, 3],
    classes: 10,
    choice,
    settings: settings as ArchFile["settings"],
  };
}
