/** What a study is: algorithms × tables × trials. Built-in groups and a user's own file have the same form. */
import { z } from "zod";
import { DataError, UsageError } from "../../common/errors.ts";
import { strategies } from "../registry.ts";
import { expectation, firstProblem } from "../config/zod_messages.ts";
import { limits, sizeOf } from "../config/limits.ts";

const positive = sizeOf(limits.architectures);

const encoding = z.strictObject({
  /** Encodings to sample, to perturb and for a predictor; "" = the space's own. */
  sample: z.string().default(""),
  perturb: z.string().default(""),
  predictor: z.string().default(""),
  /** Follow the quirks of the published encodings. */
  strict: z.boolean().default(false),
  /** Where truncated encodings end, and the expected number of changes of a perturbation. */
  pathCutoff: positive.optional(),
  edgeCutoff: positive.optional(),
  rate: z.number().positive().optional(),
  /** Bounds of draws by `constrained`. */
  maxEdges: positive.optional(),
  maxNodes: z.number().int().min(2).optional(),
});

const algorithm = z.strictObject({
  /** In tables and figures; no two are called the same. */
  name: z.string().min(1).max(60),
  strategy: z.string().min(1),
  encoding: encoding.prefault({}),
  /** Settings of a search by their dotted names: `strategy.population`. */
  settings: z.record(z.string(), z.unknown()).default({}),
});

const tableChoice = z.strictObject({
  file: z.string().min(1),
  /** Of the table; by default its first, and that one's own columns. */
  dataset: z.string().default(""),
  objective: z.string().default(""),
  report: z.string().default(""),
});

export const studySchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, "expected letters, digits, dots, dashes and underscores"),
  /** Of a table of the user's own; benchmarks are recognised. */
  space: z.string().optional(),
  algorithms: z.array(algorithm).min(1),
  tables: z.array(tableChoice).default([]),
  /** Searches per algorithm and table, with seeds seed, seed + 1, … */
  trials: sizeOf(limits.trials).default(10),
  /** Scored architectures per search. */
  queries: positive.default(150),
  /** The best so far is noted after every so many queries, and after the last. */
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

/** @throws UsageError naming field, value and what is expected. */
export function parseStudy(value: unknown, name: string): Study {
  const result = studySchema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  throw new UsageError(
    `Cannot use study ${name}: ${firstProblem(result.error, value)}; ` +
      `"denas study main_experiments --print" shows a whole one`,
  );
}

/** @throws DataError where the text is no JSON; UsageError as `parseStudy`. */
export function readStudy(text: string, file: string): Study {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`Cannot read study ${file}: ${(cause as Error).message}`, { cause });
  }
  return parseStudy(value, file);
}

/** Queries after which the best so far is noted. */
export function notedAt({ queries, every }: Pick<Study, "queries" | "every">): number[] {
  const at = Array.from({ length: Math.floor(queries / every) }, (_, i) => (i + 1) * every);
  if (at.at(-1) !== queries) at.push(queries);
  return at;
}

/** The same for every algorithm: their searches begin alike. */
export const seedOf = ({ seed }: Pick<Study, "seed">, trial: number): number => seed + trial;

/** Only these algorithms. @throws UsageError naming those that there are. */
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

/** As published, quirks included: those of the encodings, and a population of evolution that is one too small. */
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

/** The quirks of a strategy's published code, as settings of a search. */
function asPublished(strategy: string): Record<string, unknown> {
  const published = Object.entries(strategies.find(strategy)?.published ?? {});
  return Object.fromEntries(published.map(([name, value]) => [`strategy.${name}`, value]));
}
