/** Opens predictors by name. */
import { UsageError } from "../../common/errors.ts";
import type { Encoding } from "../encodings/encoding.ts";
import type { SearchSpace } from "../space.ts";
import { Bohamiann, bohamiannDefaults } from "./bohamiann.ts";
import { Dngo, dngoDefaults } from "./dngo.ts";
import { bananasEnsemble, diverseEnsemble, Ensemble } from "./ensemble.ts";
import { degreeTerms, hierarchicalTerms, wholeTerms } from "../graph_kernels/terms.ts";
import { WlFeatures, wlKernel } from "../graph_kernels/wl.ts";
import { GaussianProcess } from "./gaussian_process.ts";
import { gcnDefaults, GcnPredictor, smallGcn } from "./gcn_predictor.ts";
import { GraphProcess } from "./graph_process.ts";
import { graphOf } from "./graphs.ts";
import { distanceKernel, type KernelFamily, rbfKernel } from "./kernels.ts";
import { GRAPH_ALONE } from "./mixed_kernel.ts";
import { MixedProcess } from "./mixed_process.ts";
import type { PredictorName } from "./names.ts";
import type { Predictor } from "./predictor.ts";
import { checkSettings, type PredictorSettings } from "./settings.ts";

export type { Prediction, Predictor } from "./predictor.ts";

export * from "./names.ts";
export type { PredictorSettings } from "./settings.ts";

export interface PredictorParts<A> {
  space: SearchSpace<A>;
  /** Encoding, for predictors that use features or distances. */
  encoding?: Encoding<A>;
  /** Settings that differ from the published ones. */
  settings?: PredictorSettings;
}

/** Candidate noise variances of a Gaussian process. */
const NOISES = [1e-3, 1e-2, 0.1, 0.3];
/** Noise variance of the Gaussian process of White et al., NeurIPS 2020: a deviation of 1e-5. */
const PUBLISHED_NOISE = 1e-10;
/** Most rounds of the Weisfeiler–Lehman kernel to select from: 0 … 4. */
const ROUNDS = 4;

/**
 * Opens a predictor.
 * @throws UsageError when the encoding is missing or unsuitable, and for settings that the predictor does not
 * have.
 */
export function openPredictor<A>(name: PredictorName, parts: PredictorParts<A>): Predictor<A> {
  const { space } = parts;
  const settings = checkSettings(name, parts.settings ?? {});
  const encoding = () => {
    if (parts.encoding) return parts.encoding;
    throw new UsageError(`Cannot use predictor ${name}: it sees encodings, and none is named`);
  };
  switch (name) {
    case "gp":
      return new GaussianProcess(distanceKernel(encoding()), { noises: [PUBLISHED_NOISE] });
    case "gp-rbf":
      return new GaussianProcess(rbfKernel(encoding()), { noises: NOISES });
    case "gp-wl":
      return new GraphProcess(wholeTerms(space), settings.noise);
    case "gp-hwl":
      return new GraphProcess(hierarchicalTerms(space), settings.noise);
    case "gp-nasbot":
      return new GraphProcess(degreeTerms(space), settings.noise);
    case "gp-mixed":
      return new MixedProcess<A & WeakKey>(space as never, graphKernel(space));
    case "gp-graph":
      return new MixedProcess<A & WeakKey>(space as never, graphKernel(space), GRAPH_ALONE);
    case "ensemble":
      return new Ensemble(encoding(), bananasEnsemble(settings));
    case "diverse":
      return new Ensemble(encoding(), diverseEnsemble(settings));
    case "dngo":
      return new Dngo(encoding(), dngoDefaults(settings));
    case "bohamiann":
      return new Bohamiann(encoding(), bohamiannDefaults(settings));
    case "gcn":
      return new GcnPredictor(graphOf(space), gcnDefaults(settings), false);
    case "bonas":
      return new GcnPredictor(graphOf(space), smallGcn(settings), true);
  }
}

const kernels = new WeakMap<SearchSpace<never>, KernelFamily<never>>();

/**
 * The graph kernel, one per space, so that all predictors and searches share cached graphs. Architectures are
 * objects in every space, though their type does not say so.
 */
function graphKernel<A>(space: SearchSpace<A>): KernelFamily<A & WeakKey> {
  const known = kernels.get(space as never);
  if (known) return known as never;
  const features = new WlFeatures<A & WeakKey>(
    (arch) => space.key(arch),
    (arch) => [graphOf(space)(arch)],
    [ROUNDS],
  );
  const kernel = wlKernel(features);
  kernels.set(space as never, kernel as never);
  return kernel;
}
