/** Options of `search` that choose and configure the evaluator. */
import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../common/errors.ts";
import type { Overrides } from "../nas/config/config.ts";
import { evaluators } from "../nas/registry.ts";
import { whole } from "./run_options.ts";
import { fromHere } from "./paths.ts";

export interface EvaluatorOptions {
  evaluator?: string;
  table?: string;
  tableDataset?: string;
  objective?: string;
  report?: string;
  queries?: number;
  objectives?: string[];
}

export function addEvaluatorOptions(command: Command): Command {
  return command
    .option(
      "--evaluator <kind>",
      evaluators.all().map(({ name, summary }) => `${name}: ${summary}`).join("; "),
      kind,
    )
    .option("--table <file>", "search on this table of results, see denas table")
    .option("--table-dataset <name>", "data set of the table, where it has several")
    .option("--objective <metric>", "column of the table to maximise; -metric: to minimise")
    .option("--report <metric>", "column of the table that says how good the winner is")
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

/** Settings that were given. A table implies the evaluator that uses it. */
export function evaluatorOverrides(options: EvaluatorOptions & { budget?: number }): Overrides {
  const { table, tableDataset, objective, report, queries, budget } = options;
  const chosen = options.evaluator ?? (table === undefined ? undefined : "table");
  if (chosen === "table" && budget !== undefined) {
    throw new UsageError(
      "Cannot fit a search on a table to --budget: it takes seconds; give --queries instead",
    );
  }
  if (queries !== undefined && evaluators.get(chosen ?? "shared").cost === "pass") {
    throw new UsageError(
      "Cannot use --queries with shared weights: they are trained in epochs; give --epochs, or " +
        "--set rounds=… and --set perRound=…",
    );
  }
  const others = { "--table": table, "--table-dataset": tableDataset, "--objective": objective };
  for (const [name, value] of Object.entries({ ...others, "--report": report })) {
    if (value === undefined || chosen === "table") continue;
    throw new UsageError(`Cannot use ${name} with evaluator ${chosen ?? "shared"}: name a --table`);
  }
  return {
    "evaluator.kind": chosen,
    "evaluator.table": table && fromHere(table),
    "evaluator.dataset": tableDataset,
    "evaluator.objective": objective,
    "evaluator.report": report,
    objectives: options.objectives,
    rounds: queries,
    perRound: queries === undefined ? undefined : 1,
  };
}
