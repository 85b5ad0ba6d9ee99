/**
 * Options declared by the settings of spaces, strategies and evaluators: `.meta(asOption("what it is"))` in the
 * schema of a definition is the only place that names such an option.
 */
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import type { Overrides } from "../nas/config/config.ts";
import { evaluators, spaces, strategies } from "../nas/registry.ts";
import { fromHere } from "./paths.ts";
import { readJson } from "../run/folder.ts";
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
  type: "whole" | "number" | "flag" | "text" | "json" | "file" | "contents";
}

/** Options of all definitions of a section. Where two share an option, the help of the first is used. */
export function optionsOf(section: Section): SettingOption[] {
  const found = new Map<string, SettingOption>();
  for (const { name: kind, settings } of sections[section].all()) {
    for (const [setting, schema] of Object.entries<z.ZodType>(settings.shape)) {
      const { option, isFile, description = "" } = schema.meta() ?? {};
      if (option === undefined) continue;
      const name = option === true ? setting : String(option);
      const known = found.get(name);
      if (known) known.kinds.push(kind);
      else {
        const type = isFile === "contents" ? "contents" : isFile ? "file" : typeOf(schema);
        found.set(name, { name, setting, kinds: [kind], help: description, type });
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
export function addDefinitionOptions(command: Command, section: Section): Command {
  for (const { name, help, type } of optionsOf(section)) {
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
export function definitionOverrides(options: object, section: Section): Overrides {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(
    optionsOf(section).map(({ name, setting, type }) => {
      const value = given[name];
      if (typeof value !== "string") return [`${section}.${setting}`, value];
      const read = type === "file"
        ? fromHere(value)
        : type === "contents"
        ? readJson(fromHere(value))
        : value;
      return [`${section}.${setting}`, read];
    }),
  );
}
