/** From an architecture to the network that is built of it: sizes recorded, preset, options. */
import { knownSets } from "../../data/known.ts";
import type { ArchFile } from "../arch_formats/arch_file.ts";
import { type Overrides, resolveRetrainConfig, type RetrainConfig } from "./config.ts";
import type { Settings } from "../definition.ts";
import { openSpace, settingsOf, spaces } from "../registry.ts";
import type { Graph } from "../space.ts";

/**
 * What an architecture is retrained with where neither options nor settings say otherwise. In the form of the
 * search it has the sizes of the search too, so that shared weights fit.
 */
export function recorded(arch: ArchFile, form?: unknown): Overrides {
  const { kind, ...settings } = foundAt(arch);
  const definition = spaces.get(kind);
  const kept = form === "search" ? settings : definition.carried?.(settings) ?? {};
  // Of what the file leaves open, the preset decides.
  const stated = Object.entries(kept).filter(([name, value]) =>
    Object.hasOwn(arch.settings, name) || value !== settings[name]
  );
  return {
    data: arch.data,
    ...Object.fromEntries(stated.map(([name, value]) => [`space.${name}`, value])),
  };
}

/** The space with the settings at which an architecture was found. */
export function foundAt({ space, settings }: Pick<ArchFile, "space" | "settings">): Settings {
  const definition = spaces.get(space);
  // Files of earlier versions had the sizes of all spaces.
  const own = Object.entries(settings).filter(([name]) =>
    Object.hasOwn(definition.settings.shape, name)
  );
  return { kind: space, ...settingsOf(definition, Object.fromEntries(own)) };
}

export interface FinalChoice {
  preset: string;
  faithful?: boolean;
  /** Of the user; undefined where nothing was given. */
  given: Overrides;
}

/** The config of a retraining: preset, then what the file records, then what the user gave. */
export function finalConfig(
  arch: ArchFile,
  { preset, faithful, given }: FinalChoice,
): RetrainConfig {
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  const overrides = {
    ...recorded(arch, given.form),
    image: recordedSide(arch, given.data),
    ...Object.fromEntries(stated),
  };
  return resolveRetrainConfig({ space: arch.space, preset, faithful, overrides });
}

/** Pictures of folders keep the side of the search; published sets have their own. */
function recordedSide({ data, input: [h, w] }: ArchFile, given: unknown): number | undefined {
  if (data === undefined || h !== w) return undefined;
  return Object.hasOwn(knownSets, String(given ?? data)) ? undefined : h;
}

/**
 * One graph for macro, one per cell for micro.
 * @throws UsageError when the choices do not fit their space, naming the decision.
 */
export function pictureOf(arch: ArchFile): Graph[] {
  const space = openSpace(foundAt(arch));
  return space.picture(space.decode(arch.choice));
}
