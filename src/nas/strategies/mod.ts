/** The built-in strategies. A new one is one file and one line here. */
import type { StrategyDefinition } from "../definition.ts";
import { ashaDefinition } from "./asha.ts";
import { assistedEvolutionDefinition } from "./assisted_evolution.ts";
import { enasDefinition } from "./enas.ts";
import { nnablaDefinition } from "./enas_nnabla.ts";
import { evolutionDefinition } from "./evolution.ts";
import { halvingDefinition, hyperbandDefinition } from "./hyperband.ts";
import { localSearchDefinition } from "./local_search.ts";
import { modelBasedDefinitions } from "./model_based_definitions.ts";
import { nsga2Definition } from "./nsga2.ts";
import { randomDefinition } from "./random.ts";

export const builtInStrategies: readonly StrategyDefinition[] = [
  enasDefinition,
  nnablaDefinition,
  randomDefinition,
  evolutionDefinition,
  assistedEvolutionDefinition,
  localSearchDefinition,
  halvingDefinition,
  hyperbandDefinition,
  ashaDefinition,
  nsga2Definition,
  ...modelBasedDefinitions,
];
