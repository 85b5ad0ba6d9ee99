/** Scores architectures by their untrained networks, all on the same batch and from the same seed. */
import type { Gpu } from "../../gpu/device.ts";
import type { Dispatch } from "../../gpu/programs.ts";
import { WeightStore } from "../../nn/weights.ts";
import { built, reasonOf } from "../results.ts";
import { someArchitectures } from "../sampling.ts";
import type { SearchSpace } from "../space.ts";
import { type FirstBatch, requireClasses } from "./first_batch.ts";
import { zeroCostScore } from "./mod.ts";
import type { ZeroCostScore } from "./score.ts";
import type { Untrained } from "./untrained.ts";

/** Inputs of a scorer. */
export interface ScorerParts<A> {
  gpu: Gpu;
  space: SearchSpace<A>;
  /** Source of the networks' random weights. */
  seed: number;
  first: FirstBatch;
}

export class UntrainedScorer<A> {
  readonly #score: ZeroCostScore;

  /**
   * @param name of the score.
   * @throws UsageError for an unknown score, or one that the data set does not allow.
   */
  constructor(private readonly parts: ScorerParts<A>, name: string) {
    this.#score = zeroCostScore(name);
    if (this.#score.needsClasses) requireClasses(name, parts.first.data);
  }

  /**
   * The score of an architecture, which may be infinite or NaN.
   * @param seed of its weights; default: that of the scorer.
   * @throws TrialError where the network cannot be built, or has not what the score looks at.
   */
  async score(arch: A, seed = this.parts.seed): Promise<number> {
    using _arena = this.parts.gpu.arena();
    return await this.#score.score(this.#network(arch, seed));
  }

  /** Dispatches of some networks: nearly all kernels that scoring needs. */
  dryRun(): Dispatch[] {
    const { gpu, space, seed } = this.parts;
    const { record } = this.#score;
    if (!record) return [];
    return someArchitectures(space).flatMap((arch) => {
      using _arena = gpu.arena();
      try {
        const net = this.#network(arch, seed);
        return gpu.dryRun(() => record(net));
      } catch (error) {
        // A network that cannot be built fails as a trial later, with its reason.
        reasonOf(error);
        return [];
      }
    });
  }

  /** The network as a training from scratch would start it. */
  #network(arch: A, seed: number): Untrained {
    const { gpu, space, first: { batch, data } } = this.parts;
    const weights = new WeightStore();
    const input = data.image, classes = data.classes.length;
    const model = built(() => space.build(arch, { weights, input, classes, form: "final" }));
    weights.materialise(gpu, seed);
    return { gpu, model, weights, batch, input, classes, seed };
  }
}
