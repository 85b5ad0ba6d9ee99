/**
 * Settings of a search and of a retraining: presets, then overrides, then checks. A resolved config is
 * complete; it is written to the run folder before the first step and alone determines the run.
 */
import type { z } from "zod";
import { UsageError } from "../../common/errors.ts";
import {
  type RetrainConfig,
  retrainConfig,
  type SearchConfig,
  searchConfig,
} from "./config_schema.ts";
import type { Plugin, Settings, SpaceDefinition } from "../definition.ts";
import { expectation, firstProblem } from "./zod_messages.ts";
import { faithfulSettings } from "./faithful.ts";
import { finalSection, searchSection } from "./presets.ts";
import { evaluators, settingsOf, spaces, strategies } from "../registry.ts";

export {
  type RetrainConfig,
  retrainConfig,
  type SearchConfig,
  searchConfig,
} from "./config_schema.ts";

/**
 * Settings given by the user, by dotted name (`space.layers`); the schema checks their values. A bare
 * `strategy` or `evaluator` is the name of a definition.
 */
export type Overrides = Readonly<Record<string, unknown>>;

export interface SearchChoice {
  /** Name of the space. */
  mode: string;
  preset?: string;
  /** Apply the quirks of the released code. */
  faithful?: boolean;
  overrides?: Overrides;
}

/**
 * Resolves a search's config: preset, then `--faithful`, then overrides.
 * @throws UsageError naming the field, the value and what is expected.
 */
export function resolveSearchConfig(choice: SearchChoice): SearchConfig {
  const { mode, preset = "quick", faithful = false } = choice;
  const definition = spaces.get(mode);
  const overrides = longNames(ownNames(choice.overrides ?? {}, definition));
  const section = searchSection(definition, preset);
  const { controller, quirks, strategySettings, evaluatorName, ownLoop, withBatch = [], ...rest } =
    section;
  const evaluator = evaluators.get(nameIn(overrides["evaluator.kind"], evaluatorName ?? "shared"));
  const isOwn = evaluatorName ? evaluator.name === evaluatorName : evaluator.cost === "pass";
  const strategy = strategies.get(nameIn(overrides["strategy.kind"], section.strategy));
  const defaults = strategy.defaults?.({ preset, controller, cost: evaluator.cost });
  const own = strategy.name === section.strategy ? strategySettings : undefined;
  const base: Record<string, unknown> = structuredClone({
    version: 2,
    preset,
    plugins: [],
    ...rest,
    space: withDefaults(definition, section.space),
    strategy: withDefaults(strategy, { ...defaults, ...own }),
    evaluator: withDefaults(evaluator, isOwn ? section.evaluator : {}),
  });
  if (faithful) {
    applyWhereKnown(base, faithfulSettings("search", definition, quirks));
  }
  applyOverrides(base, following(withBatch, overrides.batch));
  applyOverrides(base, { ...evaluator.loop, ...isOwn && ownLoop });
  applyOverrides(base, strategy.loop ?? {});
  applyOverrides(base, overrides);
  return parseSearchConfig(base);
}

export interface RetrainChoice {
  space: string;
  preset?: string;
  faithful?: boolean;
  overrides?: Overrides;
}

/** Resolves a retraining's config; `overrides` include the settings in the architecture file. */
export function resolveRetrainConfig(choice: RetrainChoice): RetrainConfig {
  const { preset = "quick", faithful = false, overrides = {} } = choice;
  const definition = spaces.get(choice.space);
  const { quirks, withBatch = [], ...section } = finalSection(definition, preset);
  const base: Record<string, unknown> = structuredClone({
    version: 2,
    preset,
    plugins: [],
    ...section,
    space: withDefaults(definition, section.space),
  });
  if (faithful) {
    applyWhereKnown(base, faithfulSettings("final", definition, quirks));
  }
  applyOverrides(base, following(withBatch, overrides.batch));
  applyOverrides(base, overrides);
  return parseRetrainConfig(base);
}

const nameIn = (given: unknown, otherwise: string): string =>
  typeof given === "string" ? given : otherwise;

const withDefaults = (definition: Plugin, settings: Record<string, unknown>): Settings => ({
  kind: definition.name,
  ...settingsOf(definition, settings),
});

