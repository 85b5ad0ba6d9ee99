import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { DataError, UsageError } from "../../src/common/errors.ts";
import { runEvent } from "../../src/nas/events.ts";
import { readEvents, readLines } from "../../src/run/files.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { record } from "../../src/run/record.ts";
import { listRuns, readState } from "../../src/run/state.ts";
import { fakeConfig, type FakeOptions, fakeSearch } from "./fake_search.ts";
import { expectReject, expectThrow } from "./expect.ts";

const never = new AbortController().signal;
const defaults: FakeOptions = { steps: 40, every: 8, seed: 7 };

function newRun(runs: string): RunFolder {
  return RunFolder.create({ runs, command: "search", mode: "micro", config: fakeConfig });
}

function temporary(): string {
  return Deno.makeTempDirSync({ prefix: "denas-" });
}

/** Results that must not depend on interruptions. */
function results(path: string) {
  const sha = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
  const trials = readLines<Record<string, unknown>>(join(path, "trials.ndjson"))
    .map(({ time: _, ...trial }) => JSON.stringify(trial)).join("\n");
  return {
    trials: sha(trials),
    weights: sha(Deno.readFileSync(join(path, "weights.safetensors"))),
  };
}

async function runThrough(runs: string): Promise<string> {
  const folder = newRun(runs);
  const outcome = await record(folder, fakeSearch(folder, never, defaults), never);
  folder.close();
  assertEquals(outcome.status, "done");
  return folder.path;
}

/** Ends like a killed process: without messages, saving or closing. */
async function runAndDie(runs: string, atStep: number): Promise<string> {
  const folder = newRun(runs);
  const before = (step: number) => {
    if (step === atStep) throw new Error("killed");
  };
  await expectReject(() =>
    record(folder, fakeSearch(folder, never, { ...defaults, before }), never)
  );
  folder.close();
  return folder.path;
}

async function resume(path: string, options: Partial<FakeOptions> = {}) {
  const folder = RunFolder.open(path);
  try {
    return await record(folder, fakeSearch(folder, never, { ...defaults, ...options }), never);
  } finally {
    folder.close();
  }
}

Deno.test("runs are numbered by day and mode", () => {
  const runs = join(temporary(), "a", "runs");
  const make = (mode: string) => {
    const folder = RunFolder.create({
      runs,
      command: "search",
      mode,
      config: {},
      now: new Date(2026, 0, 5, 23, 59),
    });
    folder.close();
    return folder.name;
  };
  assertEquals(["micro", "micro", "macro"].map(make), [
    "2026-01-05-micro-1",
    "2026-01-05-micro-2",
    "2026-01-05-macro-1",
  ]);
  Deno.removeSync(join(runs, "2026-01-05-micro-1"), { recursive: true });
  assertEquals(make("micro"), "2026-01-05-micro-3", "a number is not given twice");
});

Deno.test("a whole run leaves contiguous events, its trials and a state that says done", async () => {
  const path = await runThrough(temporary());
  const events = readLines<{ seq: number; time: string }>(join(path, "events.ndjson"));
  assertEquals(events.map(({ seq }) => seq), events.map((_, i) => i));
  for (const event of events) {
    runEvent.parse(event);
    assert(!Number.isNaN(Date.parse(event.time)));
  }
  assertEquals(readLines(join(path, "trials.ndjson")).length, 40);
  const state = readState(path);
  assertEquals([state.status, state.step, state.steps], ["done", 40, 40]);
  expectThrow(() => RunFolder.open(path), UsageError, "the run is done");
  const damaged = join(path, "..", "damaged");
  Deno.mkdirSync(damaged);
  Deno.writeTextFileSync(join(damaged, "state.json"), "{");
  const problems: string[] = [];
  const runs = listRuns(join(path, ".."), (problem) => problems.push(problem));
  assertEquals(runs.map((run) => run.path), [path]);
  assertEquals(problems.length, 1);
  assert(problems[0].includes("damaged/state.json"), problems[0]);
});

