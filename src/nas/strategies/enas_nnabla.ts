/**
 * ENAS as in Sony's nnabla-examples. An iteration samples candidates, updates the policy with their scores,
 * trains the best candidate and scores it again; that is the iteration's score. Signs and probabilities
 * follow the paper, not that code.
 */
import { UsageError } from "../../common/errors.ts";
import { defineStrategy } from "../definition.ts";
import { enasDefinition, openEnas } from "./enas.ts";
import { mergeStates, partOf } from "../search/progress.ts";
import type { SearchSpace } from "../space.ts";
import type { Scored, State, Strategy, StrategyReport, Trial } from "../strategy.ts";

interface Saved {
  trials: number;
  /** True after the candidates of this iteration are scored, when the best of them is to be trained. */
  training: boolean;
  /** The best candidate of this iteration; null if none scored above 0. */
  best: { choice: number[]; score: number } | null;
  /** The architecture trained in this iteration. */
  trained: number[] | null;
}

export class NnablaStrategy<A> implements Strategy<A> {
  #saved: Saved = { trials: 0, training: false, best: null, trained: null };
  /** The policy's own trials of this round; not saved, since no checkpoint falls within a round. */
  #asked: Trial<A>[] = [];

  /** @param policy learns from the scores of the candidates. */
  constructor(private readonly policy: Strategy<A>, private readonly space: SearchSpace<A>) {}

  /** While training, n times the best candidate (or one sample if there is none); otherwise n samples. */
  async draw(n: number): Promise<A[]> {
    if (!this.#saved.training) return await this.policy.draw(n);
    const { best } = this.#saved;
    const arch = best ? this.space.decode(best.choice) : (await this.policy.draw(1))[0];
    this.#saved.trained = this.space.encode(arch);
    return Array.from({ length: n }, () => arch);
  }

  /** Asks for n candidates. Their scores are partial: untrained candidates cannot win. */
  async ask(n: number): Promise<Trial<A>[]> {
    this.#asked = await this.policy.ask(n);
    return this.#asked.map(({ arch }) => ({ id: this.#saved.trials++, arch, partial: true }));
  }

  async tell(done: Scored<A>[]): Promise<StrategyReport> {
    for (const { arch, score } of done) {
      if (score.value > (this.#saved.best?.score ?? 0)) {
        this.#saved.best = { choice: this.space.encode(arch), score: score.value };
      }
    }
    this.#saved.training = true;
    return await this.policy.tell(done.map(({ score }, i) => ({ ...this.#asked[i], score })));
  }

  askTrained(): Trial<A>[] {
    const { trained } = this.#saved;
    return trained ? [{ id: this.#saved.trials++, arch: this.space.decode(trained) }] : [];
  }

  /** Ends the iteration: the next one samples candidates again. */
  tellTrained([done]: Scored<A>[]): StrategyReport {
    this.#saved = { ...this.#saved, training: false, best: null, trained: null };
    return { trained: done?.score.value };
  }

  /** Samples from the saved policy, whose tensors are stored under `learner`. */
  sampleFrom(tensors: State["tensors"], n: number): Promise<A[]> {
    const learner = partOf({ json: {}, tensors }, "learner").tensors;
    return this.policy.sampleFrom!(learner, n);
  }

  dryRun(n: number): void {
    this.policy.dryRun?.(n);
  }

  async snapshot(): Promise<State> {
    return mergeStates({
      candidates: { json: this.#saved, tensors: {} },
      learner: await this.policy.snapshot(),
    });
  }

  async restore(state: State): Promise<void> {
    this.#saved = structuredClone(partOf(state, "candidates").json as Saved);
    await this.policy.restore(partOf(state, "learner"));
  }
}

export const nnablaDefinition = defineStrategy({
  name: "enas-nnabla",
  summary: "the same controller; only the best of its candidates is trained",
  settings: enasDefinition.settings,
  needsDevice: true,
  defaults: enasDefinition.defaults,
  // One round of candidates per training, each training with new momentum; the winner was trained.
  loop: {
    rounds: 1,
    roundsEvery: 1,
    "optimizer.resetMomentum": true,
    "selection.drawn": 0,
    "selection.best": 1,
  },
  open(settings, context) {
    if (!context.sharedWeights) {
      throw new UsageError(
        `Cannot use strategy enas-nnabla with evaluator ${context.config.evaluator.kind}: it trains the best of ` +
          `its candidates with shared weights; try --strategy enas`,
      );
    }
    if (context.config.roundsEvery !== 1) {
      throw new UsageError(
        `Cannot use strategy enas-nnabla with roundsEvery ${context.config.roundsEvery}: it trains the best ` +
          `candidate of each epoch, expected 1`,
      );
    }
    return new NnablaStrategy(openEnas(settings, context), context.space);
  },
});
