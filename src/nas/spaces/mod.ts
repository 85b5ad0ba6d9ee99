/** The built-in search spaces. A new one is one file and one line here. */
import type { SpaceDefinition } from "../definition.ts";
import { dartsDefinition } from "./darts.ts";
import { grammarDefinition } from "./grammar.ts";
import { macroDefinition } from "./macro.ts";
import { macroRangeDefinition } from "./macro_range.ts";
import { microDefinition } from "./micro.ts";
import { modularDefinition } from "./modular.ts";
import { nasbench101Definition } from "./nasbench101.ts";
import { nasbench201Definition } from "./nasbench201.ts";
import { nasbenchMacroDefinition } from "./nasbench_macro.ts";

export const builtInSpaces: readonly SpaceDefinition[] = [
  microDefinition,
  macroDefinition,
  macroRangeDefinition,
  nasbench101Definition,
  nasbench201Definition,
  nasbenchMacroDefinition,
  dartsDefinition,
  modularDefinition,
  grammarDefinition,
];
