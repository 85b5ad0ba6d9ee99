/** Whole runs as jobs: their folders, and going on after a kill or an interruption. */
import assert from "node:assert/strict";
import { basename, join } from "@std/path";
import { RunFolder } from "../../../src/run/folder.ts";
import { readLines } from "../../../src/run/files.ts";
import { readState } from "../../../src/run/state.ts";
import { runAll } from "../../../src/run/workers/attempts.ts";
import type { Outcome } from "../../../src/run/workers/channel.ts";
import { ProcessChannel } from "../../../src/run/workers/processes.ts";
import { receiveRun, type RunEnd, runEnd, runJobOf } from "../../../src/run/workers/whole_run.ts";
import { configOf, plugin } from "./opening.ts";

const never = new AbortController().signal;
const runs = Deno.makeTempDirSync({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(runs, { recursive: true }));

/** Makes the folder of a search that sleeps. @returns its path. */
function made(overrides: Record<string, unknown> = {}): string {
  const config = configOf({ "evaluator.milliseconds": 60, rounds: 20, ...overrides });
  const folder = RunFolder.create({ runs, command: "search", mode: "nasbench201", config });
  folder.update({ status: "queued" });
  folder.close();
  return folder.path;
}

/** Runs the searches as jobs. @param here whether workers write into the folders themselves. */
async function ran(
  paths: readonly string[],
  { here = true, onAttempt = (_: Outcome) => {}, meanwhile = (_: ProcessChannel) => {} } = {},
): Promise<RunEnd[]> {
  const value = { find: { cacheDir: "/nonexistent" }, runs: here ? runs : undefined };
  const channel = new ProcessChannel({ kind: "run", plugins: [plugin], value }, 1);
  try {
    meanwhile(channel);
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

/** Calls back once a run has told some trials. */
function afterTrials(path: string, n: number, then: () => void): void {
  const timer = setInterval(() => {
    const text = tryRead(join(path, "trials.ndjson"));
    if (text.split("\n").length <= n) return;
    clearInterval(timer);
    then();
  }, 5);
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
  const path = made();
  const attempts: string[] = [];
  const ends = await ran([path], {
    onAttempt: ({ status }) => attempts.push(status),
    meanwhile: (channel) =>
      afterTrials(path, 5, () => Deno.kill(channel.workers()[0].pid!, "SIGKILL")),
  });
  assert.deepEqual([ends, attempts], [[{ status: "done" }], ["lost", "done"]]);
  assert.deepEqual(trialsOf(path), trialsOf(alone));
  assert.equal(trialsOf(path).filter(({ on }) => on === "reward").length, 20);
});

Deno.test("a run that its page stops is interrupted with a checkpoint and can be resumed", async () => {
  const path = made();
  const [end] = await ran([path], {
    meanwhile: () => afterTrials(path, 5, () => Deno.kill(readState(path).pid, "SIGINT")),
  });
  assert.equal(end.status, "interrupted");
  assert.equal(readState(path).status, "interrupted");
  const told = trialsOf(path).length;
  assert.ok(told < trialsOf(alone).length);
  assert.deepEqual(await ran([path]), [{ status: "done" }]);
  assert.deepEqual(trialsOf(path), trialsOf(alone));
});

Deno.test("interrupted workers save the runs that they are at and begin no other ones", async () => {
  const paths = [made(), made()];
  const ends = await ran(paths, {
    meanwhile: (channel) => afterTrials(paths[0], 5, () => channel.interrupt()),
  });
  assert.deepEqual(ends.map(({ status }) => status), ["interrupted", "interrupted"]);
  assert.deepEqual(paths.map((path) => readState(path).status), ["interrupted", "queued"]);
  const told = trialsOf(paths[0]).length;
  assert.ok(told >= 5 && told < trialsOf(alone).length);
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

Deno.test("files of other names than a run's are refused", () => {
  const bad = { status: "done", files: { "../state.json": "" } };
  assert.equal(runEnd.safeParse(bad).success, false);
});
