/**
 * NAS-Bench-Macro as a table: the published JSON, or the same as CSV
 * `arch,acc1,acc2,acc3,mean_acc,std,params,flops`. The values are CIFAR-10 test accuracies of three trainings
 * each; there is no validation column.
 */
import * as z from "zod";
import { DataError } from "../../common/errors.ts";
import { formatMacroBench, parseMacroBench } from "../spaces/nasbench_macro.ts";
import { type Cells, csvTable } from "./csv.ts";
import type { Metric, Table } from "./table.ts";

const runs = ["acc1", "acc2", "acc3"];
const accuracy = "CIFAR-10 test accuracy after 50 epochs";
const common = { dataset: "cifar10", split: "test", epochs: 50 } as const;

const metrics: Metric[] = [
  { name: "mean_acc", label: `${accuracy}, mean of 3 trainings`, unit: "%", ...common, runs },
  { name: "std", label: `deviation of the ${accuracy} over 3 trainings`, unit: "%" },
  { name: "params", label: "parameters", unit: "", counts: "parameters" },
  { name: "flops", label: "multiply-adds", unit: "" },
];

const columns = ["arch", ...runs, ...metrics.map(({ name }) => name)];

/** Whether a file is a table of this space. */
export const isMacroBench = ({ header }: Cells): boolean =>
  columns.every((c) => header.includes(c));

export function macroBenchTable(cells: Cells): Table {
  return csvTable(cells, {
    space: "nasbench-macro",
    arch: "arch",
    read(text) {
      const arch = parseMacroBench(text);
      return { key: formatMacroBench(arch), choice: arch.ops };
    },
    metrics,
    tasks: [{
      dataset: "cifar10",
      input: [32, 32, 3],
      classes: 10,
      objective: "mean_acc",
      report: "mean_acc",
    }],
  });
}

const published = z.record(
  z.string(),
  z.object({
    test_acc: z.array(z.number()).length(runs.length),
    mean_acc: z.number(),
    std: z.number(),
    params: z.number(),
    flops: z.number(),
  }),
);

/**
 * The published JSON as rows and columns; entry numbers serve as line numbers.
 * @throws DataError naming entry and field.
 */
export function macroBenchCells(text: string, name: string): Cells {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`Cannot read table ${name}: ${(cause as Error).message}`, { cause });
  }
  const parsed = published.safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new DataError(
      `Cannot read table ${name}: ${
        path.join(", ") || "it"
      }: ${message}; a table in JSON is expected to be ` +
        `NAS-Bench-Macro's, others are CSV`,
      { cause: parsed.error },
    );
  }
  const rows = Object.entries(parsed.data).map(([arch, r], i) => ({
    line: i + 1,
    cells: [arch, ...r.test_acc, r.mean_acc, r.std, r.params, r.flops].map(String),
  }));
  return { name, header: columns, rows };
}
