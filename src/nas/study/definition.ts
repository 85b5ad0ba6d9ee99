/** Schema of a study: algorithms × tables × trials, for the built-in groups and for a user's file. */
import * as z from "zod";
import { DataError, UsageError } from "../../common/errors.ts";
import { strategies } from "../registry.ts";
import { expectation, firstProblem } from "../config/zod_messages.ts";
import { limits, sizeOf } from "../config/limits.ts";

const positive = sizeOf(limits.architectures);

const encoding = z.strictObject({
  /** Encodings for sampling, for perturbing and for the predictor; "" = the space's own. */
  sample: z.string().default(""),
  perturb: z.string().default(""),
  predictor: z.string().default(""),
  /** Follow the quirks of the published encodings. */
  strict: z.boolean().default(false),
  /** Length at which encodings are truncated, and expected number of changes of a perturbation. */
  pathCutoff: positive.optional(),
  edgeCutoff: positive.optional(),
  rate: z.number().positive().optional(),
  /** Bounds for sampling by `constrained`. */
  maxEdges: positive.optional(),
  maxNodes: z.number().int().min(2).optional(),
});

const algorithm = z.strictObject({
  /** Unique name for tables and figures. */
  name: z.string().min(1).max(60),
  strategy: z.string().min(1),
  encoding: encoding.prefault({}),
  /** Settings of a search by dotted name: `strategy.population`. */
  settings: z.record(z.string(), z.unknown()).default({}),
});

const tableChoice = z.strictObject({
  file: z.string().min(1),
  /** Data set of the table and columns; default: the table's first data set, and that one's own columns. */
  dataset: z.string().default(""),
  objective: z.string().default(""),
  report: z.string().default(""),
});

export const studySchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, "expected letters, digits, dots, dashes and underscores"),
  /** Space of a user's own table; benchmarks are recognised. */
  space: z.string().optional(),
  algorithms: z.array(algorithm).min(1),
  tables: z.array(tableChoice).default([]),
  /** Searches per algorithm and table, with seeds seed, seed + 1, … */
  trials: sizeOf(limits.trials).default(10),
  /** Scored architectures per search. */
  queries: positive.default(150),
  /** The best so far is recorded after every `every` queries, and after the last. */
  every: positive.default(10),
  seed: z.number().int().nonnegative().max(2 ** 31 - 1).default(1),
}).superRefine(({ algorithms }, context) => {
  algorithms.forEach(({ name }, i) => {
    if (algorithms.findIndex((other) => other.name === name) < i) {
      context.addIssue({
        code: "custom",
        path: ["algorithms", i, "name"],
        message: "expected another name than those before it",
      });
    }
  });
});

export type Study = z.infer<typeof studySchema>;
export type StudyInput = z.input<typeof studySchema>;
export type Algorithm = z.infer<typeof algorithm>;
export type TableChoice = z.infer<typeof tableChoice>;

/**
 * Checks a study.
 * @throws UsageError naming field, value and what is expected.
 */
export function parseStudy(value: unknown, name: string): Study {
  const result = studySchema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  throw new UsageError(
    `Cannot use study ${name}: ${firstProblem(result.error, value)}; ` +
      `"denas study main_experiments --print" shows a whole one`,
  );
}

/**
 * Parses and checks a study's file.
 * @throws DataError where the text is not JSON; UsageError as `parseStudy`.
 */
export function readStudy(text: string, file: string): Study {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`Cannot read study ${file}: ${(cause as Error).message}`, { cause });
  }
  return parseStudy(value, file);
}

/** Numbers of queries after which the best so far is recorded. */
export function notedAt({ queries, every }: Pick<Study, "queries" | "every">): number[] {
  const at = Array.from({ length: Math.floor(queries / every) }, (_, i) => (i + 1) * every);
  if (at.at(-1) !== queries) at.push(queries);
  return at;
}

/** Seed of a trial, the same for every algorithm: their searches start alike. */
export const seedOf = ({ seed }: Pick<Study, "seed">, trial: number): number => seed + trial;

/**
 * The study with only these algorithms.
 * @throws UsageError listing the known ones for an unknown name.
 */
export function onlyAlgorithms(study: Study, names: readonly string[]): Study {
  const unknown = names.find((name) => !study.algorithms.some((a) => a.name === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot run ${JSON.stringify(unknown)} of study ${study.name}: expected one of ${
        study.algorithms.map((a) => a.name).join(", ")
      }`,
    );
  }
  return { ...study, algorithms: study.algorithms.filter(({ name }) => names.includes(name)) };
}

/** The study with published quirks: those of the encodings, and evolution with a population one too small. */
export function strictly(study: Study): Study {
  return {
    ...study,
    algorithms: study.algorithms.map((one) => ({
      ...one,
      encoding: { ...one.encoding, strict: true },
      settings: { ...asPublished(one.strategy), ...one.settings },
    })),
  };
}

/** Quirks of a strategy's published code, as settings of a search. */
function asPublished(strategy: string): Record<string, unknown> {
  const published = Object.entries(strategies.find(strategy)?.published ?? {});
  return Object.fromEntries(published.map(([name, value]) => [`strategy.${name}`, value]));
}
