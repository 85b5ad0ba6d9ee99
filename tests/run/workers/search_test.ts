/** Searches on workers: their results, budgets and resuming, with processes that are killed meanwhile. */
import assert from "node:assert/strict";
import { openStrategy } from "../../../src/nas/search/parts.ts";
import { openSpace } from "../../../src/nas/registry.ts";
import type { RunEvent } from "../../../src/nas/events.ts";
import type { EvaluatorContext, OpenEvaluator } from "../../../src/nas/definition.ts";
import { distributed } from "../../../src/run/workers/distribute.ts";
import { memoryStore } from "../../../src/nas/search/store.ts";
import { ProcessChannel } from "../../../src/run/workers/processes.ts";
import type { Job, Opening, Outcome } from "../../../src/run/workers/channel.ts";
import type { EvaluateJob } from "../../../src/run/workers/evaluate.ts";
import { configOf, openingOf, searched, timeless, trialsOf } from "./opening.ts";

async function onProcesses(
  config: ReturnType<typeof configOf>,
  workers: number,
  options: Omit<NonNullable<Parameters<typeof searched>[1]>, "channel"> & {
    meanwhile?(channel: ProcessChannel): void;
  } = {},
) {
  const channel = new ProcessChannel(openingOf(config), workers);
  try {
    options.meanwhile?.(channel);
    return await searched(config, { ...options, channel });
  } finally {
    await channel.close();
  }
}

/** Kills a random process every few milliseconds; the numbers come from a seed. */
function killing(channel: ProcessChannel, signal: AbortSignal): void {
  let n = 0;
  const timer = setInterval(() => {
    const busy = channel.workers().filter(({ state }) => state === "busy");
    const victim = busy[n++ % Math.max(1, busy.length)];
    if (victim?.pid) Deno.kill(victim.pid, "SIGKILL");
  }, 900);
  signal.addEventListener("abort", () => clearInterval(timer));
}

Deno.test("rounds of a synchronous strategy end with the same events on 1, 2 and 4 workers as without", async () => {
  const config = configOf({
    ...{ strategy: "nsga2", "strategy.population": 4, objectives: ["-parameters"] },
    ...{ rounds: 4, perRound: 4 },
  });
  const alone = timeless((await searched(config)).events);
  for (const workers of [1, 2, 4]) {
    const { events, attempts } = await onProcesses(config, workers);
    assert.deepEqual(timeless(events), alone);
    assert.equal(attempts.length, new Set(trialsOf(events).map(({ key }) => key)).size);
  }
});

Deno.test("random search on workers finds what it finds alone", async () => {
  const config = configOf({ "evaluator.spread": 30, rounds: 24 });
  const alone = (await searched(config)).events;
  const { events } = await onProcesses(config, 3);
  const plain = (all: typeof events) =>
    trialsOf(all).map(({ askedAfter: _, ...trial }) => trial).sort((a, b) => a.trial - b.trial);
  assert.deepEqual(plain(events), plain(alone));
  const end = ({ events }: { events: typeof alone }) => ({ ...events.at(-1)!, seconds: 0 });
  assert.deepEqual(end({ events }), end({ events: alone }));
});

Deno.test("processes killed all the time: each trial is told once, the budget is exact, rounds end the same", async () => {
  const config = configOf({
    ...{ strategy: "local-search", rounds: 4, perRound: 4 },
    ...{ "evaluator.milliseconds": 150, "evaluator.spread": 100 },
  });
  const alone = timeless((await searched(config)).events);
  const stop = new AbortController();
  const { events, attempts } = await onProcesses(config, 2, {
    meanwhile: (channel) => killing(channel, stop.signal),
  });
  stop.abort();
  assert.ok(attempts.some(({ outcome }) => outcome.status === "lost"));
  const failed = trialsOf(events).filter(({ status }) => status === "failed");
  if (failed.length === 0) assert.deepEqual(timeless(events), alone);
  const told = trialsOf(events).filter(({ on }) => on === "reward").map(({ trial }) => trial);
  assert.deepEqual(told, range(told.length));
});

