/**
 * Converts tables with a row per architecture, data set and length of training, as some extracts of
 * NATS-Bench have them, to a row per architecture with columns `<data set>_<metric>_<epochs>`.
 */
import { DataError } from "../../common/errors.ts";
import { type Cells, refuseCell } from "./csv.ts";

const prefixes: Readonly<Record<string, string>> = {
  cifar10: "c10",
  cifar100: "c100",
  "ImageNet16-120": "in16",
};

/** Metric names used by the other tables. */
const names: Readonly<Record<string, string>> = {
  train_acc: "train",
  valid_acc: "val",
  val_acc: "val",
  test_acc: "test",
};

/** Whether rows also differ by data set and epochs. */
export const isLong = ({ header }: Cells): boolean =>
  header.includes("dataset") && header.includes("epochs") &&
  (header.includes("ops") || header.includes("arch"));

/**
 * Makes one row per architecture.
 * @throws DataError naming row and column: for an unknown data set, a repeated row, or an architecture that
 * lacks a row which others have.
 */
export function widen({ name, header, rows }: Cells): Cells {
  const arch = header.includes("arch") ? "arch" : "ops";
  const at = (column: string) => header.indexOf(column);
  const metrics = header.filter((column) => ![arch, "dataset", "epochs"].includes(column));
  const columns: string[] = [];
  const byArch = new Map<string, { line: number; values: Map<string, string> }>();
  for (const { line, cells } of rows) {
    const prefix = prefixes[cells[at("dataset")]];
    if (prefix === undefined) {
      refuseCell(
        name,
        line,
        "dataset",
        `got ${JSON.stringify(cells[at("dataset")])}, expected one of ${
          Object.keys(prefixes).join(", ")
        }`,
      );
    }
    const text = cells[at(arch)];
    let known = byArch.get(text);
    if (!known) byArch.set(text, known = { line, values: new Map() });
    for (const metric of metrics) {
      const column = `${prefix}_${names[metric] ?? metric}_${cells[at("epochs")]}`;
      if (known.values.has(column)) {
        refuseCell(name, line, arch, `${text} stands twice for this data set and number of epochs`);
      }
      if (!columns.includes(column)) columns.push(column);
      known.values.set(column, cells[at(metric)]);
    }
  }
  const wide = [...byArch].map(([text, { line, values }]) => {
    const missing = columns.find((column) => !values.has(column));
    if (missing !== undefined) {
      throw new DataError(
        `Cannot read table ${name}: row ${line}: ${text} has no row for ${missing}, which others have`,
      );
    }
    return { line, cells: [text, ...columns.map((column) => values.get(column)!)] };
  });
  return { name, header: [arch, ...columns], rows: wide };
}
