/** Opens strategies and evaluators. Those of plug-ins are checked here, before anything runs with them. */
import * as z from "zod";
import { AdapterError, DataError, ExportError, UsageError } from "../common/errors.ts";
import { archFile } from "./arch_formats/arch_file.ts";
import { nameText } from "./config/limits.ts";
import { expectation, firstProblem } from "./config/zod_messages.ts";
import type {
  EvaluatorContext,
  EvaluatorDefinition,
  OpenEvaluator,
  Plugin,
  Settings,
  StrategyContext,
  StrategyDefinition,
} from "./definition.ts";
import { originOf } from "./registry.ts";
import type { Strategy } from "./strategy.ts";

const ofStrategy = ["ask", "tell", "draw", "snapshot", "restore"];
const ofEvaluator = ["evaluator", "target", "arch", "scoreKind", "score", "figures"];
const ofScoring = ["evaluate", "snapshot", "restore"];

/** Values of an opened evaluator that would otherwise first be read at the end of a search. */
const values = z.object({
  target: archFile.pick({ input: true }).extend({ classes: z.number().int().min(1) }),
  arch: archFile.pick({ input: true, classes: true, task: true, data: true }),
  scoreKind: archFile.shape.scoreKind.unwrap(),
  score: z.object({ label: z.string(), unit: nameText, comparable: z.boolean() }),
});

/** @throws UsageError where the strategy of a plug-in cannot be opened, or lacks a method. */
export async function openedStrategy(
  definition: StrategyDefinition,
  settings: Omit<Settings, "kind">,
  context: StrategyContext,
): Promise<Strategy<unknown>> {
  if (!originOf(definition)) return definition.open(settings, context);
  const strategy = await attempt(definition, () => definition.open(settings, context));
  demand(definition, ofStrategy, (name) => isMethod(strategy, name));
  return strategy;
}

/** @throws UsageError where the evaluator of a plug-in cannot be opened, or lacks a method or value. */
export async function openedEvaluator(
  definition: EvaluatorDefinition,
  settings: Omit<Settings, "kind">,
  context: EvaluatorContext,
): Promise<OpenEvaluator> {
  if (!originOf(definition)) return await definition.open(settings, context);
  const opened = await attempt(definition, () => definition.open(settings, context));
  demand(definition, ofEvaluator, (name) => {
    return name === "figures" ? isMethod(opened, name) : memberOf(opened, name) !== undefined;
  });
  const methods = ofScoring.map((name) => `evaluator.${name}`);
  demand(definition, methods, (name) => isMethod(opened.evaluator, name.split(".")[1]));
  const parsed = values.safeParse(opened, { error: expectation });
  if (parsed.success) return opened;
  throw cannot(definition, `of what open() returned, ${firstProblem(parsed.error, opened)}`);
}

async function attempt<T>(definition: Plugin, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (speaksForItself(cause)) throw cause;
    throw cannot(definition, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Whether an error has a message for the user already, or says that the run was interrupted. */
const speaksForItself = (error: unknown) =>
  [UsageError, DataError, AdapterError, ExportError].some((known) => error instanceof known) ||
  error instanceof Error && error.name === "AbortError";

/** Throws unless all of `names` are there. */
function demand(definition: Plugin, names: readonly string[], has: (name: string) => boolean) {
  const lacking = names.filter((name) => !has(name));
  if (lacking.length === 0) return;
  throw cannot(
    definition,
    `open() returned no ${lacking.join(", no ")}, expected ${names.join(", ")}`,
  );
}

const memberOf = (value: unknown, name: string) =>
  (value as Record<string, unknown> | null | undefined)?.[name];

const isMethod = (value: unknown, name: string) => typeof memberOf(value, name) === "function";

const cannot = (definition: Plugin, why: string, cause?: unknown) =>
  new UsageError(
    `Cannot open ${definition.type} ${JSON.stringify(definition.name)} of ${
      originOf(definition)
    }: ${why}`,
    { cause },
  );
