/** Settings of the space of modular networks, with the names and defaults of the published configuration. */
import * as z from "zod";
import { asOption } from "../config/as_option.ts";
import { limits, sizeOf, textUpTo, tooLarge } from "../config/limits.ts";
import { moduleOf, readModules, textOf } from "./modular_pool.ts";
import { FILTERS, networkSettings } from "./settings.ts";

/** Longest text of a cell: seven rows of seven bits and seven operations. */
const cell = textUpTo(200).check(({ value, issues }) => {
  try {
    moduleOf(value);
  } catch (error) {
    issues.push({ code: "custom", message: (error as Error).message, input: value });
  }
});

/** The pool as texts of cells; the text of a `modules.json`, or its value, is turned into them. */
const pool = z.preprocess(
  (given, { issues }) => {
    const text = isObject(given) ? JSON.stringify(given) : given;
    if (typeof text !== "string" || !/^\s*[[{]/.test(text)) return given;
    try {
      return readModules(text, "pool").modules.map(textOf);
    } catch (error) {
      issues.push({ code: "custom", message: (error as Error).message, input: given });
      return z.NEVER;
    }
  },
  z.array(cell, "expected what denas modules writes").max(
    limits.modules.most,
    tooLarge(limits.modules),
  ),
);

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const sequence = sizeOf(limits.sequence).default(4);

export const modularSettings = z.strictObject({
  modules: pool.default([]).meta(
    asOption("modular: the pool of modules that denas modules wrote; default: one is drawn", {
      isContents: true,
    }),
  ),
  /** Options of a pool that is drawn: its modules, the cells sampled for it, ranked or as they come, their seed. */
  numModules: sizeOf(limits.modules).default(5).meta(asOption("modular: modules in the pool")),
  numSamples: sizeOf(limits.architectures).default(10).meta(
    asOption("modular: cells sampled to choose the pool from"),
  ),
  ranked: z.boolean().default(true),
  poolSeed: z.number().int().nonnegative().max(2 ** 32 - 1).default(42),
  /** Modules in a sequence. */
  initialModules: sequence,
  minModules: sequence.meta(asOption("modular: modules in the shortest sequence")),
  maxModules: sequence.meta(asOption("modular: modules in the longest sequence")),
  /** Residual blocks of each module. */
  numStages: sizeOf(limits.layers).default(3),
  /** A mutation replaces a module with this probability; otherwise it changes the length. */
  probMutation: z.number().min(0).max(1).default(0.8).meta(
    asOption("modular: probability that a mutation replaces a module"),
  ),
  filters: sizeOf(limits.filters).default(64).meta(FILTERS),
  /** Modules as the released code builds them, or as true NAS-Bench-101 cells. */
  channels: z.enum(["code", "paper"]).default("code"),
  ...networkSettings,
  // The defaults of Keras.
  bnEpsilon: z.number().positive().default(1e-3),
  bnDecay: z.number().min(0).lt(1).default(0.99),
  bnDebias: z.boolean().default(false),
});
export type ModularSettings = z.output<typeof modularSettings>;
