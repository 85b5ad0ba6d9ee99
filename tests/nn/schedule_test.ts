import assert from "node:assert/strict";
import { cosine, cosineRestarts, staircase, stepwise } from "../../src/nn/schedule.ts";

const restarts = { lrMax: 0.05, lrMin: 0.001, t0: 10, tMul: 2 };

Deno.test("cosine with warm restarts gives the rates of published logs", () => {
  assert.equal(cosineRestarts(14, { ...restarts, lrMin: 0.0005 }).toFixed(4), "0.0453");
  assert.equal(cosineRestarts(306, restarts).toFixed(4), "0.0011");
  assert.equal(cosineRestarts(307, restarts).toFixed(4), "0.0010");
});

Deno.test("cycles restart at epochs 10, 30, 70, 150, 310 and 630", () => {
  const starts = Array.from({ length: 640 }, (_, e) => e)
    .filter((e) => cosineRestarts(e, restarts) === restarts.lrMax);
  assert.deepEqual(starts, [0, 10, 30, 70, 150, 310, 630]);
});

Deno.test("runs of 150, 310 and 630 epochs end at the end of a cycle", () => {
  for (const epochs of [150, 310, 630]) {
    assert.ok(cosineRestarts(epochs - 1, restarts) < 0.00102);
    for (let e = 1; e < 20; e++) {
      assert.ok(cosineRestarts(epochs - e, restarts) < cosineRestarts(epochs - e - 1, restarts));
    }
  }
});

Deno.test("a cycle factor of 1 repeats cycles of one length", () => {
  const options = { ...restarts, t0: 5, tMul: 1 };
  for (let e = 0; e < 20; e++) {
    assert.equal(cosineRestarts(e, options), cosineRestarts(e % 5, options));
  }
});

Deno.test("a single cosine goes from the largest rate to the smallest", () => {
  const bounds = { lrMax: 0.1, lrMin: 0.01 };
  assert.equal(cosine(0, bounds), 0.1);
  assert.ok(Math.abs(cosine(0.5, bounds) - 0.055) < 1e-12);
  assert.ok(Math.abs(cosine(1, bounds) - 0.01) < 1e-12);
});

Deno.test("steps: the rate has the factor of the last step that lies behind", () => {
  const steps = [{ after: 50, factor: 0.1 }, { after: 58, factor: 0.01 }];
  const rates = [0, 50, 51, 58, 59, 500].map((e) => stepwise(e, { lrMax: 1, steps }));
  assert.deepEqual(rates, [1, 1, 0.1, 0.1, 0.01, 0.01]);
});

Deno.test("a staircase multiplies the rate after every 100 epochs", () => {
  const options = { lrMax: 0.1, decay: 0.1, every: 100 };
  const rates = [0, 99, 100, 250].map((e) => staircase(e, options).toFixed(6));
  assert.deepEqual(rates, ["0.100000", "0.100000", "0.010000", "0.001000"]);
});
