/**
 * Workers under load: share of the ideal time with 1, 2 and 4 workers on sleeping trials, over processes and over
 * NATS; the same with 1 and 2 workers on a study, which keeps the processors busy; and rounds of kills, after each
 * of which the search must have told every trial once.
 *
 *     deno run -A bench/workers.ts [efficiency|processes|NATS|study|kills [ROUNDS [FIRST]]]
 */
import { join } from "@std/path";
import { hash } from "../src/common/random.ts";
import { parseStudy } from "../src/nas/study/definition.ts";
import { readLines } from "../src/run/files.ts";
import { runStudy, type StudyOptions } from "../src/run/study/run.ts";
import { ProcessChannel } from "../src/run/workers/processes.ts";
import { writeMadeTable } from "../tests/nas/study/made_table.ts";
import { onServer, serversHere } from "../tests/run/workers/servers.ts";
import { denas, home, type Running } from "./sleeping_denas.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A search of the sleeping evaluator. */
const search = (trials: number, ms: number, strategy: string) => [
  ...["search", "--mode", "nasbench201", "--evaluator", "sleeping", "--strategy", strategy],
  ...["--set", `evaluator.milliseconds=${ms}`, "--set", `rounds=${trials}`, "--json"],
];

/** Starts `denas work` once the search has said where. */
async function worker(here: string, coordinator: Running): Promise<Running> {
  let found: RegExpExecArray | null = null;
  while (!(found = /denas work (\S+) --token-file (\S+)/.exec(coordinator.said()))) {
    if (coordinator.ended()) throw new Error(`The search ended: ${coordinator.said()}`);
    await pause(50);
  }
  const [, url, token] = found;
  return denas(here, ["work", url, "--token-file", token]);
}

function kill(running: Running): void {
  if (!running.ended()) running.child.kill("SIGKILL");
}

function runOf(here: string): string {
  const runs = join(here, "runs");
  return join(runs, [...Deno.readDirSync(runs)][0].name);
}

interface Attempt {
  time: string;
  worker: string;
  seconds: number;
}

/** Time between the end of a worker's job and that of its next one, beyond the next one's own, in ms; ascending. */
function gapsOf(run: string): number[] {
  const last = new Map<string, number>();
  const gaps: number[] = [];
  for (const { time, worker, seconds } of readLines<Attempt>(join(run, "workers.ndjson"))) {
    const at = Date.parse(time);
    if (last.has(worker)) gaps.push(at - last.get(worker)! - 1000 * seconds);
    last.set(worker, at);
  }
  return gaps.sort((a, b) => a - b);
}

async function efficiency(kinds: readonly string[]): Promise<void> {
  const ms = 1000;
  for (const kind of kinds) {
    for (const workers of [1, 2, 4]) {
      const here = join(home, `${kind}${workers}`);
      const trials = 12 * workers;
      const options = kind === "NATS" ? ["--listen"] : ["--workers", `${workers}`];
      const run = denas(here, [...search(trials, ms, "random"), ...options]);
      const helpers = kind === "NATS"
        ? await Promise.all(Array.from({ length: workers }, () => worker(here, run)))
        : [];
      const { code } = await run.status;
      helpers.forEach(kill);
      if (code !== 0) throw new Error(`Cannot measure ${kind}: ${run.said()}`);
      const gaps = gapsOf(runOf(here));
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
      const median = gaps[gaps.length >> 1];
      const [load] = Deno.loadavg();
      console.log(
        `${kind}, ${workers}: ${trials} trials of ${ms} ms, ${
          (100 * ms / (ms + mean)).toFixed(1)
        } % of the ` +
          `ideal; between two trials of a worker ${mean.toFixed(0)} ms, median ${
            median.toFixed(0)
          }, load ${load.toFixed(0)}`,
      );
    }
  }
}

