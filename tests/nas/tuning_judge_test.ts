import assert from "node:assert/strict";
import { fastest, Hopes } from "../../src/nas/tuning/judge.ts";

const samples = (...rows: number[][]) => new Map(rows.map((row, i) => [i, row]));

Deno.test("another form wins by its best sample and nearly all others, or not at all", () => {
  assert.equal(fastest(samples([10, 11, 10, 12], [8, 9, 8, 9])), 1);
  assert.equal(fastest(samples([10, 11, 10, 12], [9.6, 9.7, 9.8, 9.9])), 0, "by too little");
  assert.equal(fastest(samples([10, 11, 10, 12], [8, 13, 14, 13])), 0, "by one lucky sample");
  assert.equal(
    fastest(samples([10, 11, 10, 12], [8, 9, 8, 30])),
    1,
    "one disturbed sample is no defeat",
  );
  assert.equal(fastest(samples([10, 11, 10, 12], [12, 9], [5, 6, 5, 6])), 2);
  assert.equal(fastest(samples([10, 11], [20, 20])), 0);
  assert.equal(fastest(samples([10], [8])), 1, "a slow form has one sample");
});

Deno.test("a form that falls behind at two keys of a kernel in a row is not tried at its others", () => {
  const hopes = new Hopes();
  const forms = ["a", "b", "c"];
  const hopeless = (key: string, ...which: number[]) => hopes.note(key, forms, which);
  hopeless("conv2d k3", 2);
  assert.deepEqual(hopes.worth("conv2d k5", forms), [0, 1, 2]);
  hopeless("conv2d k5");
  hopeless("conv2d k1", 2);
  assert.deepEqual(hopes.worth("conv2d k7", forms), [0, 1, 2], "not in a row");
  hopeless("conv2d k7", 2);
  assert.deepEqual(hopes.worth("conv2d k9", forms), [0, 1]);
  assert.deepEqual(hopes.worth("conv2d_dw k9", forms), [0, 1, 2], "another kernel");
  assert.deepEqual(hopes.worth("conv2d k9", ["c", "a"]), [0, 1], "the default is always measured");
});
