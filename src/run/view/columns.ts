/** Columns of numbers over an ascending x, and their down-sampling. */

export class Columns<Name extends string> {
  readonly x: number[] = [];
  readonly of: Record<Name, (number | null)[]>;

  constructor(readonly names: readonly Name[]) {
    this.of = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
      Name,
      (number | null)[]
    >;
  }

  /** Appends a row. A resumed run repeats steps: the new row replaces all rows from x on. */
  push(x: number, row: Partial<Record<Name, unknown>>): void {
    this.cut(x);
    this.x.push(x);
    for (const name of this.names) {
      const value = row[name];
      this.of[name].push(typeof value === "number" && Number.isFinite(value) ? value : null);
    }
  }

  /** Drops all rows from x on. */
  cut(x: number): void {
    let n = this.x.length;
    while (n > 0 && this.x[n - 1] >= x) n--;
    if (n === this.x.length) return;
    this.x.length = n;
    for (const name of this.names) this.of[name].length = n;
  }

  /** At most `points` rows: means of each column over equal stretches of rows, at the last x of each. */
  thinned(points: number): { x: number[] } & Record<Name, (number | null)[]> {
    const groups = stretches(this.x.length, points);
    const columns = Object.fromEntries(
      this.names.map((name) => [
        name,
        groups.map(([from, to]) =>
          to - from === 1 ? this.of[name][from] : mean(
            this.of[name].slice(from, to),
          )
        ),
      ]),
    ) as Record<Name, (number | null)[]>;
    return { x: groups.map(([, to]) => this.x[to - 1]), ...columns };
  }
}

/** Splits n rows into at most `points` equal stretches [from, to). */
export function stretches(n: number, points: number): [number, number][] {
  const pieces = Math.min(n, points);
  return Array.from({ length: pieces }, (_, i) => [
    Math.floor(i * n / pieces),
    Math.floor((i + 1) * n / pieces),
  ]);
}

/** Mean of the values that are not null; null when there are none. */
export function mean(values: readonly (number | null)[]): number | null {
  let [sum, n] = [0, 0];
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    n++;
  }
  return n === 0 ? null : sum / n;
}
