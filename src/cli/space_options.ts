/** Options declared by schemas of spaces: `z.number().meta({ option: "layers", … })`. */
import type { Command } from "commander";
import { z } from "zod";
import type { Overrides } from "../nas/config/config.ts";
import { spaces } from "../nas/registry.ts";
import { number, whole } from "./run_options.ts";

interface SettingOption {
  /** Name of the option and of the setting: `legacyFixed`. */
  name: string;
  help: string;
  type: "whole" | "number" | "flag" | "text";
}

/** Options of all spaces; where two share a name, the first is used. */
function spaceOptions(): SettingOption[] {
  const found = new Map<string, SettingOption>();
  for (const { settings } of spaces.all()) {
    for (const [name, schema] of Object.entries<z.ZodType>(settings.shape)) {
      const { option, description = "" } = schema.meta() ?? {};
      if (option !== true || found.has(name)) continue;
      found.set(name, { name, help: description, type: typeOf(schema) });
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

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Adds an option for every setting of a space that declares one. */
export function addSpaceOptions(command: Command): Command {
  for (const { name, help, type } of spaceOptions()) {
    if (type === "flag") command.option(`--${kebab(name)}`, help);
    else if (type === "text") command.option(`--${kebab(name)} <name>`, help);
    else command.option(`--${kebab(name)} <n>`, help, type === "whole" ? whole : number);
  }
  return command;
}

/** Settings that were given, by dotted name. Resolving the config checks whether the space has them. */
export function spaceOverrides(options: object): Overrides {
  const given = options as Record<string, unknown>;
  return Object.fromEntries(
    spaceOptions().map(({ name }) => [`space.${name}`, given[name]]),
  );
}
