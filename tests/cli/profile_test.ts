/** `--profile`: a trace that Perfetto can open, in which everything has its place. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { profileTo } from "../../src/cli/profile.ts";
import { fill } from "../../src/autodiff/run.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { writePictures } from "../data/make.ts";
import { denas } from "./command.ts";

interface TraceEvent {
  ph: string;
  tid: number;
  name: string;
  ts: number;
  dur: number;
  args?: Record<string, unknown>;
}

/** The trace's complete events of one track, by their beginnings; outer before inner. */
const track = (events: TraceEvent[], tid: number) =>
  events.filter((e) => e.ph === "X" && e.tid === tid)
    .sort((a, b) => a.ts - b.ts || b.dur - a.dur);

/** Fails unless each event lies within those that are open when it begins; returns the greatest depth. */
function nest(events: TraceEvent[]): number {
  const open: TraceEvent[] = [];
  let depth = 0;
  for (const e of events) {
    while (open.length && open.at(-1)!.ts + open.at(-1)!.dur <= e.ts + 1e-3) open.pop();
    const outer = open.at(-1);
    // Times are rounded to nanoseconds.
    assert(
      !outer || e.ts + e.dur <= outer.ts + outer.dur + 0.01,
      `${e.name} leaves ${outer?.name}`,
    );
    open.push(e);
    depth = Math.max(depth, open.length);
  }
  return depth;
}

Deno.test("--profile writes a trace: kernels by architecture and op, host spans that nest", async () => {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  const parts = { train: 12, valid: 4, test: 6 };
  await writePictures(join(here, "photos"), parts, { size: [16, 16] });
  const small = ["--data", "photos", "--batch", "8", "--epochs", "1", "--wait"];
  const rounds = ["rounds=1", "perRound=2", "rewardBatch=2", "selection.drawn=2"];
  const begin = performance.now();
  const { code, stderr } = await denas([
    ...["search", "--mode", "macro", "--preset", "smoke", ...small, "--profile", "trace.json"],
    ...rounds.flatMap((setting) => ["--set", setting]),
  ], { INIT_CWD: here });
  const wall = performance.now() - begin;
  assertEquals(code, 0, stderr);
  const said = /trace\.json: (\d+) kernels/.exec(stderr);
  assert(said && stderr.includes("between kernels"), stderr);
  const trace = JSON.parse(Deno.readTextFileSync(join(here, "trace.json")));
  const events: TraceEvent[] = trace.traceEvents;
  const host = track(events, 1), kernels = track(events, 2);
  assertEquals([kernels.length, trace.otherData.kernels], [Number(said[1]), Number(said[1])]);
  assert(nest(host) >= 2);
  // One kernel at a time; what they take together is less than the process took.
  assertEquals(nest(kernels), 1);
  const busy = kernels.reduce((sum, k) => sum + k.dur, 0) / 1000;
  assert(busy > 0 && busy < wall, `${busy} ms of ${wall} ms`);
  assert(Math.abs(busy - trace.otherData.kernelMs) < 0.01 * busy);

  const steps = host.filter((e) => e.name === "training step");
  assertEquals(steps.map((e) => e.args?.step), [0, 1, 2]);
  for (const { args, ts } of steps) {
    const own = kernels.filter((k) => k.args?.step === args?.step);
    assert(own.every((k) => k.args?.architecture === args?.architecture && k.ts >= ts));
    for (const pass of ["forward", "backward"]) {
      assert(own.some((k) => k.args?.op === "batch_norm" && k.args?.pass === pass));
    }
    assert(own.some((k) => String(k.args?.scope).startsWith("layer")));
    assert(own.some((k) => k.name === "sgd" && k.args?.in === "optimizer"));
  }
  assert(new Set(steps.map((e) => e.args?.architecture)).size > 1);
});

Deno.test("--profile is for one run that uses a device", async () => {
  const seeds = await denas([
    ...["search", "--mode", "micro", "--seeds", "1,2", "--profile", "t.json"],
  ]);
  assertEquals(seeds.code, 2, seeds.stderr);
  assert(seeds.stderr.includes("--seeds"), seeds.stderr);
});

Deno.test("a full profile lets the run go on without it, and its trace is whole", async () => {
  const path = join(Deno.makeTempDirSync({ prefix: "denas-" }), "trace.json");
  const gpu = await Gpu.open({ timestamps: true });
  const notes: string[] = [];
  const profiling = await profileTo(path, gpu, (note) => notes.push(note), 5);
  gpu.profile!.begin("outer");
  for (let i = 0; i < 4; i++) {
    for (let k = 0; k < 2; k++) fill(gpu, gpu.zeros([64]), 0);
    gpu.submit();
  }
  gpu.profile?.end();
  assertEquals([gpu.profile, notes.length], [null, 1]);
  assert(notes[0].includes("after 6 kernels"), notes[0]);
  const [said] = await profiling.close();
  assert(said.includes("6 kernels"), said);
  const events: TraceEvent[] = JSON.parse(Deno.readTextFileSync(path)).traceEvents;
  assertEquals(track(events, 2).length, 6);
  const host = track(events, 1);
  assertEquals(host.map((e) => e.name), ["outer", "submit", "submit", "submit"]);
  assertEquals(nest(host), 2);
  gpu.close();
});