Deno.test("asynchronous evolution: exact budget, and the recorded order of tells gives the same asks", async () => {
  const config = configOf({
    ...{ strategy: "evolution", "strategy.population": 5, "strategy.tournament": 2, rounds: 30 },
    "evaluator.spread": 60,
  });
  const { events } = await onProcesses(config, 3);
  const told = trialsOf(events).filter(({ on }) => on === "reward");
  assert.deepEqual(told.map(({ trial }) => trial).sort((a, b) => a - b), range(30));
  const replayed = await replay(config, told);
  assert.deepEqual(
    replayed,
    told.toSorted((a, b) => a.trial - b.trial).map(({ choice }) => choice),
  );
  assert.ok(told.some(({ trial, askedAfter }) => askedAfter! < trial), "nothing ran in parallel");
});

Deno.test("no more trials are evaluated than the budget has, also those that would never be told", async () => {
  for (const strategy of ["random", "evolution"]) {
    const config = configOf({ strategy, rounds: 12, "evaluator.spread": 60 });
    const channel = new Counting(openingOf(config), 3);
    try {
      const { events } = await searched(config, { channel });
      const told = trialsOf(events).filter(({ on }) => on === "reward");
      assert.deepEqual(told.map(({ trial }) => trial).sort((a, b) => a - b), range(12));
      assert.deepEqual(channel.trials.filter((trial) => trial >= 12), []);
      assert.ok(channel.trials.length <= 12);
    } finally {
      await channel.close();
    }
  }
});

/** Records the trials whose jobs are handed out. */
class Counting extends ProcessChannel {
  readonly trials: number[] = [];

  override run(job: Job, signal: AbortSignal): Promise<Outcome> {
    this.trials.push((job.payload as EvaluateJob).trial.id);
    return super.run(job, signal);
  }
}

/** A channel whose only worker answers with this value. */
class Answering extends ProcessChannel {
  constructor(opening: Opening, private readonly value: unknown) {
    super(opening, 1);
  }

  override run(): Promise<Outcome> {
    return Promise.resolve({ status: "done", value: this.value, worker: "1", seconds: 0 });
  }
}

Deno.test("a worker's value of another trial, or that is no result, does not mix up or end the search", async () => {
  const config = configOf({ rounds: 3 });
  const figures = { step: 0, trainedImages: 0, peakBytes: 0 };
  const result = { trial: 77, seconds: 0, status: "ok", score: { value: 1 } };
  for (
    const [value, status, reason] of [
      [{ result, figures }, undefined, undefined],
      [
        { result: { ...result, score: { value: null } }, figures },
        "failed",
        /is no result: .*value/,
      ],
      ["nothing", "failed", /gave something that is no result/],
    ] as const
  ) {
    const channel = new Answering(openingOf(config), value);
    try {
      const events: RunEvent[] = [];
      await searched(config, { channel, on: (event) => events.push(event) }).catch((error) => {
        // A search in which every trial fails ends with a sentence.
        assert.equal(status, "failed");
        assert.match(
          error.message,
          /^Cannot find an architecture: all trials failed \(3\); the last: its worker gave something/,
        );
      });
      const told = trialsOf(events).filter(({ on }) => on === "reward");
      assert.ok(told.length > 0);
      for (const trial of told) {
        assert.equal(trial.status, status);
        if (reason) assert.match(trial.reason!, reason);
      }
      assert.deepEqual(told.map(({ trial }) => trial).sort((a, b) => a - b), range(told.length));
    } finally {
      await channel.close();
    }
  }
});

/** A channel without a worker that is large enough for the first trial. */
class Small extends ProcessChannel {
  override run(job: Job, signal: AbortSignal): Promise<Outcome> {
    if ((job.payload as EvaluateJob).trial.id > 0) return super.run(job, signal);
    return Promise.resolve({ status: "unfit", reason: "it is too large", log: "", worker: "" });
  }
}