Deno.test("a run killed at any step ends after resume like one that was never stopped", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  for (const step of [0, 3, 8, 9, 23, 39]) {
    const path = await runAndDie(runs, step);
    assertEquals((await resume(path)).status, "done");
    assertEquals(results(path), expected, `killed before step ${step}`);
    const seqs = readLines<{ seq: number }>(join(path, "events.ndjson")).map(({ seq }) => seq);
    assertEquals(seqs, seqs.map((_, i) => i));
  }
});

Deno.test("torn last lines of events and trials are cut on resume", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  const path = await runAndDie(runs, 21);
  for (const name of ["events.ndjson", "trials.ndjson"]) {
    Deno.writeTextFileSync(join(path, name), '{"type":"trial","tri', { append: true });
  }
  await resume(path);
  assertEquals(results(path), expected);
  for (const event of readLines(join(path, "events.ndjson"))) runEvent.parse(event);
});

Deno.test("readers do not see a line that is being written", async () => {
  const path = await runAndDie(temporary(), 4);
  const events = join(path, "events.ndjson");
  const before = readLines(events).length;
  Deno.writeTextFileSync(events, '{"type":"warn"', { append: true });
  assertEquals(readLines(events).length, before);
});

Deno.test("a kill inside a checkpoint write loses nothing: the one before is still whole", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  const path = await runAndDie(runs, 21);
  const checkpoint = join(path, "checkpoint", "checkpoint.safetensors");
  const bytes = Deno.readFileSync(checkpoint);
  for (const length of [0, 5, bytes.length >> 1, bytes.length - 1]) {
    Deno.writeFileSync(`${checkpoint}.part`, bytes.subarray(0, length));
    RunFolder.open(path).close();
  }
  await resume(path);
  assertEquals(results(path), expected);
  const left = [...Deno.readDirSync(join(path, "checkpoint"))].map(({ name }) => name).sort();
  assertEquals(left, ["checkpoint.safetensors", "previous.safetensors"], "no leftovers");
});

Deno.test("a flipped bit costs what came after the checkpoint before, and no result", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  const path = await runAndDie(runs, 21); // Checkpoints at steps 8 and 16.
  const checkpoint = join(path, "checkpoint", "checkpoint.safetensors");
  const bytes = Deno.readFileSync(checkpoint);
  bytes[bytes.length - 3] ^= 4;
  Deno.writeFileSync(checkpoint, bytes);
  await resume(path);
  const events = readEvents(join(path, "events.ndjson")).events;
  assertEquals(events.find((event) => event.type === "resume")?.fromStep, 8);
  const warning = events.find((event) => event.type === "warn")!.message;
  assert(/passed over.*the file is damaged/.test(warning), warning);
  assertEquals(results(path), expected);
});

Deno.test("a kill between the two renames of a checkpoint leaves the one before", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  const path = await runAndDie(runs, 21);
  const folder = join(path, "checkpoint");
  Deno.renameSync(join(folder, "checkpoint.safetensors"), join(folder, "previous.safetensors"));
  await resume(path);
  assertEquals(results(path), expected);
});

Deno.test("without a whole checkpoint the way out is to delete them: the run begins anew", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  const path = await runAndDie(runs, 21);
  const folder = join(path, "checkpoint");
  for (const { name } of Deno.readDirSync(folder)) Deno.truncateSync(join(folder, name), 99);
  const error = expectThrow(() => RunFolder.open(path), DataError, "checkpoint.safetensors");
  assert(error.message.includes("delete the run's folder checkpoint and resume"), error.message);
  Deno.removeSync(folder, { recursive: true });
  await resume(path);
  assertEquals(results(path), expected);
});

Deno.test("garbage among the events is passed over with a word; numbers stay unique", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  const path = await runAndDie(runs, 21);
  const file = join(path, "events.ndjson");
  const lines = Deno.readTextFileSync(file).split("\n");
  lines.splice(5, 2, "\u0000\u0001 no JSON", "[1, 2]");
  lines.splice(-2, 1, '{"seq": "x"}');
  Deno.writeTextFileSync(file, lines.join("\n"));
  await resume(path);
  const { events, unreadable } = readEvents(file);
  assertEquals(unreadable, [6, 7, lines.length - 1]);
  const seqs = events.map(({ seq }) => seq);
  assertEquals(seqs, [...new Set(seqs)].sort((a, b) => a - b));
  const warning = events.find((event) => event.type === "warn")!.message;
  assert(warning.includes("3 lines of events.ndjson, the first is line 6"), warning);
  assertEquals(results(path), expected);
});

