import assert from "node:assert/strict";
import { dirname, join } from "@std/path";
import { DataError } from "../../src/common/errors.ts";
import { RunFolder } from "../../src/run/folder.ts";
import {
  keepTuning,
  readRunTuning,
  readTuning,
  runTuningOf,
  runTuningPath,
  type TuningIdentity,
  tuningPath,
  untuned,
} from "../../src/run/tuning.ts";

const id: TuningIdentity = {
  adapter: "llvmpipe (LLVM 15.0.6, 256 bits)",
  driver: "Mesa 25.0.7",
  deno: "2.9.6",
  kernels: "0123456789abcdef",
};
const choice = (index: number) => ({ index, among: "abc" });
const unheard = (problem: string) => assert.fail(problem);

const temporary = () => Deno.makeTempDirSync({ prefix: "denas-" });

Deno.test("what was measured is read again, and added to", () => {
  const cache = temporary();
  assert.equal(readTuning(cache, id), null);
  keepTuning(cache, id, { a: choice(1), b: choice(0) }, unheard);
  const kept = keepTuning(cache, id, { b: choice(2), c: choice(1) }, unheard);
  assert.deepEqual(kept.choices, { a: choice(1), b: choice(2), c: choice(1) });
  assert.deepEqual(readTuning(cache, id), kept);
});

Deno.test("a tuning of another driver, Deno, adapter or other kernels is not used, and not lost", () => {
  const cache = temporary();
  const mine = keepTuning(cache, id, { a: choice(1) }, unheard);
  const others: TuningIdentity[] = [
    { ...id, driver: "Mesa 26.0.0" },
    { ...id, deno: "2.9.7" },
    { ...id, kernels: "fedcba9876543210" },
    { ...id, adapter: "llvmpipe LLVM 15.0.6 256 bits" }, // The same file.
  ];
  for (const [i, other] of others.entries()) {
    assert.equal(readTuning(cache, other), null);
    keepTuning(cache, other, { a: choice(2 + i) }, unheard);
  }
  assert.deepEqual(readTuning(cache, id), mine);
  for (const [i, other] of others.entries()) {
    assert.deepEqual(readTuning(cache, other)?.choices, { a: choice(2 + i) });
  }
});

Deno.test("who cannot ask for the driver gets the newest tuning of the adapter", () => {
  const cache = temporary();
  keepTuning(cache, { ...id, driver: "Mesa 24" }, { a: choice(1) }, unheard);
  keepTuning(cache, id, { a: choice(2) }, unheard);
  assert.deepEqual(readTuning(cache, { ...id, driver: null })?.choices, { a: choice(2) });
  assert.equal(readTuning(cache, { ...id, driver: null, deno: "3.0.0" }), null);
  keepTuning(cache, { ...id, driver: null }, { b: choice(1) }, unheard);
  assert.deepEqual(readTuning(cache, id)?.choices, { a: choice(2) }, "nothing is mixed");
});

Deno.test("a damaged cache is named, and built anew by the next measurement", () => {
  const entry = JSON.stringify({ tunings: [{ ...id, measured: "now", choices: { a: 1 } }] });
  for (const damage of ["", "{", "[]", '{"tunings": 3}', entry]) {
    const cache = temporary();
    const path = tuningPath(cache, id.adapter);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, damage);
    assert.throws(
      () => readTuning(cache, id),
      (e: Error) => e instanceof DataError && e.message.includes(path),
    );
    const problems: string[] = [];
    keepTuning(cache, id, { a: choice(1) }, (problem) => problems.push(problem));
    assert.equal(problems.length, 1);
    assert.ok(problems[0].includes(path), problems[0]);
    assert.deepEqual(readTuning(cache, id)?.choices, { a: choice(1) });
  }
});

const newRun = () =>
  RunFolder.create({ runs: temporary(), command: "search", mode: "micro", config: { a: 1 } });

const warning = { type: "warn", message: "something was done" } as const;

Deno.test("a run keeps the forms that it was settled with, and says what they were measured on", () => {
  const run = newRun();
  const { choices, ...from } = keepTuning(temporary(), id, { a: choice(1) }, unheard);
  const before = run.configHash;
  assert.equal(run.tuning, null);
  run.settle(runTuningOf({ choices, ...from }));
  assert.notEqual(run.configHash, before, "other forms, other bits");
  run.append(warning);
  run.close();
  const again = RunFolder.open(run.path);
  assert.deepEqual(again.tuning, { choices, from });
  assert.equal(again.configHash, run.configHash);
  assert.throws(() => again.settle(untuned), /the run has begun/);
  again.close();
});

Deno.test("a run that has computed something is not given other forms", () => {
  const run = newRun();
  run.append(warning);
  run.close();
  const again = RunFolder.open(run.path);
  assert.equal(again.begun, true);
  assert.throws(() => again.settle(untuned), /the run has begun/);
  again.close();
});

Deno.test("a checkpoint does not go with other forms than it was computed with", async () => {
  const run = newRun();
  run.settle({ choices: { a: choice(1) }, from: null });
  await run.save({ json: {}, tensors: {} });
  run.close();
  const path = runTuningPath(run.path);
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text.replace('"index": 1', '"index": 0'));
  assert.throws(() => RunFolder.open(run.path), DataError);
  Deno.writeTextFileSync(path, "{");
  assert.throws(() => RunFolder.open(run.path), /Cannot use .*tuning\.json/);
  Deno.writeTextFileSync(path, text);
  RunFolder.open(run.path).close();
});

Deno.test("a folder without one has no tuning", () => {
  assert.equal(readRunTuning(join(temporary(), "tuning.json")), null);
});
