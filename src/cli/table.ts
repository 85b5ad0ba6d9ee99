/** `denas table`: shows the content of a table of results. Opens no adapter. */
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { parseArchFile, parseChoice } from "../nas/arch_formats/arch_file.ts";
import { resolveSearchConfig } from "../nas/config/config.ts";
import { openSpace } from "../nas/registry.ts";
import type { SearchSpace } from "../nas/space.ts";
import {
  indexIn,
  metricOf,
  type Objective,
  objectiveOf,
  openTable,
  type Table,
  taskOf,
} from "../nas/tables/mod.ts";
import { positive } from "./option_values.ts";
import { fromHere, places } from "./paths.ts";
import { Progress, stderrScreen } from "./progress.ts";
import { print, table as lines, thousands } from "./terminal.ts";
import { addDefinitionOptions, definitionOverrides } from "./definition_options.ts";

interface TableOptions {
  space?: string;
  dataset?: string;
  by?: string;
  count: number;
  json?: boolean;
}

/** An open table and the space of its architectures. */
interface Opened {
  table: Table;
  space: SearchSpace<unknown>;
}

export function addTable(program: Command): void {
  const group = program.command("table")
    .description("Look into a table of results that a search can ask instead of training.")
    .addHelpText(
      "after",
      `
Examples:
  $ denas table info nb201.csv
  $ denas table top nb201.csv --dataset cifar100 --count 5
  $ denas table query nb201.csv "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|"
  $ denas table neighbours macro.csv 22212220
  $ denas table info my.csv --space micro --blocks 4      your own: arch,accuracy,…

Tables are explained in docs/tables.md.`,
    );
  command(group, "info <file>", "Size, space, metrics with their ranges, what a search maximises.")
    .action((file: string, options: TableOptions) => withTable(file, options, info));
  command(group, "query <file> <arch>", "All that the table says of an architecture.")
    .action((file: string, arch: string, options: TableOptions) =>
      withTable(file, options, (opened) => query(opened, arch, options))
    );
  command(group, "neighbours <file> <arch>", "Architectures one change away, best first.")
    .action((file: string, arch: string, options: TableOptions) =>
      withTable(file, options, (opened) => neighbours(opened, arch, options))
    );
  command(group, "top <file>", "The best architectures.")
    .action((file: string, options: TableOptions) => withTable(file, options, top));
}

function command(group: Command, usage: string, description: string): Command {
  const made = group.command(usage).description(description)
    .option("--space <name>", "space of a table of your own")
    .option("--dataset <name>", "data set, where the table has several")
    .option("--by <metric>", "order by this metric; -metric: smallest first")
    .option("--count <n>", "at most so many rows", positive, 10)
    .option("--json", "print JSON");
  return addDefinitionOptions(made, "space").addHelpText(
    "after",
    `\nExamples:\n  $ denas table --help`,
  );
}

/** Opens a table; shows progress while reading a large one. */
export async function openShowing(path: string, space?: SearchSpace<unknown>): Promise<Table> {
  const progress = new Progress(stderrScreen());
  try {
    return await openTable(path, {
      space,
      cacheDir: places().cacheDir,
      progress: (done, what) => progress.redraw(() => `${what}  ${Math.floor(100 * done)} %`),
    });
  } finally {
    progress.clear();
  }
}

async function withTable(
  file: string,
  options: TableOptions,
  body: (opened: Opened, options: TableOptions) => unknown,
): Promise<void> {
  const given = options.space === undefined ? undefined : spaceOf(options.space, options);
  const table = await openShowing(fromHere(file), given);
  try {
    if (given && table.space !== given.name) {
      throw new UsageError(
        `Cannot read table ${table.name} in space ${given.name}: it is of space ${table.space}`,
      );
    }
    const result = body({ table, space: given ?? spaceOf(table.space, options) }, options);
    print(options.json ? JSON.stringify(result, null, 1) : String(result));
  } finally {
    table.close();
  }
}

function spaceOf(mode: string, options: TableOptions): SearchSpace<unknown> {
  const overrides = definitionOverrides(options, "space");
  return openSpace(resolveSearchConfig({ mode, preset: "paper", overrides }).space);
}

function info({ table, space }: Opened, { json }: TableOptions): unknown {
  const metrics = table.metrics.map((metric) => {
    const column = table.column(metric.name);
    let least = Infinity, most = -Infinity, sum = 0;
    for (const v of column) {
      least = Math.min(least, v);
      most = Math.max(most, v);
      sum += v;
    }
    return { ...metric, least, mean: sum / column.length, most };
  });
  const { name, size, tasks } = table;
  if (json) return { name, space: space.name, size, tasks, metrics };
  const rows = metrics.map(({ name, label, unit, least, mean, most }) => [
    name,
    ...[least, mean, most].map(number),
    unit,
    label,
  ]);
  return [
    `${name}: ${thousands(size)} architectures of space ${space.name} (${space.summary})`,
    "",
    lines(["metric", "least", "mean", "most", "unit", "what"], rows),
    "",
    lines(
      ["data set", "a search maximises", "and reports"],
      tasks.map(({ dataset, objective, report }) => [dataset, objective, report]),
    ),
  ].join("\n");
}

