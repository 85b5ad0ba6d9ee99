/** User-configurable settings of predictors. */
import * as z from "zod";
import { limits, sizeOf } from "../config/limits.ts";
import { UsageError } from "../../common/errors.ts";
import { expectation, firstProblem } from "../config/zod_messages.ts";
import { type PredictorName, predictorNames } from "./names.ts";

const schema = z.strictObject({
  /** Number of hidden layers or graph convolutions, and units of each. */
  layers: sizeOf(limits.predictorLayers),
  width: sizeOf(limits.predictorWidth),
  /** Passes over the training set. */
  epochs: sizeOf(limits.predictorEpochs),
  /** Steps of a Markov chain, burn-in included. */
  steps: z.number().int().min(20).max(1_000_000),
  /** Learning rate, or step size of a chain. */
  rate: z.number().positive().max(10),
  loss: z.enum(["mae", "mse", "mape"]),
  /** Number of networks of an ensemble. */
  ensemble: sizeOf(limits.predictorLayers),
  /** Largest variance of the noise, in units of the targets' variance. */
  noise: z.number().min(1e-5).max(1),
}).partial();

export type PredictorSettings = z.infer<typeof schema>;
export type PredictorSetting = keyof PredictorSettings;

/** The same settings in a config, where 0 and "" stand for the predictor's own default. */
export interface SettingsInConfig extends Required<Omit<PredictorSettings, "loss">> {
  loss: "" | NonNullable<PredictorSettings["loss"]>;
}

export const ownSettings: Readonly<SettingsInConfig> = {
  layers: 0,
  width: 0,
  epochs: 0,
  steps: 0,
  rate: 0,
  loss: "",
  ensemble: 0,
  noise: 0,
};

/** The settings that differ from the predictor's own defaults. */
export const chosenSettings = (settings: SettingsInConfig): PredictorSettings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value));

/** Most weights of all networks together: more would exhaust memory. */
const MOST_WEIGHTS = 20_000_000;

/**
 * Checks the given settings and returns them in a fixed order.
 * @throws UsageError for a value out of bounds, and for a setting that the predictor does not have.
 */
export function checkSettings(name: PredictorName, settings: PredictorSettings): PredictorSettings {
  const known: readonly string[] = predictorNames[name].settings;
  const result = schema.safeParse(settings, { error: expectation });
  if (!result.success) {
    throw new UsageError(
      `Cannot set up predictor ${name}: ${firstProblem(result.error, settings)}`,
    );
  }
  const own = Object.fromEntries(
    Object.entries(result.data).filter(([, value]) => value !== undefined),
  );
  for (const setting of Object.keys(own)) {
    if (known.includes(setting)) continue;
    const others = known.length ? `expected one of ${known.join(", ")}` : "it has no settings";
    throw new UsageError(`Cannot set ${setting} of predictor ${name}: ${others}`);
  }
  const { layers = 10, width = 20, ensemble = 5 } = result.data;
  if (layers * width * width * ensemble > MOST_WEIGHTS) {
    throw new UsageError(
      `Cannot set up predictor ${name}: ${ensemble} times ${layers} layers of ${width} units, expected at ` +
        `most ${MOST_WEIGHTS} weights; make the networks narrower`,
    );
  }
  return own;
}
