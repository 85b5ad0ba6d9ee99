/** A run's trials for paging: numbers and keys are in memory, the rest stays in events.ndjson. */

export type On = "reward" | "selection";

export interface TrialEvent {
  trial: number;
  epoch: number;
  on: On;
  score: number;
  key: string;
  /** Undefined where the score is the trial's own. */
  status?: string;
}

export interface TrialQuery {
  sort: "score" | "trial" | "epoch";
  order: "asc" | "desc";
  on?: On;
  minScore?: number;
  /** Text that the key contains. */
  q?: string;
}

export class TrialTable {
  readonly trial: number[] = [];
  readonly epoch: number[] = [];
  readonly on: On[] = [];
  readonly score: number[] = [];
  readonly key: string[] = [];
  /** Whether the score is the trial's own: it neither failed nor was refused. */
  readonly scored: boolean[] = [];
  /** Offset of the trial's line in the file. */
  readonly offset: number[] = [];
  readonly length: number[] = [];
  readonly #rows = new Map<number, number>();
  /** The last requested order, cached because pages of one table follow each other. */
  #sorted: { query: string; rows: number[] } | null = null;

  get size(): number {
    return this.trial.length;
  }

  /** Adds a trial; a repeated one replaces the earlier. */
  set(event: TrialEvent, offset: number, length: number): void {
    const row = this.#rows.get(event.trial) ?? this.size;
    this.#rows.set(event.trial, row);
    this.trial[row] = event.trial;
    this.epoch[row] = event.epoch;
    this.on[row] = event.on;
    this.score[row] = event.score;
    this.key[row] = event.key;
    this.scored[row] = (event.status ?? "ok") === "ok";
    this.offset[row] = offset;
    this.length[row] = length;
    this.#sorted = null;
  }

  row(trial: number): number | undefined {
    return this.#rows.get(trial);
  }

  /** Rows that match a query, in its order; ties by trial. */
  select(query: TrialQuery): readonly number[] {
    const name = JSON.stringify(query);
    if (this.#sorted?.query === name) return this.#sorted.rows;
    const { on, minScore = -Infinity, q = "", sort, order } = query;
    const rows: number[] = [];
    for (let row = 0; row < this.size; row++) {
      if (on !== undefined && this.on[row] !== on) continue;
      if (this.score[row] < minScore || !this.key[row].includes(q)) continue;
      rows.push(row);
    }
    const by = this[sort];
    const sign = order === "asc" ? 1 : -1;
    rows.sort((a, b) => sign * (by[a] - by[b]) || this.trial[a] - this.trial[b]);
    this.#sorted = { query: name, rows };
    return rows;
  }

  /** Rank of a row among those of its kind, 1 = best. */
  rank(row: number): number {
    let better = 0;
    for (let other = 0; other < this.size; other++) {
      if (this.on[other] === this.on[row] && this.score[other] > this.score[row]) better++;
    }
    return better + 1;
  }
}
