/** Architectures in the notation of published benchmarks, told by how they look. */
import type { ArchFile } from "./arch_file.ts";
import type { SpaceDefinition } from "../definition.ts";
import { openSpace, spaces } from "../registry.ts";

/**
 * Sizes are those of the published networks.
 * @param space its name, where the user says it.
 * @returns null for what is in no such notation.
 * @throws UsageError saying what is wrong in it.
 */
export function parseNotation(text: string, space: string | undefined): ArchFile | null {
  const definition = spaces.all().find(({ name, notation }) =>
    (space ?? name) === name && notation?.looks(text, space !== undefined)
  );
  if (!definition?.notation) return null;
  const settings = definition.notation.published(text);
  const opened = openSpace({ kind: definition.name, ...settings });
  return publishedArch(definition, opened.encode(definition.notation.parse(text)), settings);
}

/** Choices of a benchmark's space with the sizes of its published network, on CIFAR-10. */
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
