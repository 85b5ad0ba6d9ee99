import assert from "node:assert/strict";
import { join } from "@std/path";
import { parseStudy, type StudyInput } from "../../../src/nas/study/definition.ts";
import { type StudyRecords, trialKey } from "../../../src/nas/study/records.ts";
import { plotStudy } from "../../../src/run/drawing/study_plot.ts";
import { reportStudy } from "../../../src/run/drawing/study_report.ts";
import { readLines } from "../../../src/run/files.ts";
import { runStudy, type StudyOptions } from "../../../src/run/study/run.ts";
import type { Opening } from "../../../src/run/workers/channel.ts";
import { ProcessChannel } from "../../../src/run/workers/processes.ts";
import { onServer, serversHere } from "../workers/servers.ts";
import { writeMadeTable } from "../../nas/study/made_table.ts";

const root = Deno.makeTempDirSync();
const made = writeMadeTable(root);
const algorithms = [
  { name: "random", strategy: "random" },
  { name: "evolution", strategy: "evolution" },
];
const studyOf = (changes: Partial<StudyInput> = {}) =>
  parseStudy({
    name: "test",
    algorithms,
    tables: [{ file: made }],
    trials: 4,
    queries: 30,
    ...changes,
  }, "test");

const run = (folder: string, study = studyOf(), options: Partial<StudyOptions> = {}) =>
  runStudy(study, {
    folder,
    threads: 2,
    cacheDir: root,
    signal: new AbortController().signal,
    ...options,
  });

/** Trials without their times, in order. */
const trialsOf = ({ trials }: StudyRecords) =>
  trials.map(({ seconds: _, ...trial }) => trial)
    .sort((a, b) => trialKey(a) < trialKey(b) ? -1 : 1);

const trialLines = (file: string) =>
  readLines<{ type: string }>(file).filter(({ type }) => type === "trial").length;

const whole = await run(Deno.makeTempDirSync());

Deno.test("every trial has a seed of its own, the same for all algorithms", () => {
  const seeds = Map.groupBy(whole.trials, ({ algorithm }) => algorithm);
  for (const own of seeds.values()) {
    assert.deepEqual(own.map(({ trial, seed }) => seed - trial), [1, 1, 1, 1]);
    assert.equal(new Set(own.map(({ best }) => best)).size > 1, true);
  }
});

Deno.test("a study that is started again does what is missing, and more trials where more are wanted", async () => {
  const folder = Deno.makeTempDirSync();
  await run(folder, studyOf({ trials: 2 }));
  const file = join(folder, "study.ndjson");
  assert.equal(trialLines(file), 4);
  const told: number[] = [];
  const more = await run(folder, studyOf(), { onTrial: ({ done }) => told.push(done) });
  assert.deepEqual(told, [4, 5, 6, 7, 8]);
  assert.deepEqual(trialsOf(more), trialsOf(whole));
  const before = Deno.readTextFileSync(file);
  assert.deepEqual(trialsOf(await run(folder)), trialsOf(whole));
  assert.equal(Deno.readTextFileSync(file), before);
});

Deno.test("one worker or three, the trials are the same", async () => {
  for (const threads of [1, 3]) {
    const records = await run(Deno.makeTempDirSync(), studyOf(), { threads });
    assert.deepEqual(trialsOf(records), trialsOf(whole));
  }
});

Deno.test("a study that is stopped on processes goes on over a server, with the trials of threads", async () => {
  const folder = Deno.makeTempDirSync();
  const processes = (opening: Opening) => {
    const channel = new ProcessChannel(opening, 2);
    return Promise.resolve({ channel, close: () => channel.close() });
  };
  const stop = new AbortController();
  const onTrial = ({ done }: { done: number }) => done === 3 && stop.abort(new Error("enough"));
  const stopped = run(folder, studyOf(), { open: processes, signal: stop.signal, onTrial });
  await assert.rejects(stopped, /enough/);
  assert.ok(trialLines(join(folder, "study.ndjson")) >= 3);
  const [server] = await serversHere();
  const open = async (opening: Opening) => {
    if (!server) return processes(opening);
    const { channel } = await onServer(server.program, opening, 2);
    return { channel, close: () => channel.close() };
  };
  assert.deepEqual(trialsOf(await run(folder, studyOf(), { open })), trialsOf(whole));
});

Deno.test("a torn last line is cut, also where it is the first", async () => {
  const folder = Deno.makeTempDirSync();
  await run(folder);
  const file = join(folder, "study.ndjson");
  const text = Deno.readTextFileSync(file);
  for (const keep of [20, text.length - 30, text.length - 1]) {
    Deno.writeTextFileSync(file, text.slice(0, keep));
    assert.deepEqual(trialsOf(await run(folder)), trialsOf(whole));
    assert.equal(trialLines(file), 8);
  }
});