function query({ table, space }: Opened, text: string, { json }: TableOptions): unknown {
  const arch = archOf(table, space, text);
  const index = indexIn(table, space.key(arch));
  const values = table.metrics.flatMap((metric) =>
    [metric.name, ...metric.runs ?? []].map((name) => ({
      ...metricOf(table, name),
      runs: undefined,
      value: table.column(name)[index],
    }))
  );
  const shown = space.notation?.format(arch) ?? space.encode(arch).join(" ");
  if (json) {
    return { index, key: table.key(index), arch: shown, choice: space.encode(arch), values };
  }
  const rows = values.map(({ name, value, unit, label }) => [name, number(value), unit, label]);
  return `${shown}\n\n${lines(["metric", "value", "unit", "what"], rows)}`;
}

function neighbours(opened: Opened, text: string, options: TableOptions): unknown {
  const { table, space } = opened;
  if (!space.neighbours) {
    throw new UsageError(`Cannot list neighbours in space ${space.name}: it has none`);
  }
  const own = indexIn(table, space.key(archOf(table, space, text)));
  const around = space.neighbours(archOf(table, space, text))
    .map((arch) => table.indexOf(space.key(arch)));
  const known = [...new Set(around.filter((i) => i >= 0))];
  const { rows, order, report } = ranked(opened, known, options);
  const better = order.filter((i) => report.compare(i, own) < 0).length;
  if (options.json) return { index: own, neighbours: rows, missing: around.length - known.length };
  const missing = around.length - known.length;
  return [
    `${table.key(own)}: ${report.text(own)}`,
    `${better} of ${order.length} neighbours are better` +
    (missing > 0 ? `; ${missing} more are not in the table` : ""),
    "",
    report.lines(rows.slice(0, options.count)),
  ].join("\n");
}

function top(opened: Opened, options: TableOptions): unknown {
  const all = Array.from({ length: opened.table.size }, (_, i) => i);
  const { rows, report } = ranked(opened, all, options);
  const best = rows.slice(0, options.count);
  return options.json ? best : report.lines(best);
}

interface Row {
  index: number;
  arch: string;
  [metric: string]: number | string;
}

/** Architectures ranked by the chosen metric, best first, with the metric that the table's task reports. */
function ranked({ table, space }: Opened, indices: number[], { dataset, by }: TableOptions) {
  const task = taskOf(table, dataset);
  const objective: Objective = objectiveOf(table, by ?? task.report);
  const columns = [...new Set([objective.metric.name, task.report, task.objective])]
    .map((name) => ({ name, values: table.column(name) }));
  const [{ values }] = columns;
  const sign = objective.minimise ? 1 : -1;
  const compare = (a: number, b: number) => sign * (values[a] - values[b]);
  const order = indices.toSorted((a, b) => compare(a, b) || a - b);
  const shown = (index: number) => {
    const arch = space.decode(table.choice(index));
    return space.notation?.format(arch) ?? table.key(index);
  };
  const rows = order.slice(0, 1000).map((index): Row => ({
    index,
    arch: shown(index),
    ...Object.fromEntries(columns.map(({ name, values }) => [name, values[index]])),
  }));
  const report = {
    compare,
    text: (index: number) =>
      columns.map(({ name, values }) => `${name} ${number(values[index])}`).join(", "),
    lines: (rows: Row[]) =>
      lines(
        ["index", ...columns.map(({ name }) => name), "architecture"],
        rows.map((row) => [
          String(row.index),
          ...columns.map(({ name }) => number(row[name] as number)),
          row.arch,
        ]),
      ),
  };
  return { order, rows, report };
}

const number = (value: number): string => String(Number(value.toPrecision(7)));

/** Reads an architecture given by its key, `#index`, notation, choices or file. */
function archOf(table: Table, space: SearchSpace<unknown>, text: string): unknown {
  const index = /^#\d+$/.test(text) ? Number(text.slice(1)) : table.indexOf(text);
  if (index >= 0) {
    if (index < table.size) return space.decode(table.choice(index));
    throw new UsageError(
      `Cannot find architecture ${text} in table ${table.name}: expected #0 … #${table.size - 1}`,
    );
  }
  if (text.endsWith(".json")) {
    return space.decode(parseArchFile(Deno.readTextFileSync(fromHere(text)), text).choice);
  }
  const choice = parseChoice(text);
  if (choice && choice.length > 1 || !space.notation) return space.decode(choice ?? []);
  return space.notation.parse(text);
}
