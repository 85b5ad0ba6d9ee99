/** The functions of the activation grammar where formulas need care: at ties, near zero, outside domains. */
import assert from "node:assert/strict";
import { run, Tape, type Value } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { binary, matmul, unary } from "../../src/ops/mod.ts";

const gpu = await Gpu.open();

/** Values of f at some points, and the derivatives by each variable. */
async function at(f: (...x: Value[]) => Value, ...points: number[][]): Promise<number[][]> {
  const n = points[0].length, tape = new Tape();
  const upload = (data: number[]) => gpu.upload(Float32Array.from(data), [1, n]);
  const xs = points.map((data) => tape.input([1, n], { tensor: upload(data), wantsGrad: true }));
  const ones = tape.input([n, 1], { tensor: gpu.upload(new Float32Array(n).fill(1)) });
  const y = f(...xs);
  const result = run(gpu, tape, { outputs: [y], loss: matmul(y, ones) });
  const all = await gpu.read([result.of(y), ...xs.map((x) => result.gradient(x))]);
  return all.map((values) => [...values]);
}

function close(got: number[], want: number[], relative = 1e-5) {
  got.forEach((v, i) =>
    assert.ok(Math.abs(v - want[i]) <= relative * Math.abs(want[i]), `${got} for ${want}`)
  );
}

Deno.test("the larger and the smaller of equal values take half of the gradient each", async () => {
  const ends = [[1, 2, -3], [1, -2, -3]];
  const [larger, byFirst, bySecond] = await at((a, b) => binary(a, b, "bmax"), ...ends);
  assert.deepEqual([larger, byFirst, bySecond], [[1, 2, -3], [0.5, 1, 0.5], [0.5, 0, 0.5]]);
  const [smaller, toFirst] = await at((a, b) => binary(a, b, "bmin"), ...ends);
  assert.deepEqual([smaller, toFirst], [[1, -2, -3], [0.5, 0, 0.5]]);
  const [, both] = await at((x) => binary(x, x, "bmax"), [1, -2]);
  assert.deepEqual(both, [1, 1]);
});

Deno.test("sinc and erf keep their digits near zero", async () => {
  const points = [1e-4, -0.01, 0.12];
  const [sinc, slope] = await at((x) => unary(x, "sinc"), [0, ...points]);
  assert.deepEqual([sinc[0], slope[0] + 0], [1, 0]);
  close(sinc.slice(1), points.map((x) => Math.sin(Math.PI * x) / (Math.PI * x)));
  // −π² x / 3 (1 − π² x² / 10 + π⁴ x⁴ / 280 − …).
  const bySeries = (x: number) => {
    const s = (Math.PI * x) ** 2;
    return -(Math.PI ** 2) * x / 3 * (1 - s / 10 + s * s / 280 - s * s * s / 15120);
  };
  close(slope.slice(1), points.map(bySeries));
  const [erf] = await at((x) => unary(x, "erf"), [1e-4, -0.01, 4, -4]);
  close(erf, [1.1283791633e-4, -0.011283415555849618, 0.9999999845827421, -0.9999999845827421]);
});

Deno.test("a root below zero and NaN stay NaN", async () => {
  const [root] = await at((x) => unary(x, "square_root"), [-1, 4]);
  assert.ok(Number.isNaN(root[0]) && root[1] === 2, `${root}`);
  for (const name of ["umax", "umin", "abs", "sigmoid"]) {
    const [[value]] = await at((x) => unary(x, name), [NaN]);
    assert.ok(Number.isNaN(value), name);
  }
  for (const points of [[[NaN], [1]], [[1], [NaN]]]) {
    const [[value]] = await at((a, b) => binary(a, b, "bmax"), ...points);
    assert.ok(Number.isNaN(value), `bmax ${points}`);
  }
});

Deno.test("a function that does not exist, or lacks its coefficient, is named", () => {
  const tape = new Tape(), x = tape.input([2, 3]);
  assert.throws(
    () => unary(x, "cbrt"),
    /Cannot apply unary: got function cbrt, expected one of id,/,
  );
  assert.throws(() => unary(x, "mconst"), /Cannot apply unary mconst: got \[2,3\], .*coefficient/);
  assert.throws(() => binary(x, tape.input([3, 2]), "add"), /Cannot apply binary add: .*one shape/);
});
