/** Config of a retraining from an architecture file: recorded settings, preset, options. */
import { isPublished } from "../../data/set_names.ts";
import type { ArchFile } from "../arch_formats/arch_file.ts";
import { type Overrides, resolveRetrainConfig, type RetrainConfig } from "./config.ts";
import type { Settings } from "../definition.ts";
import { openSpace, settingsOf, spaces } from "../registry.ts";
import type { Graph } from "../space.ts";

/**
 * Settings that an architecture file gives to a retraining, unless the user overrides them. In `search` form
 * they include the sizes of the search, so that shared weights fit.
 */
export function recorded(arch: ArchFile, form?: unknown): Overrides {
  const { kind, ...settings } = foundAt(arch);
  const definition = spaces.get(kind);
  const kept = form === "search" ? settings : definition.carried?.(settings) ?? {};
  // Settings that the file omits are left to the preset.
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
  // Files of earlier versions list the sizes of all spaces.
  const own = Object.entries(settings).filter(([name]) =>
    Object.hasOwn(definition.settings.shape, name)
  );
  return { kind: space, ...settingsOf(definition, Object.fromEntries(own)) };
}

export interface FinalChoice {
  preset: string;
  faithful?: boolean;
  /** Options of the user; undefined values were not given. */
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

/** Side of the images: pictures of folders keep that of the search; published sets have their own. */
function recordedSide({ data, input: [h, w] }: ArchFile, given: unknown): number | undefined {
  if (data === undefined || h !== w) return undefined;
  return isPublished(String(given ?? data)) ? undefined : h;
}

/**
 * Drawing of an architecture: one graph for macro, one per cell for micro.
 * @throws UsageError when the choices do not fit their space, naming the decision.
 */
export function pictureOf(arch: ArchFile): Graph[] {
  const space = openSpace(foundAt(arch));
  return space.picture(space.decode(arch.choice));
}
