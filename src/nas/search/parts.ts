/**
 * Parts of a search that do not depend on the evaluator: the strategy, and the constraints on architectures.
 */
import { UsageError } from "../../common/errors.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { SearchConfig } from "../config/config.ts";
import type { SpaceDefinition } from "../definition.ts";
import { describe } from "../analysis/describe.ts";
import { encodingNamed, type Encodings, type OpenEncodings } from "../encodings/mod.ts";
import { openedStrategy } from "../plugin_open.ts";
import { evaluators, spaces, strategies } from "../registry.ts";
import type { BuildContext, SearchSpace } from "../space.ts";
import { variationOf } from "../strategies/variation.ts";
import type { Strategy } from "../strategy.ts";

export interface OpenStrategy {
  gpu: Gpu | null;
  fidelities?: readonly number[];
  /** Folder that caches the cells of NAS-Bench-101, which some encodings need. */
  cacheDir?: string;
  signal?: AbortSignal;
  /**
   * Encodings opened by the caller, where many strategies share them; default: those that the config names.
   */
  encodings?: Encodings<unknown>;
}

/**
 * Opens the strategy of a config.
 * @throws UsageError where strategy, space, encodings and evaluator do not fit each other.
 */
export async function openStrategy(
  config: SearchConfig,
  space: SearchSpace<unknown>,
  { gpu, fidelities = [], encodings: opened, ...places }: OpenStrategy,
): Promise<Strategy<unknown>> {
  const { kind, ...settings } = config.strategy;
  const definition = spaces.get(config.space.kind);
  const { sample = "", perturb = "", strict = false } = settings.encoding ?? {};
  // The predictor's encoding is not named: encoding an architecture looks up no cells.
  const names = [sample, perturb].filter((name) => name !== "");
  const encodings = opened ?? await openEncodings(definition, { ...places, strict, names });
  const find = (name: string) => name ? encodingNamed(encodings, name, space.name) : undefined;
  const variation = variationOf(space, { sample: find(sample), perturb: find(perturb) });
  const sharedWeights = evaluators.get(config.evaluator.kind).cost === "pass";
  const context = {
    config,
    space,
    definition,
    variation,
    encodings,
    gpu,
    sharedWeights,
    fidelities,
  };
  return await openedStrategy(strategies.get(kind), settings, context);
}

/** The published encodings of a space by name; empty for spaces that have none. */
export async function openEncodings(
  definition: SpaceDefinition,
  options: OpenEncodings,
): Promise<Encodings<unknown>> {
  return await definition.encodings?.(options) ?? {};
}

/** Size of the search child of an architecture. */
export type Sizes = (arch: unknown) => { parameters: number; macs: number };

/** Returns a function for sizes. It caches them, since each takes milliseconds to compute. */
export function sizesIn(
  space: SearchSpace<unknown>,
  context: Omit<BuildContext, "weights">,
): Sizes {
  const known = new Map<string, { parameters: number; macs: number }>();
  return (arch) => {
    const key = space.key(arch);
    let found = known.get(key);
    if (!found) {
      const { parameters, macs } = describe({ space, choice: space.encode(arch), ...context });
      found = { parameters, macs: macs! };
      // A long search samples hundreds of thousands of architectures.
      if (known.size === 10_000) known.clear();
      known.set(key, found);
    }
    return found;
  };
}

/** Constraints on the search child's parameters and multiply-adds per image. */
export function limits(
  { maxParams, maxMacs }: SearchConfig,
  sizes: Sizes,
): (arch: unknown) => boolean {
  if (!maxParams && !maxMacs) return () => true;
  return (arch) => {
    const { parameters, macs } = sizes(arch);
    return (!maxParams || parameters <= maxParams) && (!maxMacs || macs <= maxMacs);
  };
}

/**
 * The objectives beside the score, all to be maximised; undefined where there are none.
 * @param column values of a table's column by architecture, already signed; undefined for an unknown name.
 * @throws UsageError for an unknown name.
 */
export function furtherObjectives(
  { objectives }: SearchConfig,
  sizes: Sizes,
  column: (name: string) => ((arch: unknown) => number) | undefined = () => undefined,
): ((arch: unknown) => number[]) | undefined {
  if (!objectives.length) return undefined;
  const each = objectives.map((name) => {
    if (name === "-parameters") return (arch: unknown) => -sizes(arch).parameters;
    if (name === "-macs") return (arch: unknown) => -sizes(arch).macs;
    const values = column(name);
    if (values) return values;
    throw new UsageError(
      `Cannot use objective ${
        JSON.stringify(name)
      }: expected -parameters, -macs or, on a table, a column`,
    );
  });
  return (arch) => each.map((one) => one(arch));
}
