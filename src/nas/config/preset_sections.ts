/** Section of a preset: all settings of a search or a retraining, except those that other definitions add. */
import type { ControllerConfig } from "../controller/network.ts";
import type { RetrainConfig, SearchConfig } from "./config_schema.ts";

/** Settings of a search in one preset. */
export interface SearchSection
  extends
    Omit<SearchConfig, "version" | "preset" | "plugins" | "space" | "strategy" | "evaluator"> {
  /** Settings of the space that differ from its defaults. */
  space: Record<string, unknown>;
  /** Name of the strategy. */
  strategy: string;
  /** Settings of the strategy that differ from its defaults. */
  strategySettings?: Record<string, unknown>;
  /** Settings of the controller, for strategies that have one. */
  controller?: ControllerConfig;
  /** Name of the evaluator; default: shared. */
  evaluatorName?: string;
  /** Settings of the loop with that evaluator, by dotted name, that differ from the evaluator's. */
  ownLoop?: Readonly<Record<string, unknown>>;
  /** Settings of that evaluator that differ from its defaults. */
  evaluator: Record<string, unknown>;
  quirks?: SectionQuirks;
  /** Settings, by dotted name, that take the batch size if the user gives one. */
  withBatch?: readonly string[];
}

/** Ids of quirks (`faithful.ts`) for one preset: `more` adds some, `instead` replaces the whole list. */
export interface SectionQuirks {
  more?: readonly string[];
  instead?: readonly string[];
}

/** Settings of a retraining in one preset. */
export interface FinalSection
  extends Omit<RetrainConfig, "version" | "preset" | "plugins" | "space"> {
  space: Record<string, unknown>;
  quirks?: SectionQuirks;
  withBatch?: readonly string[];
}

/** Sections by preset. */
export interface Presets {
  search: Readonly<Record<string, SearchSection>>;
  final: Readonly<Record<string, FinalSection>>;
}
