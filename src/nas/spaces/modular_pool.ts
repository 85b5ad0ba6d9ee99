/**
 * Module pools of modular NAS (Böcking, Philipp & Kulbach, "Towards Modular Neural Architecture Search", ICLR
 * 2020 NAS workshop): NAS-Bench-101 cells are sampled, and the best of them become the modules that networks
 * are composed of.
 */
import * as z from "zod";
import { DataError, UsageError } from "../../common/errors.ts";
import { Rng, Stream } from "../../common/random.ts";
import { limits, nameText, sizeOf } from "../config/limits.ts";
import { expectation, firstProblem } from "../config/zod_messages.ts";
import {
  type Dag,
  formatNb101,
  NB101_VERTICES,
  nb101Dag,
  nb101Edges,
  nb101Hash,
  nb101Ops,
  opName,
  parseNb101,
} from "./nasbench101_arch.ts";

/** A module: a pruned NAS-Bench-101 cell. */
export interface Module {
  /** Rows of the matrix and operations, as `formatNb101` writes them. */
  text: string;
  /** The published hash, equal for isomorphic cells. */
  hash: string;
  dag: Dag;
}

/** Parses the text of a cell. @throws UsageError naming row, vertex or operation. */
export function moduleOf(text: string): Module {
  const dag = nb101Dag(parseNb101(text))!;
  return { text: formatNb101(parseNb101(text)), hash: nb101Hash(dag), dag };
}

/**
 * Samples valid cells as published: 21 edge bits with probability ½ and five operations, uniformly, until
 * there are `count`. Isomorphic cells can come twice.
 */
export function sampleModules(count: number, seed: number): Module[] {
  const rng = new Rng(seed, Stream.search);
  const found: Module[] = [];
  while (found.length < count) {
    const edges = nb101Edges.map(() => rng.below(2));
    const ops = Array.from({ length: NB101_VERTICES - 2 }, () => rng.below(nb101Ops.length));
    if (!nb101Dag({ edges, ops })) continue;
    found.push(moduleOf(formatNb101({ edges, ops })));
  }
  return found;
}

/** A pool chosen from sampled cells. */
export interface Chosen<M extends Module> {
  modules: M[];
  /** Sampled cells that are isomorphic to an earlier one. */
  duplicates: number;
  /** Modules beyond the number asked for, because their scores tie with the last one's. */
  ties: number;
}

/**
 * Chooses modules, each isomorphism class once: those with the `count` highest scores, in sampled order. Ties
 * with the last one enlarge the pool, as published.
 * @param score null for a pool without ranking: the first ones, as sampled.
 * @throws UsageError where the samples hold fewer different cells than asked for.
 */
export function choosePool<M extends Module>(
  sampled: readonly M[],
  count: number,
  score: ((module: M) => number) | null,
): Chosen<M> {
  const different = [...new Map(sampled.toReversed().map((m) => [m.hash, m])).values()].reverse();
  const duplicates = sampled.length - different.length;
  if (different.length < count) {
    throw new UsageError(
      `Cannot make a pool of ${count} modules: ${sampled.length} samples hold ${different.length} different ` +
        `cells (${duplicates} are isomorphic to an earlier one), expected at least ${count}; sample more`,
    );
  }
  if (!score) return { modules: different.slice(0, count), duplicates, ties: 0 };
  const scores = different.map(score);
  const least = scores.toSorted((a, b) => b - a)[count - 1];
  const modules = different.filter((_, i) => scores[i] >= least);
  return { modules, duplicates, ties: modules.length - count };
}

/**
 * Trainable parameters of a cell with `width` channels at every vertex, without the layers around it: the
 * zero-cost score by which a pool is ranked where nothing better is at hand.
 */
export function moduleParameters({ dag: { labels } }: Module, width = 64): number {
  return labels.reduce((sum, label) => {
    const k = label === 0 ? 3 : label === 1 ? 1 : 0;
    return sum + (k ? k * k * width * width + width : 0);
  }, 0);
}

const moduleEntry = z.object({
  matrix: z.array(z.array(z.literal([0, 1])).max(NB101_VERTICES)).min(2).max(NB101_VERTICES),
  operations: z.array(nameText).min(2).max(NB101_VERTICES),
  hash: nameText,
  /** Score by which the pool was ranked, larger is better; null without ranking. */
  score: z.number().nullable(),
}).check(({ value, issues }) => {
  try {
    moduleOf(textOf(value));
  } catch (error) {
    issues.push({ code: "custom", message: (error as Error).message, input: value });
  }
});

/** Schema of `modules.json`: a pool of modules with the source of its scores. */
const moduleFile = z.object({
  format: z.literal("denas-modules"),
  version: z.literal(1),
  /** Origin of the scores: a table and its column, a brief training, a zero-cost score, or no ranking. */
  source: nameText,
  seed: z.number().int().nonnegative(),
  samples: sizeOf(limits.architectures),
  modules: z.array(moduleEntry).min(1).max(limits.modules.most),
});
export type ModuleFile = z.infer<typeof moduleFile>;

/** Entry of a pool's file for a module. */
export const entryOf = (
  { dag: { out, labels }, hash }: Module,
  score: number | null,
): ModuleFile["modules"][number] => ({
  matrix: out.map((set) => out.map((_, w): 0 | 1 => set >> w & 1 ? 1 : 0)),
  operations: labels.map(opName),
  hash,
  score,
});

/** Text of an entry's cell, which `moduleOf` parses and checks. */
export const textOf = (
  { matrix, operations }: Pick<ModuleFile["modules"][number], "matrix" | "operations">,
): string => `${matrix.map((row) => row.join("")).join("/")}:${operations.join(",")}`;

/**
 * Reads the contents of a `modules.json`.
 * @param name what to call it in errors.
 * @throws DataError naming field, value and expectation.
 */
export function readModules(text: string, name: string): ModuleFile {
  const refuse = (why: string, cause?: unknown): never => {
    throw new DataError(`Cannot read ${name}: ${why}; make one with denas modules`, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    refuse(`it is no JSON: ${(cause as Error).message}`, cause);
  }
  const { data, error } = moduleFile.safeParse(json, { error: expectation });
  return error ? refuse(firstProblem(error, json)) : data;
}
