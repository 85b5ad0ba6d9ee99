/** Options of `search` that choose the evaluator; those of its settings come from the definitions. */
import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../common/errors.ts";
import type { Overrides } from "../nas/config/config.ts";
import { evaluators } from "../nas/registry.ts";
import {
  addDefinitionOptions,
  definitionOverrides,
  flagOf,
  optionsOf,
} from "./definition_options.ts";
import { whole } from "./option_values.ts";

export interface EvaluatorOptions {
  evaluator?: string;
  table?: string;
  queries?: number;
  objectives?: string[];
}

export function addEvaluatorOptions(command: Command): Command {
  command.option(
    "--evaluator <kind>",
    evaluators.all().map(({ name, summary }) => `${name}: ${summary}`).join("; "),
    kind,
  );
  for (const { flag } of evaluators.all()) {
    if (flag) command.option(flagOf(flag.option), flag.help);
  }
  return addDefinitionOptions(command, "evaluator")
    .option("--queries <n>", "architectures to score (table, train)", whole)
    .option(
      "--objectives <list>",
      "beside the score, for nsga2 and the Pareto front: -parameters,-macs or columns of the table",
      (text: string) => text.split(",").map((name) => name.trim()),
    );
}

function kind(text: string): string {
  if (!evaluators.find(text)) {
    throw new InvalidArgumentError(`one of ${evaluators.names.join(", ")}`);
  }
  return text;
}

/**
 * Settings that were given. A table implies the evaluator that uses it, a flag the one that declares it.
 * @param usual evaluator of a search that names none.
 */
export function evaluatorOverrides(
  options: EvaluatorOptions & { budget?: number },
  usual: string,
): Overrides {
  const { table, queries, budget } = options;
  const flagged = evaluators.all().find(({ flag }) =>
    flag && (options as Record<string, unknown>)[flag.option] === true
  )?.name;
  const chosen = options.evaluator ?? flagged ?? (table === undefined ? undefined : "table");
  if (chosen === "table" && budget !== undefined) {
    throw new UsageError(
      "Cannot fit a search on a table to --budget: it takes seconds; give --queries instead",
    );
  }
  if (queries !== undefined && evaluators.get(chosen ?? usual).cost === "pass") {
    throw new UsageError(
      "Cannot use --queries with shared weights: they are trained in epochs; give --epochs, or " +
        "--set rounds=… and --set perRound=…",
    );
  }
  for (const { name, kinds } of optionsOf("evaluator")) {
    const given = (options as Record<string, unknown>)[name] !== undefined;
    if (!given || kinds.includes(chosen ?? usual)) continue;
    throw new UsageError(
      `Cannot use ${flagOf(name)} with evaluator ${chosen ?? usual}: it is an option of ` +
        `--evaluator ${kinds.join(" or ")}`,
    );
  }
  return {
    ...definitionOverrides(options, "evaluator"),
    "evaluator.kind": chosen,
    objectives: options.objectives,
    rounds: queries,
    perRound: queries === undefined ? undefined : 1,
  };
}
