/** Evaluation by a table of published results, without any training (White et al., NeurIPS 2020, §5). */
import { Rng, Stream } from "../../common/random.ts";
import type { Evaluator, Result, ScoredOn } from "../evaluator.ts";
import type { SearchSpace } from "../space.ts";
import type { State, Trial } from "../strategy.ts";
import type { TableColumns } from "../tables/columns.ts";
import { indexIn, toFraction } from "../tables/table.ts";

interface Saved {
  drawn: number;
  seen: [index: number, value: number][];
}

export class TableEvaluator<A> implements Evaluator<A> {
  readonly remembers = true;
  /** One column per training that a query may get; only the mean unless trainings are sampled. */
  readonly #scores: Float64Array[];
  readonly #rng: Rng;
  /** Last score of each architecture, where trainings are sampled. */
  #seen = new Map<number, number>();

  constructor(
    private readonly space: SearchSpace<A>,
    readonly columns: TableColumns,
    runs: "mean" | "one",
    seed: number,
  ) {
    this.#scores = runs === "one" ? columns.runs : [columns.mean];
    this.#rng = new Rng(seed, Stream.search, 1);
  }

  /** Trainings are sampled in the order of the queries. */
  get ordered(): boolean {
    return this.#scores.length > 1;
  }

  get fidelities(): readonly number[] {
    return this.columns.fidelities;
  }

  /** The lowest score of the table, given to infeasible architectures. */
  get worst(): number {
    return this.#scores.reduce(
      (least, column) => column.reduce((a, b) => Math.min(a, b), least),
      Infinity,
    );
  }

  /** Value of the report column, which no strategy sees. */
  report(arch: A): number {
    const { table, report, reports } = this.columns;
    return reports[indexIn(table, this.space.key(arch))] * toFraction(report);
  }

  /**
   * Looks the trials up.
   * @throws UsageError naming an architecture that is not in the table.
   */
  async *evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
  ): AsyncGenerator<Result> {
    for (const { id, arch, epochs = 0 } of trials) {
      const index = indexIn(this.columns.table, this.space.key(arch));
      yield {
        trial: id,
        seconds: 0,
        status: "ok",
        score: { value: this.#score(index, on, epochs) },
      };
    }
  }

  #score(index: number, on: ScoredOn, epochs: number): number {
    const brief = this.columns.shorter.get(epochs);
    if (brief) return brief[index];
    return this.#scores.length === 1 ? this.#scores[0][index] : this.#drawn(index, on);
  }

  /** Score of one training at random; in the final selection, the one that the search got. */
  #drawn(index: number, on: ScoredOn): number {
    let value = on === "selection" ? this.#seen.get(index) : undefined;
    if (value === undefined) this.#seen.set(index, value = this.#rng.pick(this.#scores)[index]);
    return value;
  }

  snapshot(): Promise<State> {
    const json: Saved = { drawn: this.#rng.index, seen: [...this.#seen] };
    return Promise.resolve({ json, tensors: {} });
  }

  restore({ json }: State): Promise<void> {
    const { drawn, seen } = json as Saved;
    this.#rng.index = drawn;
    this.#seen = new Map(seen);
    return Promise.resolve();
  }
}