/** Replaces the published program's names of settings. */
const ownNames = (overrides: Overrides, { aliases = {} }: SpaceDefinition): Overrides =>
  Object.fromEntries(
    Object.entries(overrides).map(([name, value]) => [
      Object.hasOwn(aliases, name) ? aliases[name] : name,
      value,
    ]),
  );

/** Writes `strategy` as `strategy.kind`. */
function longNames(overrides: Overrides): Overrides {
  const kinds = ["strategy", "evaluator"];
  return Object.fromEntries(
    Object.entries(overrides).map(([name, value]) => [
      kinds.includes(name) && typeof value === "string" ? `${name}.kind` : name,
      value,
    ]),
  );
}

/** Settings of a preset that take the value of a batch size given by the user. */
const following = (names: readonly string[], batch: unknown): Overrides =>
  Object.fromEntries(batch === undefined ? [] : names.map((name) => [name, batch]));

/** Sets those settings that the config has; the rest belong to other spaces or evaluators. */
function applyWhereKnown(base: Record<string, unknown>, settings: Overrides): void {
  for (const [path, value] of Object.entries(settings)) {
    const [last, at] = placeOf(base, path) ?? [];
    if (at && last !== undefined && Object.hasOwn(at, last)) at[last] = value;
  }
}

export function applyOverrides(base: Record<string, unknown>, overrides: Overrides): void {
  for (const [path, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const [last, at] = placeOf(base, path) ?? unknownSetting(path, base);
    if (!Object.hasOwn(at, last)) unknownSetting(path, base);
    at[last] = value;
  }
}

/** Name of a setting within its object, and that object. */
function placeOf(
  base: Record<string, unknown>,
  path: string,
): [string, Record<string, unknown>] | null {
  const names = path.split(".");
  const last = names.pop()!;
  let at = base;
  for (const name of names) {
    if (typeof at[name] !== "object" || at[name] === null) return null;
    at = at[name] as Record<string, unknown>;
  }
  return [last, at];
}

/** Throws an error listing the known settings at the same level. */
function unknownSetting(path: string, base: Record<string, unknown>): never {
  const group = base[path.split(".")[0]];
  const prefix = path.includes(".") ? `${path.split(".")[0]}.` : "";
  const level = prefix && typeof group === "object" && group !== null ? group : base;
  const known = Object.keys(level).map((name) => level === base ? name : `${prefix}${name}`);
  throw new UsageError(`Cannot set ${path}: no such setting, expected one of ${known.join(", ")}`);
}

/**
 * Checks a search's settings, with those of its space, strategy and evaluator.
 * @throws UsageError as `parseConfig`.
 */
export function parseSearchConfig(value: unknown): SearchConfig {
  const config = parseConfig(searchConfig, value, "search");
  return {
    ...config,
    space: checked(spaces.get(config.space.kind), config.space, "space", "search"),
    strategy: checked(strategies.get(config.strategy.kind), config.strategy, "strategy", "search"),
    evaluator: checked(
      evaluators.get(config.evaluator.kind),
      config.evaluator,
      "evaluator",
      "search",
    ),
  };
}

/**
 * Checks a retraining's settings, with those of its space.
 * @throws UsageError as `parseConfig`.
 */
export function parseRetrainConfig(value: unknown): RetrainConfig {
  const config = parseConfig(retrainConfig, value, "retrain");
  const space = checked(spaces.get(config.space.kind), config.space, "space", "retrain");
  return { ...config, space };
}

function checked(
  definition: Plugin,
  { kind, ...settings }: Settings,
  place: string,
  what: string,
): Settings {
  const result = definition.settings.safeParse(settings, { error: expectation });
  if (result.success) {
    const whole = definition.type === "space" && definition.completed?.(result.data);
    return { kind, ...whole || result.data };
  }
  throw new UsageError(
    `Cannot use the ${what} settings: ${place}.${firstProblem(result.error, settings)}; ` +
      `--print-config shows all settings`,
  );
}

/**
 * Checks a config.
 * @throws UsageError naming field, value and expectation.
 */
function parseConfig<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  throw new UsageError(
    `Cannot use the ${what} settings: ${firstProblem(result.error, value)}; ` +
      `--print-config shows all settings`,
  );
}
