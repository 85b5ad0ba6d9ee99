/**
 * Schema of a request to start a run: settings of a search or a retraining without those that name files. It
 * is made from the settings' own schemas, so a new setting is included at once. A setting with free text may
 * name a file, so it is left out unless this file says how it is checked.
 */
import { z } from "@hono/zod-openapi";
import { knownSets } from "../data/mod.ts";
import { archFile } from "../nas/arch_formats/arch_file.ts";
import { retrainConfig, searchConfig } from "../nas/config/config.ts";
import type { Plugin } from "../nas/definition.ts";
import { presetNames } from "../nas/config/presets.ts";
import { evaluators, spaces, strategies } from "../nas/registry.ts";
import { runId } from "./runs_folder.ts";

/** Settings that the request gives in other fields. */
const chosen = ["version", "preset", "space", "strategy", "evaluator", "data"];

/** A built-in set, or the plain name of a folder under --data-dir. */
export const dataName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/).openapi({
  description: `${Object.keys(knownSets).join(", ")}, or a folder directly under --data-dir`,
  example: "fashion-mnist",
});

const common = {
  preset: z.enum(presetNames()).default("quick"),
  faithful: z.boolean().optional().openapi({
    description: "follow the released ENAS code where denas does not by default",
  }),
  data: dataName.optional(),
};

/**
 * Evaluators that requests may start. One with a free-text setting may read its scores from a file, so it is
 * left out.
 */
const startable = evaluators.all().filter(({ settings }) =>
  Object.values(settings.shape).every(isClosed)
);
export const startableEvaluators = startable.map(({ name }) => name);

const search = z.strictObject({
  command: z.literal("search"),
  mode: z.enum(spaces.names).openapi({ description: "the search space" }),
  ...common,
  space: spaceSettings("settings of the search space that mode names"),
  strategy: kindOf(strategies.all(), "the strategy with settings of its own"),
  evaluator: kindOf(startable, "the evaluator with settings of its own"),
  ...settingsOf(searchConfig),
});

const retrain = z.strictObject({
  command: z.literal("retrain"),
  from: z.string().regex(runId).optional().openapi({ description: "the run that found it" }),
  trial: z.number().int().nonnegative().optional().openapi({
    description: "one of its trials; by default its winner",
  }),
  arch: archFile.omit({ data: true }).strict().optional(),
  ...common,
  space: spaceSettings("settings of the network's space"),
  ...settingsOf(retrainConfig),
});

export const startBody = z.discriminatedUnion("command", [search, retrain]).openapi("Start");

export type StartBody = z.infer<typeof startBody>;

type Shape = Record<string, z.ZodType>;

/** The settings of a definition that a client may give, each optional, under its name. */
function ownSettings({ name, summary, settings }: Plugin, kind: z.ZodRawShape = {}): z.ZodObject {
  const shape = { ...kind, ...openShape(settings.shape) };
  return z.strictObject(shape).meta({ title: name, description: summary });
}

/** Settings of any space; resolving them checks whether they belong to the run's own. */
function spaceSettings(description: string) {
  const each = spaces.all().map((space) => ownSettings(space));
  return z.union(each, { error: closestProblem }).optional().openapi({ description });
}

/** One of several definitions by name, with its own settings. */
function kindOf(definitions: readonly Plugin[], description: string) {
  const each = definitions.map((one) => ownSettings(one, { kind: z.literal(one.name) }));
  const names = definitions.map(({ name }) => name).join(", ");
  return z.discriminatedUnion("kind", each as [z.ZodObject, ...z.ZodObject[]], {
    error: `expected kind to be one of ${names}`,
  }).optional().openapi({ description });
}

/** The problem of settings that fit no space, from the space that they fit best. */
function closestProblem({ errors = [] }: { errors?: z.core.$ZodIssue[][] }): string {
  const unknown = (issue: z.core.$ZodIssue) =>
    issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : [];
  const size = (issues: z.core.$ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + Math.max(1, unknown(issue).length), 0);
  const best = [...errors].sort((a, b) => size(a) - size(b))[0] ?? [];
  const wrong = best.find((issue) => unknown(issue).length === 0);
  if (wrong) return `${wrong.path.join(".") || "it"}: ${wrong.message}`;
  return `no search space has all of these settings; not known are ${
    best.flatMap(unknown).join(", ")
  }`;
}

/** The settings that a client may give, each optional. */
function settingsOf(schema: z.ZodObject): Shape {
  const open = Object.entries(schema.shape as Shape).filter(([name]) => !chosen.includes(name));
  return openShape(Object.fromEntries(open));
}

function openShape(shape: Shape): Shape {
  const fields = Object.entries(shape).flatMap(([name, type]): [string, z.ZodType][] => {
    const open = withoutText(type);
    return open ? [[name, open.optional()]] : [];
  });
  return Object.fromEntries(fields);
}

function isClosed(type: unknown): boolean {
  return withoutText(type as z.ZodType) !== null;
}

/** The type without free text; null when nothing is left. */
function withoutText(type: z.ZodType): z.ZodType | null {
  if (type instanceof z.ZodDefault) {
    // Shown to clients but not filled in: a preset may have another value.
    return withoutText(type.unwrap() as z.ZodType)?.meta({ default: type.def.defaultValue }) ??
      null;
  }
  const wrapped = [z.ZodOptional, z.ZodPrefault, z.ZodNullable];
  if (wrapped.some((kind) => type instanceof kind)) {
    return withoutText((type as z.ZodOptional<z.ZodType>).unwrap());
  }
  if (type instanceof z.ZodObject) {
    const shape = openShape(type.shape as Shape);
    return Object.keys(shape).length > 0 ? z.strictObject(shape) : null;
  }
  const plain = [z.ZodNumber, z.ZodBoolean, z.ZodEnum, z.ZodLiteral];
  if (plain.some((kind) => type instanceof kind)) return type;
  if (type instanceof z.ZodArray) return withoutText(type.element as z.ZodType) && type;
  if (type instanceof z.ZodRecord) return withoutText(type.valueType as z.ZodType) && type;
  if (type instanceof z.ZodUnion) {
    const closed = (type.options as z.ZodType[]).filter(isClosed);
    if (closed.length === type.options.length) return type;
    return closed.length > 1 ? z.union(closed) : closed[0] ?? null;
  }
  return null;
}
