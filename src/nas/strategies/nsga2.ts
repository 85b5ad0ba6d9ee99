/**
 * NSGA-II (Deb et al., IEEE TEC 6(2), 2002): evolution towards the whole Pareto front of several objectives.
 */
import { UsageError } from "../../common/errors.ts";
import { Rng, Stream } from "../../common/random.ts";
import { crowding, fronts } from "../search/pareto.ts";
import type { Scored, Strategy } from "../strategy.ts";
import { asTrial, type Child, meanReward, parentsOf } from "./asking.ts";
import type { VariationOperators } from "./variation.ts";

export interface Nsga2Config {
  population: number;
  /** Share of children with two parents, where the space has a crossover. */
  crossover: number;
}

interface Member<A> {
  arch: A;
  trial?: number;
  objectives: readonly number[];
}

interface Saved {
  drawn: number;
  trials: number;
  parents: { choice: number[]; objectives: number[]; trial?: number }[];
  children: Saved["parents"];
}

/**
 * Opens NSGA-II.
 * @param further names of the objectives beside the score.
 * @throws UsageError where there are none, or space or encoding have no mutation.
 */
export function nsga2Strategy<A>(
  variation: VariationOperators<A>,
  seed: number,
  config: Nsga2Config,
  further: readonly string[],
): Strategy<A> {
  variation.require("nsga2", "perturb");
  if (further.length === 0) {
    throw new UsageError(
      "Cannot use strategy nsga2: there is one objective, expected more; add --objectives=-parameters",
    );
  }
  return new Nsga2(variation, new Rng(seed, Stream.search), config);
}

class Nsga2<A> implements Strategy<A> {
  #trials = 0;
  /** Population, best first: by front, then by crowding distance. */
  #parents: Member<A>[] = [];
  #children: Member<A>[] = [];

  constructor(
    private readonly variation: VariationOperators<A>,
    private readonly rng: Rng,
    private readonly config: Nsga2Config,
  ) {}

  draw(n: number): Promise<A[]> {
    return Promise.resolve(Array.from({ length: n }, () => this.#child().arch));
  }

  ask(n: number) {
    const children = Array.from({ length: n }, () => this.#child());
    return Promise.resolve(children.map((child) => asTrial(this.#trials++, child)));
  }

  tell(done: Scored<A>[]) {
    for (const { id, arch, score } of done) {
      if (!score.objectives) throw new Error("a score came without its objectives");
      this.#children.push({ arch, objectives: score.objectives, trial: id });
    }
    if (this.#children.length >= this.config.population) this.#survive();
    return Promise.resolve({ reward: meanReward(done) });
  }

  #child(): Child<A> {
    if (!this.#parents.length) return { arch: this.variation.sample(this.rng) };
    const first = this.#winner();
    const { crossover } = this.variation.space;
    if (!crossover || this.rng.next() >= this.config.crossover) {
      return { arch: this.variation.perturb(first.arch, this.rng), parents: parentsOf(first) };
    }
    const second = this.#winner();
    const [both] = crossover.call(this.variation.space, first.arch, second.arch, this.rng);
    const arch = this.variation.perturb(both ?? first.arch, this.rng);
    return { arch, parents: both ? parentsOf(first, second) : parentsOf(first) };
  }

  /** Winner of a binary tournament. Parents are sorted best first, so that the lower index wins. */
  #winner(): Member<A> {
    const places = [0, 1].map(() => this.rng.below(this.#parents.length));
    return this.#parents[Math.min(...places)];
  }

  /** Keeps the best of parents and children: whole fronts, and the least crowded of the last one. */
  #survive(): void {
    const all = new Map<string, Member<A>>();
    for (const one of [...this.#parents, ...this.#children]) {
      const key = this.variation.space.key(one.arch);
      if (!all.has(key)) all.set(key, one);
    }
    const pool = [...all.values()];
    this.#children = [];
    this.#parents = fronts(pool.map((m) => m.objectives)).flatMap((front) => {
      const members = front.map((i) => pool[i]);
      const apart = crowding(members.map((m) => m.objectives));
      return members.map((_, i) => i).sort((a, b) => apart[b] - apart[a] || a - b)
        .map((i) => members[i]);
    }).slice(0, this.config.population);
  }

  snapshot() {
    const save = (members: readonly Member<A>[]) =>
      members.map(({ arch, objectives, trial }) => ({
        choice: this.variation.space.encode(arch),
        objectives: [...objectives],
        trial,
      }));
    const json: Saved = {
      drawn: this.rng.index,
      trials: this.#trials,
      parents: save(this.#parents),
      children: save(this.#children),
    };
    return Promise.resolve({ json, tensors: {} });
  }

  restore({ json }: { json: unknown }): Promise<void> {
    const saved = json as Saved;
    const load = (members: Saved["parents"]) =>
      members.map(({ choice, ...rest }) => ({
        arch: this.variation.space.decode(choice),
        ...rest,
      }));
    this.rng.index = saved.drawn;
    this.#trials = saved.trials;
    this.#parents = load(saved.parents);
    this.#children = load(saved.children);
    return Promise.resolve();
  }
}
