/**
 * Definitions of strategies whose code is loaded by the searches that use it, so that a page in a browser starts
 * without it.
 */
import * as z from "zod";
import { asOption } from "../config/as_option.ts";
import { countOf, limits, sizeOf } from "../config/limits.ts";
import { defineStrategy } from "../definition.ts";
import { encodingSettings, POPULATIONS } from "./settings.ts";

/** Sizes of population and tournament in the presets for two processor cores. */
const SMALL: Readonly<Record<string, { population: number; tournament: number }>> = {
  smoke: { population: 4, tournament: 2 },
  quick: { population: 20, tournament: 5 },
};

export const evolutionDefinition = defineStrategy({
  name: "evolution",
  summary: "regularised evolution: winners of tournaments are mutated, the oldest die",
  settings: z.strictObject({
    population: sizeOf(limits.architectures).default(50).meta(
      asOption("evolution, nsga2: architectures alive at a time"),
    ),
    tournament: sizeOf(limits.architectures).default(10).meta(
      asOption("evolution: members of which the best becomes a parent"),
    ),
    /** Random samples before the first mutation; 0 = as many as the population. */
    initial: countOf(limits.architectures).default(0),
    /** Member to remove for a child. */
    drop: z.enum(["oldest", "worst"]).default("oldest"),
    /** Quirk of the code of the encodings study: members are removed one child too early. */
    strict: z.boolean().default(false),
    /** Whether a tournament may hold a member twice. */
    replacement: z.boolean().default(true),
    /** Never ask for an architecture again; the search ends where no new one is found. */
    distinct: z.boolean().default(false),
    ...encodingSettings,
  }),
  defaults: ({ preset, cost }) => cost === "pass" ? SMALL[preset] ?? {} : POPULATIONS[cost],
  published: { strict: true },
  open: async (settings, { config, variation }) =>
    (await import("./evolution.ts")).evolutionStrategy(variation, config.seed, settings),
});

export const assistedEvolutionDefinition = defineStrategy({
  name: "assisted-evolution",
  summary: "evolution from the best of random architectures by an untrained score (nwot)",
  settings: z.strictObject({
    population: sizeOf(limits.architectures).default(30),
    tournament: sizeOf(limits.architectures).default(10),
    /** Random architectures that are scored untrained. */
    untrained: countOf(limits.architectures).default(60),
    ...encodingSettings,
  }),
  needsDevice: true,
  untrained: "nwot",
  open: async (settings, { config, variation }) =>
    (await import("./assisted_evolution.ts")).assistedEvolution(variation, config.seed, settings),
});

export const localSearchDefinition = defineStrategy({
  name: "local-search",
  summary: "to a better neighbour, and anew where there is none",
  settings: z.strictObject({
    /** Random samples before each climb. */
    initial: sizeOf(limits.architectures).default(1),
    order: z.enum(["random", "fixed"]).default("random"),
    /** Score whole neighbourhoods instead of moving to the first better neighbour. */
    whole: z.boolean().default(false),
    /** At a minimum: restart from new samples, or continue from the best architecture not fully expanded. */
    atMinimum: z.enum(["restart", "continue"]).default("restart"),
    ...encodingSettings,
  }),
  open: async (settings, { config, variation }) =>
    (await import("./local_search.ts")).localSearchStrategy(variation, config.seed, settings),
});

/** With `initial` 0, just enough architectures to leave one at the longest training. */
const halvingSettings = z.strictObject({
  eta: sizeOf(limits.architectures).min(2).default(3),
  initial: countOf(limits.architectures).default(0),
  ...encodingSettings,
});

export const halvingDefinition = defineStrategy({
  name: "successive-halving",
  summary: "many train briefly, the best longer (where the evaluator has several lengths)",
  settings: halvingSettings,
  open: async (given, { config, variation, fidelities }) =>
    (await import("./hyperband.ts")).hyperbandStrategy(variation, config.seed, fidelities, {
      ...given,
      brackets: "lowest",
    }),
});

export const hyperbandDefinition = defineStrategy({
  name: "hyperband",
  summary: "successive halving that begins at every length in turn",
  settings: halvingSettings,
  open: async (given, { config, variation, fidelities }) =>
    (await import("./hyperband.ts")).hyperbandStrategy(variation, config.seed, fidelities, {
      ...given,
      brackets: "all",
    }),
});

export const ashaDefinition = defineStrategy({
  name: "asha",
  summary: "successive halving that promotes at once, for several workers",
  settings: z.strictObject({
    eta: sizeOf(limits.architectures).min(2).default(3),
    ...encodingSettings,
  }),
  open: async ({ eta }, { config, variation, fidelities }) =>
    (await import("./asha.ts")).ashaStrategy(variation, config.seed, fidelities, eta),
});

export const nsga2Definition = defineStrategy({
  name: "nsga2",
  summary: "evolution towards the front of several objectives (--objectives)",
  settings: z.strictObject({
    population: sizeOf(limits.compared).default(20).meta(
      asOption("architectures alive at a time"),
    ),
    crossover: z.number().min(0).max(1).default(0.9),
    ...encodingSettings,
  }),
  open: async (settings, { config, variation }) =>
    (await import("./nsga2.ts")).nsga2Strategy(variation, config.seed, settings, config.objectives),
});
