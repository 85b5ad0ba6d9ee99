/**
 * NAS-Bench-201 and NATS-Bench's topology space as a table: an arch string or its six digits, then columns
 * `<data set>_<split>_<epochs>` in per cent: `c10_val_12`, `in16_test_200`. A trailing `s` means a single
 * training instead of the mean over the trained seeds.
 */
import { DataError, UsageError } from "../../common/errors.ts";
import { formatNb201, type Nb201Arch, nb201Ops, parseNb201 } from "../spaces/nasbench201.ts";
import { type Cells, csvTable } from "./csv.ts";
import type { Metric, Table, TableTask } from "./table.ts";

const datasets = [
  { prefix: "c10", dataset: "cifar10", title: "CIFAR-10", side: 32, classes: 10 },
  { prefix: "c100", dataset: "cifar100", title: "CIFAR-100", side: 32, classes: 100 },
  { prefix: "in16", dataset: "imagenet16-120", title: "ImageNet16-120", side: 16, classes: 120 },
] as const;

const splits = {
  train: { split: "train", word: "training" },
  val: { split: "valid", word: "validation" },
  test: { split: "test", word: "test" },
} as const;

/** Columns that identify a row and hold no measurement. */
const names = ["idx", "iso", "arch", "ops"];

/** Column that holds the architecture; null when the file is no table of this space. */
export function nb201Column({ header, rows }: Cells): string | null {
  const [first] = rows;
  const looks = (column: string, pattern: RegExp) => {
    const at = header.indexOf(column);
    return at >= 0 && pattern.test(first.cells[at]) ? column : null;
  };
  return looks("arch", /^\|[^|]*~0\|/) ??
    (header.some((h) => metricOfColumn(h)) ? looks("ops", /^\d{6}$/) : null);
}

export function nb201Table(cells: Cells, arch: string): Table {
  const metrics = cells.header.filter((h) => !names.includes(h))
    .map((h) => metricOfColumn(h) ?? otherMetric(h));
  return csvTable(cells, {
    space: "nasbench201",
    arch,
    read: (text) => {
      const cell = arch === "ops" ? fromDigits(text) : parseNb201(text);
      return { key: formatNb201(cell), choice: cell.ops };
    },
    metrics,
    tasks: tasksOf(cells.name, metrics),
  });
}

/** Parses six digits, one per edge: indices into `nb201Ops`. */
function fromDigits(text: string): Nb201Arch {
  if (!/^[0-4]{6}$/.test(text)) {
    throw new UsageError(
      `got ${JSON.stringify(text)}, expected six digits of 0 … ${nb201Ops.length - 1}`,
    );
  }
  return { ops: [...text].map(Number) };
}

function metricOfColumn(name: string): Metric | null {
  const match = /^(c10|c100|in16)_(train|val|test)_(\d+)(s?)$/.exec(name);
  if (!match) return null;
  const { dataset, title } = datasets.find(({ prefix }) => prefix === match[1])!;
  const { split, word } = splits[match[2] as keyof typeof splits];
  const epochs = Number(match[3]);
  const single = match[4] === "s" ? ", one training" : "";
  const label = `${title} ${word} accuracy after ${epochs} epochs${single}`;
  return { name, label, unit: "%", dataset, split, epochs };
}

function otherMetric(name: string): Metric {
  const seconds = /^(c10|c100|in16)_(.+)_time_s_(\d+)$/.exec(name);
  if (seconds) {
    const { dataset, title } = datasets.find(({ prefix }) => prefix === seconds[1])!;
    const epochs = Number(seconds[3]);
    const label = `${title}, seconds of ${seconds[2]}, ${epochs} epochs`;
    return { name, label, unit: "s", dataset, epochs };
  }
  if (name === "params_mb") {
    return { name, label: "parameters (CIFAR-10)", unit: "M", counts: "parameters" };
  }
  const latency = /^(c10|c100|in16)_lat_s$/.exec(name);
  if (!latency) return { name, label: name, unit: "" };
  const { dataset, title } = datasets.find(({ prefix }) => prefix === latency[1])!;
  return { name, label: `${title} latency`, unit: "s", dataset };
}

/**
 * Tasks of the table. Searches use validation after 200 epochs, as in the published studies, or after 12.
 * Test accuracy after 200 is reported.
 */
function tasksOf(table: string, metrics: readonly Metric[]): TableTask[] {
  const tasks = datasets.flatMap(({ prefix, dataset, side, classes }): TableTask[] => {
    const has = (wanted: string) => metrics.find(({ name }) => name === wanted)?.name;
    const some = metrics.find((m) => m.dataset === dataset && m.split)?.name;
    const objective = has(`${prefix}_val_200`) ?? has(`${prefix}_val_12`) ??
      has(`${prefix}_test_12`) ?? has(`${prefix}_test_200`) ?? some;
    if (objective === undefined) return [];
    const report = has(`${prefix}_test_200`) ?? objective;
    return [{ dataset, input: [side, side, 3], classes, objective, report }];
  });
  if (tasks.length === 0 && metrics.length > 0) {
    const [{ name }] = metrics;
    return [{ dataset: "cifar10", input: [32, 32, 3], classes: 10, objective: name, report: name }];
  }
  if (tasks.length === 0) throw new DataError(`Cannot read table ${table}: it has no metric`);
  return tasks;
}
