import assert from "node:assert/strict";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { cholesky, solveLower, solveUpper } from "../../../src/nas/predictors/cholesky.ts";
import { Rng, Stream } from "../../../src/common/random.ts";

Deno.test("factor and solutions are those of ml-matrix", () => {
  const rng = new Rng(1, Stream.search);
  for (const n of [1, 2, 17, 60]) {
    const normals = Array.from({ length: n * (n + 3) }, () => rng.normal());
    const half = Matrix.from1DArray(n, n + 3, normals);
    const a = half.mmul(half.transpose());
    const lower = cholesky(Float64Array.from(a.to1DArray()), n, 0.5)!;
    const reference = new CholeskyDecomposition(Matrix.add(a, Matrix.eye(n, n, 0.5)));
    const y = Float64Array.from({ length: n }, () => rng.normal());
    const x = y.slice();
    solveLower(lower, n, x);
    solveUpper(lower, n, x);
    const close = (got: ArrayLike<number>, expected: number[]) =>
      expected.forEach((v, i) => assert.ok(Math.abs(v - got[i]) < 1e-9, `${got[i]}, ${v}`));
    close(lower, reference.lowerTriangularMatrix.to1DArray());
    close(x, reference.solve(Matrix.columnVector(y)).to1DArray());
  }
});

Deno.test("a matrix that is not positive definite has no factor", () => {
  assert.equal(cholesky(Float64Array.of(1, 2, 2, 1), 2), null);
  assert.equal(cholesky(Float64Array.of(0), 1), null);
});
