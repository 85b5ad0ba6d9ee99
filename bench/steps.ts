/** Times whole training steps: wall clock, dispatches, the host's share. */
import { Gpu, Stopwatch } from "../src/gpu/mod.ts";
import { describe } from "../src/nas/analysis/describe.ts";
import { Busy, busyWords } from "./busy.ts";
import { configOf, type Setting, Steps } from "./networks.ts";
import type { MicroArch } from "../src/nas/spaces/micro_arch.ts";
import type { Peer, StepAnswer } from "./peers/mod.ts";

/** Figures of a step: fastest and median times, means of the rest. */
export interface Step {
  name: string;
  ms: number;
  medianMs: number;
  imagesPerSecond: number;
  gflops: number;
  dispatches: number;
  /** Share of the time that is neither waiting for the device nor compiling. */
  hostShare: number;
  /** Share of the time in which a software adapter's threads compute; null on other adapters. */
  busy: number | null;
  peakBytes: number;
  pipelines: number;
  compileMs: number;
  parameters: number;
}

/** Times steps that compile nothing, of newly sampled children while searching. */
export async function timeStep(setting: Setting, steps: number): Promise<Step> {
  const gpu = await Gpu.open();
  const made = new Steps(gpu, setting);
  const config = configOf(setting);
  const times: number[] = [];
  const busy = new Busy();
  let host = 0, dispatches = 0, macs = 0;
  for (let tries = 0; times.length < steps && tries < 4 * steps + 4; tries++) {
    const arch = made.draw();
    const before = { ...gpu.counters };
    busy.start();
    const start = performance.now();
    await made.train(arch);
    const ms = performance.now() - start;
    const { counters } = gpu;
    if (tries < 3 || counters.pipelines > before.pipelines && tries < 3 * steps) continue;
    busy.stop();
    times.push(ms);
    host += ms - (counters.waitMs - before.waitMs) - (counters.compileMs - before.compileMs);
    dispatches += counters.dispatches - before.dispatches;
    const { space, input } = made;
    macs += describe({
      space,
      choice: space.encode(arch),
      input,
      classes: 10,
      form: made.form,
    }).macs!;
  }
  const n = times.length, total = times.reduce((a, b) => a + b, 0);
  times.sort((a, b) => a - b);
  const step: Step = {
    name: `${setting.mode} ${setting.command} ${setting.preset}`,
    ms: times[0],
    medianMs: times[n >> 1],
    imagesPerSecond: config.batch * n * 1000 / total,
    gflops: 6 * macs * config.batch / total / 1e6,
    dispatches: dispatches / n,
    hostShare: host / total,
    busy: busy.share,
    peakBytes: gpu.pool.peakBytes,
    pipelines: gpu.counters.pipelines,
    compileMs: gpu.counters.compileMs,
    parameters: made.weights.parameters(),
  };
  gpu.close();
  return step;
}

export const stepLine = (s: Step): string =>
  `step of ${s.name}: ${s.ms.toFixed(1)} ms, median ${s.medianMs.toFixed(1)} ms, ` +
  `${s.imagesPerSecond.toFixed(0)} images/s, ${s.gflops.toFixed(1)} GFLOP/s, ` +
  `${s.dispatches.toFixed(0)} dispatches, host ${(100 * s.hostShare).toFixed(0)} %, ` +
  (s.busy === null ? "" : `${busyWords(s.busy)}, `) +
  `${s.pipelines} pipelines in ${(s.compileMs / 1000).toFixed(1)} s, ` +
  `peak ${(s.peakBytes / 1e6).toFixed(0)} MB, ${s.parameters} weights`;

/** Times the steps of a preset's searches and retrainings that match a filter. */
export async function* timeSteps(
  { preset, filter }: { preset: string; filter: RegExp },
): AsyncGenerator<Step> {
  for (const named of preset === "all" ? ["quick", "paper"] : [preset]) {
    for (const mode of ["micro", "macro"]) {
      for (const command of ["search", "retrain"] as const) {
        if (!filter.test(`step ${mode} ${command} ${named}`)) continue;
        yield await timeStep({ preset: named, mode, command }, named === "paper" ? 2 : 8);
      }
    }
  }
}

/** One child of the micro search, in denas and in a peer: the fastest of some steps. */
export interface PeerStep {
  here: StepAnswer;
  there: StepAnswer;
}

const ROUNDS = 3;

/** Times steps of the same child of the `quick` micro search, in turn. */
export async function compareStep(peer: Peer): Promise<PeerStep | { unable: string }> {
  const setting = { preset: "quick", mode: "micro", command: "search" } as const;
  const { batch, space: sizes } = configOf(setting);
  const gpu = await Gpu.open({ timestamps: true });
  const watch = await Stopwatch.start(gpu);
  const made = new Steps(gpu, setting);
  const arch = made.draw() as MicroArch;
  const { filters, layers, stem, keep, bnEpsilon: epsilon, auxHead } = sizes;
  const size = { batch, input: made.input, filters, layers, stem, keep, epsilon, auxHead };
  const job = { ...arch, ...size };
  const { space, input } = made;
  const { parameters } = describe({
    ...{ space, choice: space.encode(arch), input, classes: 10, form: made.form },
  });
  const best = { ms: Infinity, deviceMs: Infinity };
  const there = { ms: Infinity, deviceMs: Infinity, parameters };
  await made.train(arch);
  for (let round = 0; round < ROUNDS; round++) {
    // Two samples are enough: the library's steps are long.
    for (let i = 0; i < 2; i++) {
      const start = performance.now();
      const deviceMs = await watch.around(() => made.train(arch));
      best.ms = Math.min(best.ms, performance.now() - start);
      best.deviceMs = Math.min(best.deviceMs, deviceMs);
    }
    const answer = await peer.measure({ kind: "step", job, samples: 1 });
    if (!("parameters" in answer)) {
      gpu.close();
      return "unable" in answer ? answer : { unable: "it answers something else" };
    }
    if (answer.parameters !== parameters) {
      throw new Error(`Cannot compare: ${answer.parameters} weights there, ${parameters} here`);
    }
    there.ms = Math.min(there.ms, answer.ms);
    there.deviceMs = Math.min(there.deviceMs, answer.deviceMs);
  }
  gpu.close();
  return { here: { ...best, parameters }, there };
}

export function peerStepLine(peer: string, compared: PeerStep | { unable: string }): string {
  if ("unable" in compared) return `step in ${peer}: not compared, ${compared.unable}`;
  const { here, there } = compared;
  const both = (a: number, b: number) => `${a.toFixed(1)} ms here, ${b.toFixed(1)} ms there`;
  return `micro quick step against ${peer}: ${both(here.ms, there.ms)} ` +
    `(${(there.ms / here.ms).toFixed(1)}×); on the device alone ${
      both(here.deviceMs, there.deviceMs)
    } ` +
    `(${(there.deviceMs / here.deviceMs).toFixed(1)}×)`;
}
