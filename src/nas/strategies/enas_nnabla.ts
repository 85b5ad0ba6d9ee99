/**
 * ENAS the way of Sony's nnabla-examples: of each round of candidates only the best is trained, and the score
 * it has after that is the iteration's. The policy underneath learns from the candidates alone. The signs
 * and probabilities are those of the paper, not of that code.
 */
import { mergeStates, partOf } from "../progress.ts";
import type { SearchSpace } from "../space.ts";
import type { Scored, State, Strategy, StrategyReport, Trial } from "../strategy.ts";

interface Saved {
  trials: number;
  /** The best candidate since the last training; null before the first round and where none scored. */
  best: { choice: number[]; score: number } | null;
  /** What was trained last, until it has been scored. */
  trained: number[] | null;
}

export class NnablaStrategy<A> implements Strategy<A> {
  #saved: Saved = { trials: 0, best: null, trained: null };
  /** What the policy was asked, under its own ids; a round is never cut by a checkpoint. */
  #asked: Trial<A>[] = [];

  /** @param policy learns by what it is told of the candidates. */
  constructor(private readonly policy: Strategy<A>, private readonly space: SearchSpace<A>) {}

  /** n times the best of the last candidates; one draw of the policy while there is none. */
  async draw(n: number): Promise<A[]> {
    const { best } = this.#saved;
    const arch = best ? this.space.decode(best.choice) : (await this.policy.draw(1))[0];
    this.#saved.trained = this.space.encode(arch);
    this.#saved.best = null;
    return Array.from({ length: n }, () => arch);
  }

  /** n candidates, and last what was trained since the last round, to be scored beside them. */
  async ask(n: number): Promise<Trial<A>[]> {
    this.#asked = await this.policy.ask(n);
    const { trained } = this.#saved;
    const archs = this.#asked.map(({ arch }) => arch);
    if (trained) archs.push(this.space.decode(trained));
    return archs.map((arch) => ({ id: this.#saved.trials++, arch }));
  }

  async tell(done: Scored<A>[]): Promise<StrategyReport> {
    const candidates = done.slice(0, this.#asked.length);
    for (const { arch, score } of candidates) {
      if (score.value > (this.#saved.best?.score ?? 0)) {
        this.#saved.best = { choice: this.space.encode(arch), score: score.value };
      }
    }
    this.#saved.trained = null;
    const told = candidates.map(({ score }, i) => ({ ...this.#asked[i], score }));
    const report = await this.policy.tell(told);
    return { ...report, trained: done.at(this.#asked.length)?.score.value };
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