Deno.test("a checkpoint cut off or changed anywhere is recognised and named", async () => {
  const path = await runAndDie(temporary(), 21);
  Deno.removeSync(join(path, "checkpoint", "previous.safetensors"));
  const checkpoint = join(path, "checkpoint", "checkpoint.safetensors");
  const bytes = Deno.readFileSync(checkpoint);
  const refused = (content: Uint8Array) => {
    Deno.writeFileSync(checkpoint, content);
    const error = expectThrow(() => RunFolder.open(path), DataError);
    assert(error.message.includes("checkpoint.safetensors"), error.message);
  };
  for (let length = 0; length < bytes.length; length += 7) refused(bytes.subarray(0, length));
  for (let at = 0; at < bytes.length; at += 11) {
    const changed = bytes.slice();
    changed[at] ^= 1;
    refused(changed);
  }
  Deno.writeFileSync(checkpoint, bytes);
  RunFolder.open(path).close();
});

Deno.test("a checkpoint of another configuration is recognised", async () => {
  const path = await runAndDie(temporary(), 21);
  Deno.writeTextFileSync(join(path, "config.json"), JSON.stringify({ ...fakeConfig, seed: 8 }));
  expectThrow(() => RunFolder.open(path), DataError, "it belongs to configuration");
});

Deno.test("a checkpoint of a retraining belongs to its architecture too", async () => {
  const make = (arch: string) =>
    RunFolder.create({ runs: temporary(), command: "retrain", mode: "retrain", config: 1, arch });
  const [one, other] = [make("[1]"), make("[2]")];
  for (const folder of [one, other]) await folder.save({ json: 1, tensors: {} });
  one.close();
  other.close();
  Deno.copyFileSync(
    join(one.path, "checkpoint", "checkpoint.safetensors"),
    join(other.path, "checkpoint", "checkpoint.safetensors"),
  );
  expectThrow(() => RunFolder.open(other.path), DataError, "it belongs to configuration");
});

Deno.test("missing trial lines are an error, not a shorter list", async () => {
  const path = await runAndDie(temporary(), 13); // One checkpoint.
  Deno.truncateSync(join(path, "trials.ndjson"), 100);
  expectThrow(() => RunFolder.open(path), DataError, "lines are missing");
});

Deno.test("a line put among the trials is refused with its number, and nothing is cut", async () => {
  const path = await runAndDie(temporary(), 13); // One checkpoint.
  const trials = join(path, "trials.ndjson");
  const [first, ...rest] = Deno.readTextFileSync(trials).split("\n");
  for (const [line, why] of [["garbage", "line 2 is not one"], ["{}", "is within line 9"]]) {
    const changed = [first, line, ...rest].join("\n");
    Deno.writeTextFileSync(trials, changed);
    const { message } = expectThrow(() => RunFolder.open(path), DataError, why);
    assert(message.includes(trials) && message.includes("put the file back"), message);
    assertEquals(Deno.readTextFileSync(trials), changed);
  }
  Deno.removeSync(trials);
  expectThrow(() => RunFolder.open(path), DataError, "lines are missing");
  expectThrow(() => Deno.statSync(trials), Deno.errors.NotFound);
  Deno.writeTextFileSync(trials, [first, ...rest].join("\n"));
  await resume(path);
  assertEquals(results(path), results(await runThrough(temporary())));
});

Deno.test("a line put among the trials after the checkpoint before the last costs only those", async () => {
  const path = await runAndDie(temporary(), 21); // Checkpoints after 8 and 16 steps.
  const trials = join(path, "trials.ndjson");
  const lines = Deno.readTextFileSync(trials).split("\n");
  Deno.writeTextFileSync(trials, lines.toSpliced(10, 0, "garbage").join("\n"));
  await resume(path);
  assertEquals(results(path), results(await runThrough(temporary())));
});

