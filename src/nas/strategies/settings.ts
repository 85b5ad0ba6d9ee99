/** Settings that several strategies have in common. */
import { z } from "zod";
import { nameText } from "../config/limits.ts";

/** How a strategy draws, varies and describes architectures. */
export const encodingSettings = {
  encoding: z.strictObject({
    /** Encodings to sample, to perturb and for a predictor; "" = the space's own. */
    sample: nameText.default(""),
    perturb: nameText.default(""),
    predictor: nameText.default(""),
    /** Follow the quirks of the published encodings. */
    strict: z.boolean().default(false),
  }).prefault({}),
};

/** Members of a population by what a score costs. */
export const POPULATIONS = {
  lookup: { population: 30, tournament: 10 },
  training: { population: 5, tournament: 2 },
} as const;