Deno.test("a trial that fits no worker is infeasible with the reason, without another attempt", async () => {
  const config = configOf({ rounds: 3 });
  const channel = new Small(openingOf(config), 1);
  try {
    const { events, attempts } = await searched(config, { channel });
    const [first, ...others] = trialsOf(events).filter(({ on }) => on === "reward");
    assert.deepEqual([first.trial, first.status, first.reason], [
      0,
      "infeasible",
      "it is too large",
    ]);
    assert.ok(others.every(({ status }) => status === undefined));
    assert.equal(attempts.length, 3);
  } finally {
    await channel.close();
  }
});

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Asks a new strategy as recorded. @returns the choices by trial. */
async function replay(
  config: ReturnType<typeof configOf>,
  told: readonly ReturnType<typeof trialsOf>[number][],
): Promise<number[][]> {
  const space = openSpace(config.space);
  const strategy = await openStrategy(config, space, { gpu: null, fidelities: [1, 3, 9] });
  const asked = told.toSorted((a, b) => a.trial - b.trial);
  const archs: unknown[] = [];
  for (let tells = 0, next = 0; tells < told.length;) {
    if (next < asked.length && asked[next].askedAfter! <= tells) {
      archs.push((await strategy.ask(1))[0].arch);
      next++;
      continue;
    }
    const { trial, score } = told[tells++];
    await strategy.tell([{ id: trial, arch: archs[trial], score: { value: score } }]);
  }
  return archs.map((arch) => space.encode(arch));
}

Deno.test("an interrupted asynchronous search hands its open trials out again and ends at its budget", async () => {
  const config = configOf({
    ...{ strategy: "evolution", "strategy.population": 5, "strategy.tournament": 2, rounds: 24 },
    "evaluator.spread": 60,
  });
  const store = memoryStore();
  const stop = new AbortController();
  let n = 0;
  const first: ReturnType<typeof trialsOf> = [];
  const on = (event: RunEvent) => {
    if (event.type === "trial") first.push(event);
    if (event.type === "trial" && ++n === 9) stop.abort(new DOMException("enough", "AbortError"));
  };
  await assert.rejects(onProcesses(config, 3, { store, signal: stop.signal, on }), /enough/);
  const { loop } = (await store.load())!.json as { loop: { pending: { id: number }[] } };
  assert.ok(loop.pending.length > 0);
  const { events } = await onProcesses(config, 1, { store });
  const told = [...first, ...trialsOf(events)].filter(({ on }) => on === "reward");
  assert.deepEqual(told.map(({ trial }) => trial).sort((a, b) => a - b), range(24));
  assert.deepEqual(
    await replay(config, told),
    told.toSorted((a, b) => a.trial - b.trial).map(({ choice }) => choice),
  );
  assert.equal((events.at(-1) as { queries: number }).queries, 24);
});

Deno.test("a trial that ends three workers has failed with the reason, and the search goes on", async () => {
  const config = configOf({ rounds: 16, "evaluator.poison": 2 });
  const { events, attempts } = await onProcesses(config, 2);
  const failed = trialsOf(events).filter(({ status }) => status === "failed");
  assert.deepEqual(new Set(failed.map(({ choice }) => choice[0])), new Set([2]));
  for (const { trial, reason } of failed) {
    assert.match(
      reason!,
      /^its worker was lost 3 times, the last time: process \d+ ended with code 7/,
    );
    assert.equal(attempts.filter((attempt) => attempt.trial === trial).length, 3);
  }
  assert.equal(trialsOf(events).filter(({ on }) => on === "reward").length, 16);
});

Deno.test("after its minutes a search asks no more, finishes what runs and chooses its winner", async () => {
  const config = configOf({ rounds: 1000, "evaluator.milliseconds": 50 });
  const minutes = 0.02;
  for (
    const { events } of [
      await searched(config, { minutes }),
      await onProcesses(config, 2, { minutes }),
    ]
  ) {
    const told = trialsOf(events).filter(({ on }) => on === "reward").map(({ trial }) => trial);
    assert.ok(told.length < 200);
    assert.deepEqual(told.toSorted((a, b) => a - b), range(told.length));
    const warned = events.find(({ type }) => type === "warn") as { message: string };
    assert.match(
      warned.message,
      /^No more trials after 0.02 minutes; those that ran were finished/,
    );
    assert.equal(events.at(-1)!.type, "done");
  }
});

Deno.test("inherited weights are refused", async () => {
  const opened = { inheritance: {} } as OpenEvaluator;
  const context = { config: configOf() } as EvaluatorContext;
  const channel = new ProcessChannel(openingOf(context.config), 1);
  try {
    assert.throws(
      () => distributed(opened, context, { channel }),
      /use --inherit none, or leave out/,
    );
  } finally {
    await channel.close();
  }
});
