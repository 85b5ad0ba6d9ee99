/** A user's own table: `arch,metric,…`, one row per architecture, in any space. */
import { UsageError } from "../../common/errors.ts";
import { parseChoice } from "../arch_formats/arch_file.ts";
import type { SearchSpace } from "../space.ts";
import { type Cells, csvTable } from "./csv.ts";
import type { Metric, Table, TableTask } from "./table.ts";

/**
 * Makes a table of a user's rows. Architectures are choices as text (`0 2 0 0`) or in the notation of the
 * space. Metrics named `acc…` or `…accuracy` whose values exceed 1 are per cent. A search maximises the first
 * metric.
 * @throws UsageError without a space or a column `arch`; DataError naming row and column.
 */
export function userTable(cells: Cells, space: SearchSpace<unknown> | undefined): Table {
  if (!cells.header.includes("arch")) {
    throw new UsageError(
      `Cannot read table ${cells.name}: its columns are ${
        cells.header.join(", ")
      }, expected arch and metrics`,
    );
  }
  if (!space) {
    throw new UsageError(
      `Cannot tell the space of table ${cells.name}: its first architecture is ${
        JSON.stringify(cells.rows[0].cells[cells.header.indexOf("arch")])
      }; name the space with --space`,
    );
  }
  const metrics = cells.header.filter((h) => h !== "arch").map((name): Metric => ({
    name,
    label: name,
    unit: isPercent(cells, name) ? "%" : "",
  }));
  const task: TableTask = {
    dataset: "cifar10",
    input: [32, 32, 3],
    classes: 10,
    objective: metrics[0].name,
    report: metrics[0].name,
  };
  return csvTable(cells, {
    space: space.name,
    arch: "arch",
    read(text) {
      const choice = parseChoice(text);
      const arch = choice || !space.notation
        ? space.decode(choice ?? [])
        : space.notation.parse(text);
      return { key: space.key(arch), choice: space.encode(arch) };
    },
    metrics,
    tasks: [task],
  });
}

function isPercent({ header, rows }: Cells, name: string): boolean {
  if (!/^acc|accuracy$/i.test(name)) return false;
  const at = header.indexOf(name);
  return rows.some(({ cells }) => Number(cells[at]) > 1);
}
