/** Whole runs as jobs: their folders, and going on after a kill or an interruption. */
import assert from "node:assert/strict";
import { basename, join } from "@std/path";
import type { RunEvent } from "../../../src/nas/events.ts";
import { RunFolder } from "../../../src/run/folder.ts";
import { readLines } from "../../../src/run/files.ts";
import { readState } from "../../../src/run/state.ts";
import { runAll } from "../../../src/run/workers/attempts.ts";
import type { Outcome } from "../../../src/run/workers/channel.ts";
import { ProcessChannel } from "../../../src/run/workers/processes.ts";
import { receiveRun, type RunEnd, runEnd, runJobOf } from "../../../src/run/workers/whole_run.ts";
import { CarriedRun, packed, unpack } from "../../../src/run/workers/carried_run.ts";
import { killWorker, reached } from "./hold.ts";
import { configOf, plugin } from "./opening.ts";
import { coordinatorOn, serversHere, startHere, workersOn } from "./servers.ts";
import { HELD } from "./sleeping.ts";

const never = new AbortController().signal;
const runs = Deno.makeTempDirSync({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(runs, { recursive: true }));

/** Makes the folder of a search of 20 trials. @returns its path. */
function made(overrides: Record<string, unknown> = {}): string {
  const config = configOf({ "evaluator.milliseconds": 5, rounds: 20, ...overrides });
  const folder = RunFolder.create({ runs, command: "search", mode: "nasbench201", config });
  folder.update({ status: "queued" });
  folder.close();
  return folder.path;
}

/** Runs the searches as jobs. @param here whether workers write into the folders themselves. */
async function ran(
  paths: readonly string[],
  {
    here = true,
    onAttempt = (_: Outcome) => {},
    meanwhile = (_: ProcessChannel): unknown => null,
  } = {},
): Promise<RunEnd[]> {
  const value = { find: { cacheDir: "/nonexistent" }, runs: here ? runs : undefined };
  const channel = new ProcessChannel({ kind: "run", plugins: [plugin], value }, 1);
  try {
    const acted = meanwhile(channel);
    const payloads = paths.map((path) => runJobOf(runs, basename(path)));
    const ends: RunEnd[] = [];
    const jobs = {
      channel,
      payloads,
      schema: runEnd,
      onAttempt: (_: unknown, o: Outcome) => onAttempt(o),
    };
    for await (const { found } of runAll(jobs, never)) {
      assert.ok("value" in found, JSON.stringify(found));
      ends.push(found.value);
    }
    await acted;
    return ends;
  } finally {
    await channel.close();
  }
}

/** Scores of a run's trials in their order, each of which stands there once. */
function trialsOf(path: string) {
  const lines = readLines<{ trial: number; on: string; score: number; key: string }>(
    join(path, "trials.ndjson"),
  );
  return lines.map(({ trial, on, score, key }) => ({ trial, on, score, key }));
}

/** A search that stops at the trial `HELD` until its process is killed or interrupted. */
function held(): { path: string; hold: string } {
  const hold = Deno.makeTempFileSync({ prefix: "denas-hold-" });
  return { path: made({ "evaluator.hold": hold }), hold };
}

function tryRead(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}

const alone = made();
assert.deepEqual(await ran([alone]), [{ status: "done" }]);

Deno.test("a run whose process is killed goes on in another one and ends the same", async () => {
  const { path, hold } = held();
  const attempts: string[] = [];
  const ends = await ran([path], {
    onAttempt: ({ status }) => attempts.push(status),
    meanwhile: (channel) => reached(hold).then(() => killWorker(channel)),
  });
  assert.deepEqual([ends, attempts], [[{ status: "done" }], ["lost", "done"]]);
  assert.deepEqual(trialsOf(path), trialsOf(alone));
  assert.equal(trialsOf(path).filter(({ on }) => on === "reward").length, 20);
});

Deno.test("a run that its page stops is interrupted with a checkpoint and can be resumed", async () => {
  const { path, hold } = held();
  const [end] = await ran([path], {
    meanwhile: () => reached(hold).then(() => Deno.kill(readState(path).pid, "SIGINT")),
  });
  assert.equal(end.status, "interrupted");
  assert.equal(readState(path).status, "interrupted");
  assert.equal(trialsOf(path).length, HELD);
  assert.deepEqual(await ran([path]), [{ status: "done" }]);
  assert.deepEqual(trialsOf(path), trialsOf(alone));
});

Deno.test("interrupted workers save the runs that they are at and begin no other ones", async () => {
  const { path: first, hold } = held();
  const paths = [first, made()];
  const ends = await ran(paths, {
    meanwhile: (channel) => reached(hold).then(() => channel.interrupt()),
  });
  assert.deepEqual(ends.map(({ status }) => status), ["interrupted", "interrupted"]);
  assert.deepEqual(paths.map((path) => readState(path).status), ["interrupted", "queued"]);
  assert.equal(trialsOf(paths[0]).length, HELD);
  assert.deepEqual(await ran([paths[0]]), [{ status: "done" }]);
  assert.deepEqual(trialsOf(paths[0]), trialsOf(alone));
});

Deno.test("without the folder of runs the files are carried, those of a run that fails too", async () => {
  const path = made();
  const failing = made({ "evaluator.fails": true });
  const ends = await ran([path, failing], { here: false });
  assert.equal(readState(path).status, "queued");
  receiveRun(path, ends[0]);
  assert.equal(readState(path).status, "done");
  assert.deepEqual(trialsOf(path), trialsOf(alone));
  const { status, error } = ends[1];
  assert.equal(status, "failed");
  assert.match(error!.message, /^Cannot find an architecture: all trials failed/);
  receiveRun(failing, ends[1]);
  assert.equal(readState(failing).error, error!.message);
});

for (const { program, version } of await serversHere()) {
  Deno.test(`NATS ${version}: a run goes on where its process was killed, and on another machine where its worker ended`, async () => {
    const server = await startHere(program);
    for (const run of ["killed", "left"]) {
      const hold = Deno.makeTempFileSync({ prefix: "denas-hold-" });
      const path = made({ "evaluator.milliseconds": 5, "evaluator.hold": hold });
      const checkpoints = { folder: "/nonexistent", seconds: 0 };
      const value = { find: { cacheDir: "/nonexistent" }, runs };
      const opening = { kind: "run", plugins: [plugin], value, checkpoints };
      const channel = await coordinatorOn(server, opening, run);
      let serving = await workersOn(server, opening, 1);
      const attempts: string[] = [];
      const onAttempt = (_: unknown, { status }: Outcome) => attempts.push(status);
      const payloads = [runJobOf(runs, basename(path))];
      const jobs = runAll({ channel, payloads, schema: runEnd, onAttempt }, never);
      const found = jobs.next();
      await reached(hold);
      if (run === "killed") await killWorker(channel);
      else {
        await serving.stop();
        serving = await workersOn(server, opening, 1);
      }
      const { value: ended } = await found;
      assert.ok(ended && "value" in ended.found, JSON.stringify(ended));
      const { files: _, ...end } = ended.found.value;
      assert.deepEqual([end, attempts], [{ status: "done", fromStep: 0 }, ["lost", "done"]]);
      receiveRun(path, ended.found.value);
      assert.deepEqual(trialsOf(path), trialsOf(alone));
      for (const file of ["arch.json", "ranking.json"]) {
        const [here, there] = [path, alone].map((path) => tryRead(join(path, file)));
        assert.equal(here, there, file);
      }
      // Each trial is told once, some of them by the worker that vanished; a checkpoint precedes its trial's event.
      const events = readLines<{ type: string; on?: string }>(join(path, "events.ndjson"));
      const at = events.findIndex(({ type }) => type === "resume");
      const rewards = (from: number, to: number) =>
        events.slice(from, to).filter(({ type, on }) => type === "trial" && on === "reward").length;
      assert.deepEqual([rewards(0, at), rewards(at, events.length)], [HELD - 1, 21 - HELD]);
      await serving.stop();
      await channel.close();
    }
    await server.stop();
  });
}

Deno.test("a checkpoint of a run keeps its files, leaves given ones, and is refused with other names or where it is too large", () => {
  const folder = Deno.makeTempDirSync();
  assert.equal(packed(alone, 1000), null);
  const state = packed(alone, Infinity)!;
  const given = { "config.json": "{}", "state.json": "{}" };
  unpack(folder, state, given);
  const bytesOf = (path: string) => (name: string) => Deno.readFileSync(join(path, name));
  const names = [
    "state.json",
    "events.ndjson",
    "trials.ndjson",
    "checkpoint/checkpoint.safetensors",
  ];
  assert.deepEqual(names.map(bytesOf(folder)), names.map(bytesOf(alone)));
  assert.ok(![...Deno.readDirSync(folder)].some(({ name }) => name === "config.json"));
  const tensors = { a: state.tensors["state.json"] };
  for (const name of ["../a", "/a", ".a", "a/../a", "nats/a", "checkpoint/.a"]) {
    const bad = {
      json: { "state.json": 4, [name]: 4 },
      tensors: { ...tensors, [name]: tensors.a },
    };
    assert.throws(() => unpack(join(folder, "none"), bad, given), /expected plain names/, name);
  }
});

Deno.test("a run whose files are too large for a checkpoint warns of it once and goes on", async () => {
  const folder = Deno.makeTempDirSync();
  const cases = [
    { most: 1000, types: ["checkpoint", "warn", "checkpoint"] },
    { most: 2 ** 20, types: ["checkpoint", "checkpoint"] },
  ];
  for (const { most, types } of cases) {
    const job = { id: String(most), saved: () => {} };
    const carried = new CarriedRun(alone, {}, { folder, seconds: 0 }, job, "identity", most);
    const events = await Array.fromAsync(carried.following(saving()));
    assert.deepEqual(events.map(({ type }) => type), types);
  }
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert.deepEqual(files, [`${2 ** 20}.safetensors`]);

  async function* saving(): AsyncGenerator<RunEvent> {
    for (const step of [1, 2]) yield await Promise.resolve({ type: "checkpoint", step });
  }
});

Deno.test("files of other names than a run's are refused", () => {
  const bad = { status: "done", files: { "../state.json": "" } };
  assert.equal(runEnd.safeParse(bad).success, false);
});
