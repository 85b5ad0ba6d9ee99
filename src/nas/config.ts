/**
 * The settings of a search and of a retraining: presets, then overrides, checked. A resolved config has no
 * holes; it is written to the run folder before the first step and alone decides what happens.
 */
import type { z } from "zod";
import { UsageError } from "../errors.ts";
import { expectation, firstProblem } from "./expectation.ts";
import { evaluatorDefaults } from "./benchmark_presets.ts";
import {
  type RetrainConfig,
  retrainConfig,
  type SearchConfig,
  searchConfig,
} from "./config_schema.ts";
import { faithfulSettings } from "./faithful.ts";
import { asBatch, type PresetName, presets, retrainPresets } from "./presets.ts";
import { trainingTheBest } from "./recipes.ts";

export {
  type RetrainConfig,
  retrainConfig,
  type SearchConfig,
  searchConfig,
} from "./config_schema.ts";

/** Settings given by a person, by dotted name (`child.layers`); values are checked by the schema. */
export type Overrides = Readonly<Record<string, unknown>>;

export interface SearchChoice {
  mode: string;
  preset?: string;
  /** The switches that follow the released code where it differs from the defaults here. */
  faithful?: boolean;
  overrides?: Overrides;
}

/** Preset, then `--faithful`, then overrides; throws UsageError naming the field, the value and what is expected. */
export function resolveSearchConfig(choice: SearchChoice): SearchConfig {
  const { mode, preset = "quick", faithful = false, overrides = {} } = choice;
  const sections = presets[knownPreset(preset)];
  if (!(mode in sections)) {
    throw new UsageError(
      `Cannot search in mode ${JSON.stringify(mode)}: preset ${preset} has ${
        Object.keys(sections).join(", ")
      }`,
    );
  }
  const base = structuredClone(sections[mode as keyof typeof sections]) as Record<string, unknown>;
  if (faithful) applyOverrides(base, faithfulSettings("search", mode, preset));
  applyOverrides(base, batchSettings(base, preset, overrides.batch));
  applyOverrides(base, evaluatorSettings(overrides["evaluator.kind"]));
  applyOverrides(base, strategySettings(overrides.strategy));
  applyOverrides(base, overrides);
  return parseConfig(searchConfig, base, "search");
}

export interface RetrainChoice {
  space: string;
  preset?: string;
  faithful?: boolean;
  overrides?: Overrides;
}

/** The same for a retraining; `overrides` include what the architecture file records. */
export function resolveRetrainConfig(choice: RetrainChoice): RetrainConfig {
  const { space, preset = "quick", faithful = false, overrides = {} } = choice;
  const sections = retrainPresets[knownPreset(preset)];
  if (!(space in sections)) {
    throw new UsageError(
      `Cannot retrain space ${JSON.stringify(space)}: preset ${preset} has ${
        Object.keys(sections).join(", ")
      }`,
    );
  }
  const base = structuredClone(sections[space as keyof typeof sections]) as Record<string, unknown>;
  if (faithful) applyOverrides(base, faithfulSettings("final", space, preset));
  applyOverrides(base, batchSettings(base, preset, overrides.batch));
  applyOverrides(base, overrides);
  return parseConfig(retrainConfig, base, "retrain");
}

/** What the kind of evaluator changes; an unknown kind is for the schema to refuse. */
function evaluatorSettings(kind: unknown): Overrides {
  return typeof kind === "string" && Object.hasOwn(evaluatorDefaults, kind)
    ? evaluatorDefaults[kind as keyof typeof evaluatorDefaults]
    : {};
}

/** What follows another batch in a preset. */
function batchSettings(base: object, preset: string, batch: unknown): Overrides {
  const names = batch === undefined ? [] : asBatch[preset as PresetName] ?? [];
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(base, name)).map((name) => [name, batch]),
  );
}

/** What a strategy changes where it is named; an unknown name is for the schema to refuse. */
function strategySettings(name: unknown): Overrides {
  return name === "enas-nnabla" ? trainingTheBest : {};
}

function knownPreset(name: string): PresetName {
  if (!(name in presets)) {
    throw new UsageError(
      `Cannot use preset ${JSON.stringify(name)}: expected one of ${
        Object.keys(presets).join(", ")
      }`,
    );
  }
  return name as PresetName;
}

export function applyOverrides(base: Record<string, unknown>, overrides: Overrides): void {
  for (const [path, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const names = path.split(".");
    const last = names.pop()!;
    let at = base;
    for (const name of names) {
      if (typeof at[name] !== "object" || at[name] === null) unknownSetting(path, base);
      at = at[name] as Record<string, unknown>;
    }
    if (!Object.hasOwn(at, last)) unknownSetting(path, base);
    at[last] = value;
  }
}

function unknownSetting(path: string, base: Record<string, unknown>): never {
  const known = Object.entries(base).flatMap(([k, v]) =>
    v && typeof v === "object" ? Object.keys(v).map((n) => `${k}.${n}`) : [k]
  );
  throw new UsageError(`Cannot set ${path}: no such setting, expected one of ${known.join(", ")}`);
}

/** Checks a config that came from a file or was put together; the error names field, value and expectation. */
export function parseConfig<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  throw new UsageError(
    `Cannot use the ${what} settings: ${firstProblem(result.error, value)}; ` +
      `--print-config shows all settings`,
  );
}
