/**
 * Options declared by the settings of spaces, strategies and evaluators: `.meta(asOption("what it is"))` in the
 * schema of a definition is the only place that names such an option.
 */
import type { Command } from "commander";
import { z } from "zod";
import type { Overrides } from "../nas/config/config.ts";
import { UsageError, whyUnreadable } from "../common/errors.ts";
import { evaluators, spaces, strategies } from "../nas/registry.ts";
import { fromHere } from "./paths.ts";
import { number, whole } from "./run_options.ts";

const sections = { space: spaces, strategy: strategies, evaluator: evaluators };

/** Section of a config whose settings depend on its `kind`. */
export type Section = keyof typeof sections;

export interface SettingOption {
  /** Name of the option: `legacyFixed`. */
  name: string;
  /** Name of the setting in its section. */
  setting: string;
  /** Kinds that have the setting. */
  kinds: string[];
  help: string;
  type: "whole" | "number" | "flag" | "text" | "file" | "contents";
  schema: z.ZodType;
}

/** Options of all definitions of a section. Where two share an option, the help of the first is used. */
export function optionsOf(section: Section): SettingOption[] {
  const found = new Map<string, SettingOption>();
  for (const { name: kind, settings } of sections[section].all()) {
    for (const [setting, schema] of Object.entries<z.ZodType>(settings.shape)) {
      const { option, isFile, isContents, description = "" } = schema.meta() ?? {};
      if (option === undefined) continue;
      const name = option === true ? setting : String(option);
      const known = found.get(name);
      if (known) known.kinds.push(kind);
      else {
        const type = isFile ? "file" : isContents ? "contents" : typeOf(schema);
        found.set(name, { name, setting, kinds: [kind], help: description, type, schema });
      }
    }
  }
  return [...found.values()];
}

function typeOf(schema: z.ZodType): SettingOption["type"] {
  const { type } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return type === "integer"
    ? "whole"
    : type === "number"
    ? "number"
    : type === "boolean"
    ? "flag"
    : "text";
}

/** `legacyFixed` is typed `--legacy-fixed`. */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Adds an option for every setting of a section that declares one. */
export function addDefinitionOptions(command: Command, section: Section): Command {
  for (const { name, help, type } of optionsOf(section)) {
    const flag = flagOf(name);
    if (type === "flag") command.option(flag, help);
    else if (type === "text") command.option(`${flag} <name>`, help);
    else if (type === "file" || type === "contents") command.option(`${flag} <file>`, help);
    else command.option(`${flag} <n>`, help, type === "whole" ? whole : number);
  }
  return command;
}

/** Settings that were given, by dotted name. Resolving the config checks whether the kind has them. */
export function definitionOverrides(options: object, section: Section): Overrides {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(
    optionsOf(section).map(({ name, setting, type, schema }) => {
      const value = given[name];
      if (typeof value !== "string") return [`${section}.${setting}`, value];
      const meant = type === "file"
        ? fromHere(value)
        : type === "contents" && !schema.safeParse(value).success
        ? contentsOf(value)
        : value;
      return [`${section}.${setting}`, meant];
    }),
  );
}

/** Text of a file, so that a run needs nothing outside its folder. */
function contentsOf(name: string): string {
  try {
    return Deno.readTextFileSync(fromHere(name));
  } catch (cause) {
    throw new UsageError(`Cannot read ${name}: ${whyUnreadable(cause)}`, { cause });
  }
}