/** Searches by a Gaussian process: share of the workers' time in which they search, whatever else runs here. */
async function efficiencyOfStudy(): Promise<void> {
  const [{ program }] = await serversHere();
  const kinds: Record<string, (workers: number) => StudyOptions["open"]> = {
    threads: () => undefined,
    processes: (workers) => async (opening) => {
      const channel = new ProcessChannel(opening, workers);
      await until(() => channel.workers().every(({ state }) => state === "idle"));
      return { channel, close: () => channel.close() };
    },
    NATS: (workers) => async (opening) => {
      const { channel } = await onServer(program, opening, workers);
      return { channel, close: () => channel.close() };
    },
  };
  const table = writeMadeTable(home);
  const algorithms = [{ name: "gp", strategy: "gp" }];
  for (const [kind, open] of Object.entries(kinds)) {
    for (const workers of [1, 2]) {
      const own = { name: "gp", algorithms, tables: [{ file: table }], trials: 30, queries: 60 };
      let first = 0, last = 0;
      const { trials } = await runStudy(parseStudy(own, "bench"), {
        ...{ folder: join(home, `study ${kind} ${workers}`), cacheDir: home, threads: workers },
        signal: new AbortController().signal,
        open: open(workers),
        onTrial: ({ done }) => {
          last = performance.now();
          // Workers open their work with the first trial.
          if (done === workers) first = last;
        },
      });
      const seconds = (last - first) / 1000;
      const busy = trials.slice(workers).reduce((sum, { seconds }) => sum + seconds, 0);
      console.log(
        `study, ${kind}, ${workers}: ${trials.length - workers} searches in ${
          seconds.toFixed(1)
        } s, ` +
          `${(100 * busy / workers / seconds).toFixed(1)} % of the workers' time`,
      );
    }
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(10);
}

/** Kills coordinator, server, workers and their children at random times, and resumes until the end. */
async function kills(rounds: number, first = 0): Promise<void> {
  const trials = 40;
  const plain = join(home, "plain");
  await denas(plain, search(trials, 1, "local-search")).status;
  const expected = scores(runOf(plain));
  let killed = 0;
  for (let round = first; round < rounds; round++) {
    const here = join(home, `round${round}`);
    const began = performance.now();
    const random = (i: number, below: number) => hash(17, round, i, 0) % below;
    const strategy = round % 2 ? "random" : "local-search";
    let run = denas(here, [...search(trials, 60, strategy), "--listen"]);
    const helpers = [await worker(here, run), await worker(here, run)];
    let over = false;
    for (let i = 0; !over; i++) {
      const ended = await Promise.race([
        run.status,
        pause(800 + random(2 * i, 2500)).then(() => null),
      ]);
      if (ended) {
        over = ended.code === 0;
        if (!over && ended.signal === null) throw new Error(`round ${round}: ${run.said()}`);
        if (!over) run = denas(here, ["resume", "--json"]);
        continue;
      }
      // Also those that found no server when they were started.
      for (const [h, helper] of helpers.entries()) {
        if (helper.ended()) helpers[h] = await worker(here, run);
      }
      if (i >= 4) continue; // Then it may end.
      const victim = victimOf(random(2 * i + 1, 4), run, helpers);
      if (victim === undefined) continue;
      killed++;
      try {
        Deno.kill(victim, "SIGKILL");
      } catch {
        // It has just ended.
      }
    }
    helpers.forEach(kill);
    const path = runOf(here);
    const found = scores(path);
    const told = [...found.keys()].sort((a, b) => a - b);
    if (told.length !== trials || told.some((id, i) => id !== i)) {
      throw new Error(`round ${round}: told ${told.join()} of ${trials}; see ${path}`);
    }
    const same = [...expected].every(([id, score]) => found.get(id) === score);
    if (strategy === "local-search" && !same) {
      throw new Error(`round ${round}: other scores than without kills; see ${path}`);
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`round ${round}: ${trials} trials told once, ${strategy}, ${seconds} s`);
  }
  console.log(`${rounds} rounds, ${killed} kills`);
}

/** Scores by trial. @throws Error where a trial stands twice. */
function scores(run: string): Map<number, number> {
  const lines = readLines<{ trial: number; on: string; score: number }>(join(run, "trials.ndjson"));
  const found = new Map<number, number>();
  for (const { trial, on, score } of lines) {
    if (on !== "reward") continue;
    if (found.has(trial)) throw new Error(`Trial ${trial} was told twice in ${run}`);
    found.set(trial, score);
  }
  return found;
}

/** Process number of what is killed: coordinator, server, a worker's child, or a worker. */
function victimOf(which: number, run: Running, helpers: readonly Running[]): number | undefined {
  if (which === 0) return run.child.pid;
  if (which === 1) return childOf(run.child.pid, "nats-server");
  if (which === 2) return childOf(helpers[0].child.pid, "deno");
  return helpers[1].child.pid;
}

function childOf(parent: number, name: string): number | undefined {
  for (const { name: pid } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const [, command, ppid] = /\((.+)\) \S (\d+)/.exec(
        Deno.readTextFileSync(`/proc/${pid}/stat`),
      )!;
      if (Number(ppid) === parent && command.startsWith(name)) return Number(pid);
    } catch {
      // It has just ended.
    }
  }
}

const [what = "efficiency", rounds = "50", first = "0"] = Deno.args;
if (what === "kills") await kills(Number(rounds), Number(first));
else if (what === "study") await efficiencyOfStudy();
else await efficiency(what === "efficiency" ? ["processes", "NATS"] : [what]);
