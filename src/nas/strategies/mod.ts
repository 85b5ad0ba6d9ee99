/** The built-in strategies. A new one is one file and one line here; `definitions.ts` has those that load on demand. */
import type { StrategyDefinition } from "../definition.ts";
import {
  ashaDefinition,
  assistedEvolutionDefinition,
  evolutionDefinition,
  halvingDefinition,
  hyperbandDefinition,
  localSearchDefinition,
  nsga2Definition,
} from "./definitions.ts";
import { enasDefinition } from "./enas.ts";
import { nnablaDefinition } from "./enas_nnabla.ts";
import { modelBasedDefinitions } from "./model_based_definitions.ts";
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
