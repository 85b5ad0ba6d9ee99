import type { ChildConfig } from "../../src/nas/space.ts";

/** A child as the released scripts have it, but for what a test changes. */
export function childConfig(changes: Partial<ChildConfig> = {}): ChildConfig {
  return {
    form: "search",
    layers: 6,
    filters: 20,
    branches: 5,
    rangeFilters: 0,
    blocks: 5,
    stem: 1,
    keep: 0.9,
    dropPathKeep: 0.6,
    auxHead: true,
    legacyFixed: false,
    legacyReduce: false,
    legacyInit: false,
    bnEpsilon: 1e-5,
    bnDecay: 0.9,
    opBnEpsilon: 1e-3,
    bnDebias: true,
    rewardStatistics: "batch",
    rewardDropout: false,
    ...changes,
  };
}

/** The macro space's own settings. */
export const macroConfig = (changes: Partial<ChildConfig> = {}): ChildConfig =>
  childConfig({ layers: 12, filters: 36, branches: 6, ...changes });
