/** What a space's preset says: all settings of a search or a retraining, but for what other definitions add. */
import type { ControllerConfig } from "./controller/network.ts";
import type { RetrainConfig, SearchConfig } from "./config_schema.ts";

/** A search in one preset. */
export interface SearchSection
  extends Omit<SearchConfig, "version" | "preset" | "space" | "strategy" | "evaluator"> {
  /** Settings of the space that differ from its defaults. */
  space: Record<string, unknown>;
  /** The strategy by its name. */
  strategy: string;
  /** Settings of the strategy that differ from its defaults. */
  strategySettings?: Record<string, unknown>;
  /** Settings of the controller, for strategies that have one. */
  controller?: ControllerConfig;
  /** Settings of shared-weight evaluation that differ from its defaults. */
  evaluator: Record<string, unknown>;
  /** Ids of quirks of the released code that hold in this preset only; see `faithful.ts`. */
  quirks?: readonly string[];
}

/** A retraining in one preset. */
export interface FinalSection extends Omit<RetrainConfig, "version" | "preset" | "space"> {
  space: Record<string, unknown>;
  quirks?: readonly string[];
}

/** Sections by preset. */
export interface Presets {
  search: Readonly<Record<string, SearchSection>>;
  final: Readonly<Record<string, FinalSection>>;
}
