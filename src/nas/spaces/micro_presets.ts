/** Presets of the micro space: the recipes of `macro_presets.ts` for networks of cells. */
import {
  paperFinal,
  paperSearch,
  quickFinal,
  quickSearch,
  smokeFinal,
  smokeSearch,
} from "../config/preset_defaults.ts";
import type { FinalSection, Presets, SearchSection } from "../config/preset_sections.ts";
import { nnablaFinal, nnablaSearch, nnablaSpace } from "./nnabla_recipe.ts";

const quick: SearchSection = {
  ...quickSearch,
  space: { layers: 3, filters: 12, stem: 2, blocks: 4 },
};

const quickTraining: FinalSection = {
  ...quickFinal,
  space: { layers: 3, filters: 16, stem: 2, blocks: 4 },
};

export const microPresets: Presets = {
  search: {
    smoke: { ...smokeSearch(quick), space: { layers: 3, filters: 4, stem: 2, blocks: 2 } },
    quick,
    paper: { ...paperSearch, space: { layers: 6, filters: 20, auxHead: true } },
    nnabla: { ...nnablaSearch, space: { layers: 6, filters: 20, auxHead: true, ...nnablaSpace } },
  },
  final: {
    smoke: {
      ...smokeFinal(quickTraining),
      space: { layers: 3, filters: 4, stem: 2, blocks: 2 },
    },
    quick: quickTraining,
    paper: {
      ...paperFinal,
      space: { layers: 15, filters: 36, keep: 0.8, dropPathKeep: 0.6, auxHead: true },
    },
    nnabla: { ...nnablaFinal, space: { layers: 6, filters: 80, auxHead: true, ...nnablaSpace } },
  },
};
