/** Laws of every channel. */
import assert from "node:assert/strict";
import type { Channel, Opening } from "../../../src/run/workers/channel.ts";
import type { Evaluated } from "../../../src/run/workers/evaluate.ts";
import { ProcessChannel } from "../../../src/run/workers/processes.ts";
import { ThreadChannel } from "../../../src/run/workers/threads.ts";
import { killWorker, reached, until } from "./hold.ts";
import { onServer, serversHere } from "./servers.ts";
import { configOf, jobOf, openingOf } from "./opening.ts";
import { HELD } from "./sleeping.ts";

interface Kind {
  open(opening: Opening, workers: number): Promise<Channel> | Channel;
  /** Whether a worker has a process of its own, which may die. */
  processes: boolean;
  /** Whether workers come and go by themselves: what one cannot open another may. */
  remote: boolean;
}

const kinds: Record<string, Kind> = {
  threads: {
    open: (opening, n) => new ThreadChannel(opening, n),
    processes: false,
    remote: false,
  },
  processes: {
    open: (opening, n) => new ProcessChannel(opening, n),
    processes: true,
    remote: false,
  },
};
for (const { program, version } of await serversHere()) {
  kinds[`NATS ${version}`] = {
    open: async (opening, n) => (await onServer(program, opening, n)).channel,
    processes: true,
    remote: true,
  };
}

const never = new AbortController().signal;
const choice = (n: number) => [n % 5, 1, 2, 3, 4, n % 3];

async function opened(kind: Kind, workers: number, overrides: Record<string, unknown> = {}) {
  const channel = await kind.open(openingOf(configOf(overrides)), workers);
  return Object.assign(channel, { [Symbol.asyncDispose]: () => channel.close() });
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

for (const [name, kind] of Object.entries(kinds)) {
  Deno.test(`${name}: every job has one outcome, whoever ran it`, async () => {
    await using channel = await opened(kind, 2);
    assert.equal(channel.capacity(), 2);
    const outcomes = await Promise.all(
      Array.from({ length: 9 }, (_, i) => channel.run(jobOf(i, choice(i)), never)),
    );
    const trials = outcomes.map((outcome) => {
      assert.equal(outcome.status, "done");
      return (outcome as { value: Evaluated }).value.result.trial;
    });
    assert.deepEqual(trials, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(channel.figures(), { queued: 0, done: 9, lost: 0 });
    await until(() => channel.workers().reduce((sum, { done }) => sum + done, 0) === 9);
  });

  Deno.test(`${name}: a worker does one job after another, short ones after long ones too`, async () => {
    await using channel = await opened(kind, 1, {
      "evaluator.milliseconds": 0,
      "evaluator.spread": 200,
    });
    const from = performance.now();
    const order: number[] = [];
    const ids = [0, 1, 2, 3, 4, 5];
    let seconds = 0;
    await Promise.all(ids.map(async (i) => {
      const outcome = await channel.run(jobOf(i, choice(i)), never);
      order.push(i);
      if (outcome.status === "done") seconds += outcome.seconds;
    }));
    assert.deepEqual(order, ids);
    const wall = (performance.now() - from) / 1000;
    assert.ok(seconds > 0 && seconds < wall, `${seconds} s of jobs in ${wall} s`);
  });

  Deno.test(`${name}: a cancelled job rejects with the signal's reason, the others go on`, async () => {
    await using channel = await opened(kind, 1, { "evaluator.milliseconds": 300_000 });
    const stop = new AbortController();
    const cancelled = channel.run(jobOf(0, choice(0)), stop.signal);
    // Its process is at the job, not on its way to it.
    await until(() => {
      const [{ state, pid }] = channel.workers();
      return state === "busy" && (pid !== undefined) === kind.processes;
    });
    const { pid } = channel.workers()[0];
    stop.abort(new DOMException("not wanted", "AbortError"));
    await assert.rejects(cancelled, /not wanted/);
    if (pid !== undefined) await until(() => !isAlive(pid));
    const waiting = new AbortController();
    const next = channel.run(jobOf(1, choice(1)), never);
    const third = channel.run(jobOf(2, choice(2)), waiting.signal);
    waiting.abort(new DOMException("neither", "AbortError"));
    await assert.rejects(third, /neither/);
    await until(() => channel.workers()[0].job === "1");
    channel.stop(channel.workers()[0].id);
    assert.equal((await next).status, "lost");
  });

  if (!kind.remote) {
    Deno.test(`${name}: what no worker can open ends every job with its own error`, async () => {
      const opening = openingOf(configOf());
      const bad = { ...opening, plugins: ["/no/such/plugin.ts"] };
      await using channel = Object.assign(await kind.open(bad, 2), {
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
      const failed = {
        name: "UsageError",
        message: /^Cannot load plug-in \/no\/such\/plugin.ts: /,
      };
      await assert.rejects(channel.run(jobOf(0, choice(0)), never), failed);
      await channel.close();
    });
  }

  Deno.test(`${name}: a drained worker finishes its job and gets no other`, async () => {
    await using channel = await opened(kind, 2, { "evaluator.milliseconds": 100 });
    const jobs = Array.from({ length: 4 }, (_, i) => channel.run(jobOf(i, choice(i)), never));
    const [{ id }] = channel.workers();
    channel.drain(id);
    channel.drain("unknown");
    await until(() => channel.capacity() === 1);
    const outcomes = await Promise.all(jobs);
    assert.deepEqual(outcomes.map(({ status }) => status), ["done", "done", "done", "done"]);
    assert.ok(outcomes.filter(({ worker }) => worker === id).length <= 1);
    await until(() => channel.workers().find((one) => one.id === id)?.state !== "draining");
  });

  if (!kind.processes) continue;

  Deno.test(`${name}: a job whose process dies is lost with the reason, and the worker comes back`, async () => {
    const hold = Deno.makeTempFileSync({ prefix: "denas-hold-" });
    await using channel = await opened(kind, 1, {
      "evaluator.hold": hold,
      "evaluator.poison": 4,
    });
    const killed = channel.run(jobOf(HELD, choice(0)), never);
    await reached(hold);
    await killWorker(channel);
    const outcome = await killed;
    assert.equal(outcome.status, "lost");
    assert.match((outcome as { reason: string }).reason, /^process \d+ was ended by SIGKILL$/);
    const poisoned = await channel.run(jobOf(1, choice(4)), never);
    assert.match((poisoned as { reason: string }).reason, /^process \d+ ended with code 7$/);
    assert.equal((await channel.run(jobOf(2, choice(2)), never)).status, "done");
    assert.deepEqual(channel.figures(), { queued: 0, done: 1, lost: 2 });
  });
}
