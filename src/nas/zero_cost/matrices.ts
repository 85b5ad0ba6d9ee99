/** Small dense matrices in float64, row-major. */

/**
 * Natural logarithm of the absolute determinant, by elimination with partial pivots. −∞ for a matrix that is
 * singular to the precision of float64.
 */
export function logDeterminant(matrix: Float64Array, n: number): number {
  const a = matrix.slice();
  const largest = a.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const least = n * Number.EPSILON * largest;
  let sum = 0;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(a[i * n + k]) > Math.abs(a[pivot * n + k])) pivot = i;
    }
    const value = a[pivot * n + k];
    if (!(Math.abs(value) > least)) return -Infinity;
    sum += Math.log(Math.abs(value));
    for (let j = k; pivot !== k && j < n; j++) {
      [a[k * n + j], a[pivot * n + j]] = [a[pivot * n + j], a[k * n + j]];
    }
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] / value;
      for (let j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return sum;
}

/** Correlation matrix `[n, n]` of n rows. A row that never changes has no correlation: NaN. */
export function correlations(rows: readonly ArrayLike<number>[]): Float64Array {
  const n = rows.length;
  const centred = rows.map((row) => {
    const values = Float64Array.from(row);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const from = values.map((v) => v - mean);
    const norm = Math.sqrt(from.reduce((sum, v) => sum + v * v, 0));
    return from.map((v) => v / norm);
  });
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < centred[i].length; k++) sum += centred[i][k] * centred[j][k];
      // Rounding must not take a correlation out of its range.
      const value = Math.min(1, Math.max(-1, sum));
      result[i * n + j] = result[j * n + i] = value;
    }
  }
  return result;
}

/** Eigenvalues of a symmetric matrix of finite numbers. */
export async function eigenvalues(matrix: Float64Array, n: number): Promise<number[]> {
  // Loaded on demand: it is large, and one score needs it.
  const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
  const rows = Array.from({ length: n }, (_, i) => [...matrix.subarray(i * n, (i + 1) * n)]);
  return new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues;
}