Deno.test("another study, another table or another process in the same folder is refused", async () => {
  const folder = Deno.makeTempDirSync();
  await run(folder);
  const refused = (study: ReturnType<typeof studyOf>, message: RegExp) =>
    assert.rejects(run(folder, study), message);
  await refused(studyOf({ queries: 40 }), /Cannot go on with .*: queries was 30 and is 40; name/);
  await refused(
    studyOf({ algorithms: [...algorithms, { name: "c", strategy: "random" }] }),
    /algorithms.c was not there/,
  );
  const other = writeMadeTable(Deno.makeTempDirSync());
  await Deno.writeTextFile(other, (await Deno.readTextFile(other)).replace(/\d\n$/, "\n"));
  await refused(studyOf({ tables: [{ file: other }] }), /tasks.0.sha256 was/);
  await refused(studyOf({ tables: [{ file: "missing.csv" }] }), /Cannot read table missing.csv/);
  using file = Deno.openSync(join(folder, "study.ndjson"), { read: true, write: true });
  file.lockSync(true);
  await refused(studyOf(), /another process is at it/);
});

Deno.test("a trial that fails is kept with its reason and the study goes on; an interruption ends it", async () => {
  const few = join(root, "few.csv");
  Deno.writeTextFileSync(
    few,
    Deno.readTextFileSync(made).split("\n").slice(0, 14_000).join("\n") + "\n",
  );
  const holes = Deno.makeTempDirSync();
  const study = studyOf({ tables: [{ file: few }], queries: 5, trials: 12 });
  const { trials, failed } = await run(holes, study);
  assert.equal(trials.length + failed.length, 24);
  assert.ok(trials.length > 0 && failed.length > 0, `${trials.length} and ${failed.length}`);
  for (const { reason } of failed) assert.match(reason, /^Cannot find \|.* in table few.csv/);
  // They are not run again, and stand in the report.
  const lines = readLines(join(holes, "study.ndjson")).length;
  const again = await run(holes, study);
  assert.equal(readLines(join(holes, "study.ndjson")).length, lines);
  assert.deepEqual(again.failed, failed);
  assert.match(reportStudy(again), /Trials that failed/);
  const stop = new AbortController();
  const folder = Deno.makeTempDirSync();
  const onTrial = ({ done }: { done: number }) => {
    if (done === 3) stop.abort(new DOMException("enough", "AbortError"));
  };
  await assert.rejects(
    run(folder, studyOf({ trials: 50 }), { signal: stop.signal, onTrial }),
    /enough/,
  );
  const kept = readLines(join(folder, "study.ndjson")).length - 1;
  assert.ok(kept >= 3 && kept < 100, `${kept}`);
  assert.deepEqual(
    trialsOf(await run(folder, studyOf({ trials: 50 }))).length,
    100,
  );
});

Deno.test("every query of a trial stands in its line, with parameters where the table has them", async () => {
  const sized = join(root, "sized.csv");
  Deno.writeTextFileSync(
    sized,
    Deno.readTextFileSync(made).split("\n").map((row, i) =>
      row && `${row},${i ? 0.001 * i : "params_mb"}`
    ).join("\n"),
  );
  const folder = Deno.makeTempDirSync();
  await run(folder, studyOf({ tables: [{ file: sized }], trials: 1 }));
  const rows = new Map(
    Deno.readTextFileSync(sized).split("\n").slice(1, -1).map((row) => {
      const [arch, objective, report, size] = row.split(",");
      return [arch, [Number(objective), Number(report), Math.round(1e6 * Number(size))]];
    }),
  );
  const trials = readLines<{ type: string; queries: Record<string, unknown>[] }>(
    join(folder, "study.ndjson"),
  ).filter(({ type }) => type === "trial");
  assert.equal(trials.length, 2);
  for (const { queries } of trials) {
    assert.equal(queries.length, 30);
    for (const { arch, objective, report, parameters } of queries) {
      assert.deepEqual([objective, report, parameters], rows.get(arch as string));
    }
  }
});

Deno.test("searches by truncated encodings get a chart of the error against the length", async () => {
  const evolution = (pathCutoff: number) => ({
    name: `path ${pathCutoff}`,
    strategy: "evolution",
    encoding: { perturb: "trunc_path", pathCutoff },
  });
  const study = studyOf({ algorithms: [5, 30, 155].map(evolution) });
  const svg = plotStudy(await run(Deno.makeTempDirSync(), study));
  assert.equal(svg.match(/class="chart"/g)?.length, 2);
  assert.match(svg, /after 30 queries: CIFAR-10 test error after 200 epochs/);
  assert.match(svg, />length of the truncated encoding</);
  assert.match(svg, />evolution trunc_path</);
  assert.ok(!plotStudy(whole).includes("length of the truncated"));
});

Deno.test("the figure has a curve with a band per algorithm, the report holds figure and figures", () => {
  const svg = plotStudy(whole);
  assert.equal(svg.match(/<polygon /g)?.length, 2);
  assert.match(svg, /CIFAR-10 test error after 200 epochs \(%\), made.csv/);
  assert.match(svg, /mean over 4 trials/);
  const html = reportStudy(whole);
  assert.match(html, /^<!doctype html>/);
  assert.ok(html.includes(svg.slice(svg.indexOf("<svg"))));
  assert.ok(!/(src|href)=/.test(html), "nothing is loaded");
  assert.match(html, /<td>evolution<\/td><td class="number">4<\/td>/);
});
