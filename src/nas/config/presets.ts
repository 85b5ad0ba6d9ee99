/** Presets of all spaces: a name, with a section per space and command. */
import { UsageError } from "../../common/errors.ts";
import type { SpaceDefinition } from "../definition.ts";
import { spaces } from "../registry.ts";
import type { FinalSection, Presets, SearchSection } from "./preset_sections.ts";
import { ownDefaults } from "../spaces/benchmark_presets.ts";

/**
 * Section of a space for a search.
 * @throws UsageError listing the presets, or the spaces that have this one.
 */
export const searchSection = (definition: SpaceDefinition, preset: string): SearchSection =>
  section(definition, "search", preset);

/**
 * Section of a space for a retraining.
 * @throws UsageError as `searchSection`.
 */
export const finalSection = (definition: SpaceDefinition, preset: string): FinalSection =>
  section(definition, "final", preset);

function section<C extends keyof Presets>(
  { name, presets = {} }: SpaceDefinition,
  command: C,
  preset: string,
): Presets[C][string] {
  const own = presets[command] ?? ownDefaults[command];
  if (Object.hasOwn(own, preset)) return own[preset] as Presets[C][string];
  const elsewhere = spaces.all().filter((space) => preset in (space.presets?.[command] ?? {}));
  if (elsewhere.length === 0) {
    throw new UsageError(
      `Cannot use preset ${JSON.stringify(preset)}: expected one of ${presetNames().join(", ")}`,
    );
  }
  throw new UsageError(
    `Cannot ${command === "search" ? "search in mode" : "retrain space"} ${
      JSON.stringify(name)
    }: preset ${preset} has ${elsewhere.map((space) => space.name).join(", ")}`,
  );
}

/** Names of the presets of all spaces. */
export function presetNames(): string[] {
  const names = spaces.all().flatMap(({ presets }) => Object.keys(presets?.search ?? {}));
  return [...new Set([...Object.keys(ownDefaults.search), ...names])];
}

/** Names of the presets of one space. */
export const presetsOf = ({ presets }: SpaceDefinition): string[] =>
  Object.keys(presets?.search ?? ownDefaults.search);