Deno.test("a run that is still going cannot be resumed", () => {
  const folder = newRun(temporary());
  const error = expectThrow(() => RunFolder.open(folder.path), UsageError);
  assert(error.message.includes(`process ${Deno.pid} is still at it`), error.message);
  folder.close();
  RunFolder.open(folder.path).close();
});

Deno.test("a run that nobody writes in reads interrupted, whatever its state says", () => {
  const folder = newRun(temporary());
  assertEquals(readState(folder.path).status, "running");
  folder.close();
  assertEquals(readState(folder.path).status, "interrupted");
});

Deno.test("a run whose process is dead but not yet buried reads interrupted", async () => {
  if (Deno.build.os === "windows") return;
  const folder = newRun(temporary());
  folder.close();
  const writer = `
    const file = Deno.openSync(Deno.args[0]);
    file.lockSync(true);
    console.log(Deno.pid);
    setInterval(() => {}, 1000);`;
  // A shell that never asks what became of its child.
  const shell = new Deno.Command("sh", {
    args: ["-c", '"$0" eval "$1" "$2" & exec sleep 60', Deno.execPath(), writer, configOf(folder)],
    stdout: "piped",
  }).spawn();
  const reader = shell.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  assertEquals(readState(folder.path).status, "running");
  Deno.kill(pid, "SIGKILL");
  while (readState(folder.path).status === "running") {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  shell.kill("SIGKILL");
  await shell.status;
  await reader.cancel();
});

Deno.test("a reader that asks about a run does not keep a writer out", () => {
  const folder = newRun(temporary());
  folder.close();
  using reader = Deno.openSync(configOf(folder));
  reader.lockSync(false);
  assertEquals(readState(folder.path).status, "interrupted");
  expectThrow(() => RunFolder.open(folder.path), UsageError, "still at it");
  reader.unlockSync();
  RunFolder.open(folder.path).close();
});

const configOf = (folder: RunFolder) => join(folder.path, "config.json");

Deno.test("an abort ends the run interrupted, with a checkpoint at the step it reached", async () => {
  const runs = temporary();
  const expected = results(await runThrough(runs));
  const stop = new AbortController();
  const folder = newRun(runs);
  const before = (step: number) => {
    if (step === 13) stop.abort();
  };
  const events = fakeSearch(folder, stop.signal, { ...defaults, before });
  assertEquals((await record(folder, events, stop.signal)).status, "interrupted");
  folder.close();
  assertEquals(readState(folder.path).status, "interrupted");
  await resume(folder.path);
  const resumed = readLines<{ type: string; fromStep?: number }>(
    join(folder.path, "events.ndjson"),
  ).find(({ type }) => type === "resume");
  assertEquals(resumed?.fromStep, 14);
  assertEquals(results(folder.path), expected);
});

Deno.test("a failure is in the state with its message", async () => {
  const path = await runAndDie(temporary(), 5);
  const { status, error } = readState(path);
  assertEquals([status, error], ["failed", "killed"]);
});

Deno.test("events that end without done are a failure", async () => {
  const folder = newRun(temporary());
  const nothing = async function* () {};
  await expectReject(() => record(folder, nothing(), never), Error, 'ended without "done"');
  folder.close();
});

Deno.test("a resume on another driver warns", async () => {
  const path = await runAndDie(temporary(), 21);
  await resume(path, { driver: "2.0" });
  const warnings = readLines<{ type: string; message: string }>(join(path, "events.ndjson"))
    .filter(({ type }) => type === "warn").map(({ message }) => message);
  assertEquals(warnings.length, 1);
  assert(warnings[0].includes('driver "1.0", now it is "2.0"'), warnings[0]);
});

Deno.test("names with folders in them are not written", async () => {
  const folder = newRun(temporary());
  for (const name of ["../a", "a/b", "", ".hidden"]) {
    await expectReject(() => folder.put(name, "x"), DataError, "plain file name");
  }
  folder.close();
});

Deno.test("a folder that is no run is named", () => {
  expectThrow(() => RunFolder.open(temporary()), UsageError, "there is no state.json in it");
});
