/** Choice of steps in `derivativeAtZero`. */
export interface Steps {
  /** The first step; each further one is half of the one before. */
  first: number;
  /** Number of steps at most. */
  most: number;
  /** Relative error that is small enough to stop. */
  within: number;
}

/**
 * Derivative of f at 0 by central differences at ever smaller steps, extrapolated to the step 0 (Ridders, Advances
 * in Engineering Software 4, 1982). Large steps suffer from the higher derivatives of f, small ones from its
 * rounding; the extrapolation that differs least from those it is made of is taken.
 */
export async function derivativeAtZero(
  f: (x: number) => Promise<number>,
  { first, most, within }: Steps,
): Promise<number> {
  let best = NaN, error = Infinity;
  let before: number[] = [];
  for (let i = 0; i < most && !(error <= within * Math.abs(best)); i++) {
    const step = first / 2 ** i;
    const row = [(await f(step) - await f(-step)) / (2 * step)];
    before.forEach((coarser, j) => {
      const finer = row[j];
      const value = finer + (finer - coarser) / (4 ** (j + 1) - 1);
      const off = Math.max(Math.abs(value - finer), Math.abs(value - coarser));
      row.push(value);
      if (off <= error) [best, error] = [value, off];
    });
    before = row;
  }
  return best;
}
