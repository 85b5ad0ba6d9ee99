/** Settings shared by several strategies. */
import * as z from "zod";
import { nameText } from "../config/limits.ts";

/** Encodings by which a strategy samples, varies and describes architectures. */
export const encodingSettings = {
  encoding: z.strictObject({
    /** Encodings for sampling, for perturbing and for the predictor; "" = the space's own. */
    sample: nameText.default(""),
    perturb: nameText.default(""),
    predictor: nameText.default(""),
    /** Follow the quirks of the published encodings. */
    strict: z.boolean().default(false),
  }).prefault({}),
};

/** Sizes of population and tournament by the cost of a score. */
export const POPULATIONS = {
  lookup: { population: 30, tournament: 10 },
  untrained: { population: 30, tournament: 10 },
  training: { population: 5, tournament: 2 },
} as const;
