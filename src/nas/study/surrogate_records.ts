/** File of `surrogate`: a line per predictor, encoding, training-set size and seed. */
import * as z from "zod";
import { DataError } from "../../common/errors.ts";
import { surrogateTargets } from "../analysis/surrogate.ts";
import { summarise, type Summary } from "../analysis/statistics.ts";

/** Null where a predictor gave all architectures the same value, which ranks nothing. */
const correlation = z.number().min(-1.000001).max(1.000001).nullable();

const line = z.object({
  table: z.string(),
  metric: z.string(),
  testSize: z.number(),
  predictor: z.string(),
  encoding: z.string(),
  trainSize: z.number().positive(),
  seed: z.number(),
  kendall: correlation,
  pearson: correlation,
  rmse: z.number().nonnegative(),
  /** Absent in lines of earlier versions; the likelihood is null for predictors without deviations. */
  spearman: correlation.optional(),
  nll: z.number().nullable().optional(),
  /** Mean absolute error in percentage points, on held-out and on training architectures. */
  testError: z.number().nonnegative().optional(),
  trainError: z.number().nonnegative().optional(),
  target: z.enum(surrogateTargets).default("log"),
  /** Settings of the predictor that differ from its defaults. */
  settings: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  /** Predicted and true targets of held-out architectures, for one training set. */
  pairs: z.array(z.tuple([z.number(), z.number()])).optional(),
});

export type SurrogateLine = z.infer<typeof line>;

export const isSurrogateLine = (value: unknown): boolean => line.safeParse(value).success;

/**
 * Checks the lines of a file.
 * @throws DataError naming line and field.
 */
export function readSurrogateLines(lines: readonly unknown[], file: string): SurrogateLine[] {
  return lines.map((value, i) => {
    const result = line.safeParse(value);
    if (result.success) return result.data;
    const [{ path, message }] = result.error.issues;
    throw new DataError(
      `Cannot read ${file}: line ${i + 1}: ${path.join(".") || "it"}: ${message}`,
      { cause: result.error },
    );
  });
}

export interface CurvePoint {
  trainSize: number;
  kendall: Summary;
  pearson: Summary;
  rmse: Summary;
  /** Absent where a line lacks it. */
  spearman?: Summary;
  nll?: Summary;
  /** Absent if an earlier version wrote a line without it. */
  testError?: Summary;
  trainError?: Summary;
}

const targetNames = { log: "logarithm of the error", error: "error in per cent" } as const;

/** Results of one predictor with one encoding on one column of a table. */
export interface SurrogateCurve {
  name: string;
  sizes: CurvePoint[];
  /** Pairs of the largest training set that has them. */
  pairs?: { trainSize: number; values: [predicted: number, truth: number][] };
}

/** Curves by `metric, table, size of the test set, target`, in the order of their first lines. */
export function surrogateCurves(lines: readonly SurrogateLine[]): Map<string, SurrogateCurve[]> {
  const places = Map.groupBy(
    lines,
    ({ table, metric, testSize, target }) =>
      `${metric}, ${table}, ${testSize} held out; ${targetNames[target]}`,
  );
  return new Map([...places].map(([place, own]) => {
    const subjects = Map.groupBy(
      own,
      ({ predictor, encoding, settings }) =>
        [
          predictor,
          ...encoding ? [encoding] : [],
          ...Object.entries(settings).map(([name, value]) => `${name} ${value}`),
        ].join(", "),
    );
    return [place, [...subjects].map(([name, of]) => curve(name, of))];
  }));
}

function curve(name: string, lines: readonly SurrogateLine[]): SurrogateCurve {
  const bySize = [...Map.groupBy(lines, ({ trainSize }) => trainSize)].sort(([a], [b]) => a - b);
  const kept = lines.filter(({ pairs }) => pairs).sort((a, b) => b.trainSize - a.trainSize)[0];
  const of = (group: readonly SurrogateLine[], what: "kendall" | "pearson" | "rmse") =>
    summarise(group.map((one) => one[what] ?? 0));
  type Optional = "spearman" | "nll" | "testError" | "trainError";
  const optional = (group: readonly SurrogateLine[], what: Optional) => {
    const known = group.flatMap((one) => one[what] ?? []);
    return known.length === group.length ? { [what]: summarise(known) } : {};
  };
  return {
    name,
    sizes: bySize.map(([trainSize, group]) => ({
      trainSize,
      kendall: of(group, "kendall"),
      pearson: of(group, "pearson"),
      rmse: of(group, "rmse"),
      ...optional(group, "spearman"),
      ...optional(group, "nll"),
      ...optional(group, "testError"),
      ...optional(group, "trainError"),
    })),
    ...kept && { pairs: { trainSize: kept.trainSize, values: kept.pairs! } },
  };
}
