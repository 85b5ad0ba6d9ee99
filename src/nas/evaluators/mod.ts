/** The built-in evaluators. A new one is one file and one line here. */
import type { EvaluatorDefinition } from "../definition.ts";
import { debugDefinition } from "./debug.ts";
import { operationSumDefinition } from "./operation_sum.ts";
import { sharedDefinition } from "./shared.ts";
import { tableDefinition } from "./table.ts";
import { trainDefinition } from "./train.ts";
import { zeroCostDefinition } from "./zero_cost.ts";

export const builtInEvaluators: readonly EvaluatorDefinition[] = [
  sharedDefinition,
  tableDefinition,
  trainDefinition,
  debugDefinition,
  operationSumDefinition,
  zeroCostDefinition,
];
