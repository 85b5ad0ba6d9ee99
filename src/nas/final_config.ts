/** From an architecture to the network that is built of it: sizes recorded, preset, options. */
import { knownSets } from "../data/known.ts";
import type { ArchFile } from "./arch_file.ts";
import { type Overrides, resolveRetrainConfig, type RetrainConfig } from "./config.ts";
import type { Graph } from "./space.ts";
import { spaces } from "./spaces/mod.ts";

/**
 * What an architecture is retrained with where neither options nor settings say otherwise. In the form of the
 * search it has the sizes of the search too, so that shared weights fit.
 */
export function recorded(arch: ArchFile, form?: unknown): Overrides {
  const asSearched = form === "search";
  return {
    data: arch.data,
    "child.stem": arch.stem,
    "child.branches": arch.branches,
    "child.blocks": arch.blocks,
    // A macro architecture says what each of its layers does: it has no other depth.
    "child.layers": /^macro/.test(arch.space) || asSearched ? arch.layers : undefined,
    // Ranges count in the channels of the search.
    "child.rangeFilters": arch.space === "macro-range" ? arch.filters : undefined,
    "child.filters": asSearched ? arch.filters : undefined,
  };
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
    ...recorded(arch, given["child.form"]),
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
  // Any preset will do: only what the file records decides the graph.
  const { child } = finalConfig(arch, { preset: "paper", given: {} });
  const space = spaces[arch.space](child);
  return space.picture(space.decode(arch.choice));
}
