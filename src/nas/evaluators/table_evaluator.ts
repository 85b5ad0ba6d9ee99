/** Evaluation by a table: what others measured, without any training (White et al., NeurIPS 2020, §5). */
import { Rng, Stream } from "../../common/random.ts";
import type { Evaluator, Result, ScoredOn } from "../evaluator.ts";
import type { SearchSpace } from "../space.ts";
import type { State, Trial } from "../strategy.ts";
import type { TableSettings } from "./table.ts";
import {
  fidelitiesOf,
  indexIn,
  type Metric,
  metricOf,
  objectiveOf,
  scoresOf,
  shorterScores,
  type Table,
  type TableTask,
  taskOf,
  toFraction,
} from "../tables/table.ts";

/** What a run says of the table's columns. */
export interface TableRoles {
  task: TableTask;
  /** With a minus where it is minimised. */
  objective: string;
  report: Metric;
}

interface Saved {
  drawn: number;
  seen: [index: number, value: number][];
}

export class TableEvaluator<A> implements Evaluator<A> {
  readonly remembers = true;
  readonly roles: TableRoles;
  /** Of columns that say the same of shorter trainings than the objective's. */
  readonly fidelities: readonly number[];
  readonly #shorter: ReadonlyMap<number, Float64Array>;
  /** One column per training that a query may get; the mean alone unless one is drawn. */
  readonly #scores: Float64Array[];
  readonly #rng: Rng;
  /** What each architecture got last, where trainings are drawn. */
  #seen = new Map<number, number>();

  /** @throws UsageError for columns or data sets that the table has not, naming those that it has. */
  constructor(
    private readonly space: SearchSpace<A>,
    readonly table: Table,
    { dataset, objective: wanted, report, runs }: Omit<TableSettings, "table">,
    seed: number,
  ) {
    const task = taskOf(table, dataset);
    const objective = objectiveOf(table, wanted || task.objective);
    const { metric, minimise } = objective;
    const columns = runs === "one" && metric.runs ? metric.runs : [metric.name];
    this.#scores = columns.map((name) =>
      scoresOf(table, { metric: metricOf(table, name), minimise })
    );
    this.#shorter = shorterScores(table, objective);
    this.fidelities = fidelitiesOf(objective, this.#shorter);
    this.#rng = new Rng(seed, Stream.search, 1);
    this.roles = {
      task,
      objective: `${minimise ? "-" : ""}${metric.name}`,
      report: metricOf(table, report || task.report),
    };
  }

  /** The lowest score of the table: for architectures that may not be asked for. */
  get worst(): number {
    return this.#scores.reduce(
      (least, column) => column.reduce((a, b) => Math.min(a, b), least),
      Infinity,
    );
  }

  /** The value of the report column: no strategy sees it. */
  report(arch: A): number {
    const { report } = this.roles;
    const index = indexIn(this.table, this.space.key(arch));
    return this.table.column(report.name)[index] * toFraction(report);
  }

  /** @throws UsageError naming an architecture that is not in the table. */
  async *evaluate(
    trials: readonly Trial<A>[],
    on: ScoredOn,
  ): AsyncGenerator<Result> {
    for (const { id, arch, epochs = 0 } of trials) {
      const index = indexIn(this.table, this.space.key(arch));
      yield {
        trial: id,
        seconds: 0,
        status: "ok",
        score: { value: this.#score(index, on, epochs) },
      };
    }
  }

  #score(index: number, on: ScoredOn, epochs: number): number {
    const brief = this.#shorter.get(epochs);
    if (brief) return brief[index];
    return this.#scores.length === 1 ? this.#scores[0][index] : this.#drawn(index, on);
  }

  /** One of the trainings at random; at the end the one that the search got. */
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
