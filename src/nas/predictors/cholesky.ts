/**
 * Cholesky factorisation of small dense matrices. A Gaussian process factorises twenty per fit; ml-matrix
 * would spend most of that time on symmetry checks and copies.
 */

/**
 * The lower triangular L with L Lᵀ = A, row-major `[n, n]`; null when A is not positive definite.
 * @param a `[n, n]`; only the lower half is read.
 * @param shift added to the diagonal.
 */
export function cholesky(a: Float64Array, n: number, shift = 0): Float64Array | null {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      const other = j * n;
      let sum = a[row + j];
      for (let k = 0; k < j; k++) sum -= lower[row + k] * lower[other + k];
      lower[row + j] = sum / lower[other + j];
    }
    let square = a[row + i] + shift;
    for (let k = 0; k < i; k++) square -= lower[row + k] * lower[row + k];
    if (!(square > 0)) return null;
    lower[row + i] = Math.sqrt(square);
  }
  return lower;
}

/** Overwrites x, from index `at` on, with L⁻¹x. */
export function solveLower(lower: Float64Array, n: number, x: Float64Array, at = 0): void {
  for (let i = 0; i < n; i++) {
    let sum = x[at + i];
    const row = i * n;
    for (let k = 0; k < i; k++) sum -= lower[row + k] * x[at + k];
    x[at + i] = sum / lower[row + i];
  }
}

/** Overwrites x with L⁻ᵀx. */
export function solveUpper(lower: Float64Array, n: number, x: Float64Array): void {
  for (let i = n - 1; i >= 0; i--) {
    x[i] /= lower[i * n + i];
    for (let k = 0; k < i; k++) x[k] -= lower[i * n + k] * x[i];
  }
}
