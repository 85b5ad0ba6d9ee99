/** The network of an architecture of a grammar. */
import { UsageError } from "../../common/errors.ts";
import type { Network, Sized } from "../spaces/child.ts";
import type { NetworkSettings } from "../spaces/settings.ts";
import type { FlatGraph } from "./flat.ts";
import type { Grammar } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";

/** Sizes of a grammar's networks. */
export type GrammarNetworkSettings = NetworkSettings & { filters: number; layers: number };

/**
 * The network around the derived graphs, one per motif.
 * @throws UsageError for a frame that cannot be built.
 */
export function grammarNetwork(
  _graphs: readonly FlatGraph[],
  { grammar }: { grammar: Grammar; primitives: Primitives },
  _into: Sized<GrammarNetworkSettings>,
): Network {
  throw new UsageError(
    `Cannot build a network of grammar ${grammar.name}: its primitives have no layers, expected some`,
  );
}
