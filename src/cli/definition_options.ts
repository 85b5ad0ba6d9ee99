/**
 * Options declared by settings: `.meta(asOption("what it is"))` in a schema is the only place that names such an
 * option. The schemas are those of spaces, strategies and evaluators, and of a search and a retraining.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import * as z from "zod";
import type { Overrides } from "../nas/config/config.ts";
import { UsageError, whyUnreadable } from "../common/errors.ts";
import { evaluators, spaces, strategies } from "../nas/registry.ts";
import { fromHere } from "./paths.ts";
import { jsonOrText, number, whole } from "./option_values.ts";

const sections = { space: spaces, strategy: strategies, evaluator: evaluators };

/** Section of a config whose settings depend on its `kind`. */
export type Section = keyof typeof sections;

interface DeclaredOption {
  /** Name of the option: `legacyFixed`. */
  name: string;
  /** Name of the setting in its schema, dotted where it is nested. */
  setting: string;
  help: string;
  type: "whole" | "number" | "flag" | "text" | "json" | "file" | "contents";
  schema: z.ZodType;
}

export interface SettingOption extends DeclaredOption {
  /** Kinds that have the setting. */
  kinds: string[];
}

/** Options of all definitions of a section. Where two share an option, the help of the first is used. */
export function optionsOf(section: Section): SettingOption[] {
  const found = new Map<string, SettingOption>();
  for (const { name: kind, settings } of sections[section].all()) {
    for (const declared of declaredIn(settings)) {
      const known = found.get(declared.name);
      if (known) known.kinds.push(kind);
      else found.set(declared.name, { ...declared, kinds: [kind] });
    }
  }
  return [...found.values()];
}

/** Options that a schema declares, in its order; those of nested objects by dotted setting. */
function declaredIn(schema: z.ZodObject, prefix = ""): DeclaredOption[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
    const setting = `${prefix}${name}`;
    if (field instanceof z.ZodObject) return declaredIn(field, `${setting}.`);
    const { option, isFile, isContents, description: help = "" } = field.meta() ?? {};
    if (option === undefined) return [];
    const type = isFile ? "file" : isContents ? "contents" : typeOf(field);
    return [{ name: option === true ? name : String(option), setting, help, type, schema: field }];
  });
}

function typeOf(schema: z.ZodType): SettingOption["type"] {
  const { type } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return type === "integer"
    ? "whole"
    : type === "number"
    ? "number"
    : type === "boolean"
    ? "flag"
    : type === "object"
    ? "json"
    : "text";
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError("JSON");
  }
}

/** `legacyFixed` is typed `--legacy-fixed`. */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Adds an option for every setting of a section that declares one. */
export const addDefinitionOptions = (command: Command, section: Section): Command =>
  addOptions(command, optionsOf(section));

/** Published names of settings that are no option yet, of all spaces: names of options to names of settings. */
function aliasesFor(command: Command): Map<string, string> {
  const taken = new Set(command.options.map((option) => option.long));
  const names = spaces.all().flatMap(({ aliases = {} }) => Object.keys(aliases));
  return new Map(
    names.filter((name) => !name.startsWith("eval_")).map((name) =>
      [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), name] as const
    ).filter(([option]) => !taken.has(flagOf(option))),
  );
}

/**
 * Adds the published names of settings as options that `--help` leaves out. Call after all others.
 * @returns reads the settings that were given by them.
 */
export function addAliasOptions(command: Command): (options: object) => Overrides {
  const aliases = aliasesFor(command);
  for (const [option, name] of aliases) {
    command.addOption(
      new Option(`${flagOf(option)} <value>`, `published name: --set ${name}=…`)
        .argParser(jsonOrText).hideHelp(),
    );
  }
  return (options) =>
    Object.fromEntries(
      Array.from(aliases, ([option, name]) => [name, (options as Record<string, unknown>)[option]]),
    );
}

/** Options of a section whose values say what an architecture's text means. */
const contentsOptions = (section: Section) =>
  optionsOf(section).filter(({ type }) => type === "contents");

/** Adds the options of a section that hold the contents of a file. */
export const addContentsOptions = (command: Command, section: Section): Command =>
  addOptions(command, contentsOptions(section));

/** Settings of a section that hold the contents of a file, as far as they were given. */
export const contentsGiven = (options: object, section: Section): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(overridesBy(contentsOptions(section), options, ""))
      .filter(([, value]) => value !== undefined),
  );

/** Adds an option for every setting of a schema that declares one. */
export const addSchemaOptions = (command: Command, schema: z.ZodObject): Command =>
  addOptions(command, declaredIn(schema));

function addOptions(command: Command, options: readonly DeclaredOption[]): Command {
  for (const { name, help, type } of options) {
    const flag = flagOf(name);
    if (type === "flag") command.option(flag, help);
    else if (type === "text") command.option(`${flag} <name>`, help);
    else if (type === "json") command.option(`${flag} <json>`, help, json);
    else if (type === "file" || type === "contents") command.option(`${flag} <file>`, help);
    else command.option(`${flag} <n>`, help, type === "whole" ? whole : number);
  }
  return command;
}

/** Settings that were given, by dotted name. Resolving the config checks whether the kind has them. */
export const definitionOverrides = (options: object, section: Section): Overrides =>
  overridesBy(optionsOf(section), options, `${section}.`);

/** Settings of a schema that were given, by dotted name. */
export const schemaOverrides = (options: object, schema: z.ZodObject): Overrides =>
  overridesBy(declaredIn(schema), options, "");

function overridesBy(
  declared: readonly DeclaredOption[],
  options: object,
  prefix: string,
): Overrides {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(
    declared.map(({ name, setting, type, schema }) => {
      const value = given[name];
      if (typeof value !== "string") return [`${prefix}${setting}`, value];
      const meant = type === "file"
        ? fromHere(value)
        : type === "contents"
        ? contentsOf(value, name, schema)
        : value;
      return [`${prefix}${setting}`, meant];
    }),
  );
}

/** A value that the setting takes by itself; else the text of a file, so that a run needs nothing outside. */
function contentsOf(value: string, option: string, schema: z.ZodType): string {
  const problemOf = (text: string) => schema.safeParse(text).error?.issues[0].message;
  const unknown = problemOf(value);
  if (unknown === undefined) return value;
  const refuse = (why: string, cause?: unknown): never => {
    throw new UsageError(`Cannot use ${flagOf(option)} ${value}: ${why}`, { cause });
  };
  let text = "";
  try {
    text = Deno.readTextFileSync(fromHere(value));
  } catch (cause) {
    refuse(`${whyUnreadable(cause)}, ${unknown}`, cause);
  }
  const problem = problemOf(text);
  return problem === undefined ? text : refuse(problem.replace(/^Cannot [^:]*: /, ""));
}
