/**
 * A custom strategy: the tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) over the decisions
 * of any space. Told architectures are split into the best quarter and the rest. Each decision is sampled as
 * often as it occurs among the best; of many samples the one most typical of the best is asked for.
 *
 *     ./denas search --mode nasbench201 --table nb201.csv --plugin examples/tpe.ts --strategy tpe
 */
import {
  allowed,
  asOption,
  decisionsOf,
  defineStrategy,
  Rng,
  type Scored,
  type SearchSpace,
  type Strategy,
  Stream,
  uniformArchitecture,
  walk,
  z,
} from "denas";

const settings = z.strictObject({
  /** Random samples before the first estimate. */
  initial: z.number().int().min(2).max(10_000).default(20),
  gamma: z.number().gt(0).lt(1).default(0.25).meta(
    asOption("tpe: share of the told architectures that counts as good"),
  ),
  /** Samples of which the best one is asked for. */
  candidates: z.number().int().min(1).max(10_000).default(24),
});

/** Times each option was chosen, by the decision's id, plus one, so that no option is impossible. */
class Counts {
  readonly #counts = new Map<string, number[]>();

  add<A>(space: SearchSpace<A>, choice: readonly number[]): void {
    decisionsOf(space, choice).forEach(({ id, options }, i) => {
      const counts = this.#counts.get(id) ?? new Array<number>(options).fill(1);
      counts[choice[i]]++;
      this.#counts.set(id, counts);
    });
  }

  /** Probability of an option among those that are allowed. */
  share(id: string, option: number, open: readonly number[]): number {
    const counts = this.#counts.get(id);
    if (!counts) return 1 / open.length;
    return counts[option] / open.reduce((sum, o) => sum + counts[o], 0);
  }
}

interface Told {
  choice: number[];
  score: number;
}

class Tpe<A> implements Strategy<A> {
  #trials = 0;
  #told: Told[] = [];
  readonly #rng: Rng;

  constructor(
    private readonly space: SearchSpace<A>,
    seed: number,
    private readonly config: z.output<typeof settings>,
  ) {
    this.#rng = new Rng(seed, Stream.search);
  }

  draw(n: number): Promise<A[]> {
    const one = this.#told.length < this.config.initial
      ? () => uniformArchitecture(this.space, this.#rng)
      : this.#sampler();
    return Promise.resolve(Array.from({ length: n }, one));
  }

  async ask(n: number) {
    return (await this.draw(n)).map((arch) => ({ id: this.#trials++, arch }));
  }

  tell(done: Scored<A>[]) {
    for (const { arch, score } of done) {
      this.#told.push({ choice: this.space.encode(arch), score: score.value });
    }
    const reward = done.reduce((sum, { score }) => sum + score.value, 0) / done.length;
    return Promise.resolve({ reward });
  }

  /** Samples architectures that have much in common with the best, and little with the others. */
  #sampler(): () => A {
    const ranked = [...this.#told].sort((a, b) => b.score - a.score);
    const split = Math.max(1, Math.round(this.config.gamma * ranked.length));
    const [good, bad] = [new Counts(), new Counts()];
    ranked.forEach(({ choice }, i) => (i < split ? good : bad).add(this.space, choice));
    const draw = () => {
      let ratio = 0;
      const choice = walk(this.space, (decision) => {
        const open = allowed(decision);
        let left = this.#rng.next();
        const option = open.find((o) => (left -= good.share(decision.id, o, open)) < 0) ??
          open[open.length - 1];
        ratio += Math.log(good.share(decision.id, option, open));
        ratio -= Math.log(bad.share(decision.id, option, open));
        return option;
      });
      return { choice, ratio };
    };
    return () => {
      let best = draw();
      for (let i = 1; i < this.config.candidates; i++) {
        const other = draw();
        if (other.ratio > best.ratio) best = other;
      }
      return this.space.decode(best.choice);
    };
  }

  snapshot() {
    const json = { drawn: this.#rng.index, trials: this.#trials, told: this.#told };
    return Promise.resolve({ json: structuredClone(json), tensors: {} });
  }

  restore({ json }: { json: unknown }) {
    const saved = json as { drawn: number; trials: number; told: Told[] };
    this.#rng.index = saved.drawn;
    this.#trials = saved.trials;
    this.#told = structuredClone(saved.told);
    return Promise.resolve();
  }
}

export default defineStrategy({
  name: "tpe",
  summary: "tree-structured Parzen estimator over the decisions of any space",
  settings,
  open: (given, { config, space }) => new Tpe(space, config.seed, given),
});
