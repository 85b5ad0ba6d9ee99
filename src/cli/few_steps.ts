/** Advice for small data sets, where the settings give too few training steps. */
import type { RetrainConfig, SearchConfig } from "../nas/config/config.ts";

/** Below this number of steps little is learned. */
const few = 100;
/** Numbers of steps that the advice aims at. */
const enough = { search: 200, retrain: 300 };

/**
 * Advice on options, or null where a run has enough steps or is a smoke test. The controller's rounds are
 * spread over the epochs, so their number does not change.
 */
export function fewSteps(config: SearchConfig | RetrainConfig, images: number): string | null {
  const steps = config.epochs * Math.ceil(images / config.batch);
  if (config.preset === "smoke" || steps >= few) return null;
  const batch = Math.max(1, Math.min(config.batch, Math.max(8, Math.floor(images / 10))));
  const wanted = "rounds" in config ? enough.search : enough.retrain;
  const epochs = Math.ceil(wanted / Math.ceil(images / batch));
  const options = [`--epochs ${epochs}`, `--batch ${batch}`];
  if ("rounds" in config) {
    const rounds = Math.max(1, Math.round(config.rounds * config.epochs / epochs));
    options.push(`--set rounds=${rounds}`);
  }
  return `${config.epochs} × ${
    steps / config.epochs
  } training steps are few for ${images} images; try ` +
    options.join(" ");
}
