/**
 * A thousand simulated workers, 50 to a connection: they take real jobs from a real server and answer after 0.5 to 2 s.
 * Prints the time, what was lost, the wait of a free worker for its next job, and the memory of both sides.
 *
 *     deno run -A bench/many_workers.ts [WORKERS [TRIALS]]
 */
import { jetstream } from "@nats-io/jetstream";
import { hash } from "../src/common/random.ts";
import { connect } from "../src/run/workers/nats/connect.ts";
import { NatsChannel } from "../src/run/workers/nats/coordinator.ts";
import { type JobMessage, subjects } from "../src/run/workers/nats/names.ts";
import { startServer } from "../src/run/workers/nats/server.ts";

/** Workers per process, and workers that share a connection. */
const PER_PROCESS = 250, PER_CONNECTION = 50;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Simulated workers of one process: prints the waits of free workers in ms, one per line. */
async function simulate(url: string, secret: string, first: number, n: number): Promise<void> {
  const waits: number[] = [];
  let over = false;
  Deno.addSignalListener("SIGTERM", () => over = true);
  const connections = await Promise.all(
    Array.from({ length: Math.ceil(n / PER_CONNECTION) }, () => connect({ url, secret }, "worker")),
  );
  const one = async (number: number) => {
    const nc = connections[Math.floor((number - first) / PER_CONNECTION)];
    const js = jetstream(nc);
    const consumer = await js.consumers.get("DENAS_JOBS", "workers");
    const id = `simulated-${number}`;
    let job: JobMessage | undefined;
    let done = 0;
    const tell = () => {
      const about = { id, state: job ? "busy" : "idle", done, run: job?.run, job: job?.id };
      nc.publish(subjects.alive(id), JSON.stringify({ ...about, ticket: job?.ticket }));
    };
    const beat = setInterval(tell, 5000);
    tell();
    while (!over) {
      const free = performance.now();
      const message = await consumer.next({ expires: 20_000 }).catch(() => null);
      if (!message) continue;
      if (done > 0) waits.push(performance.now() - free);
      job = message.json<JobMessage>();
      tell();
      const ms = 500 + hash(3, number, done, 0) % 1500;
      await pause(ms);
      const outcome = { status: "done", value: job.id, worker: id, seconds: ms / 1000 };
      await js.publish(
        subjects.result(job.run, job.id),
        JSON.stringify({ id: job.id, ticket: job.ticket, outcome }),
        {
          msgID: `${job.run}.${job.id}.${job.ticket}`,
          expect: { lastSubjectSequence: 0 },
          timeout: 30_000,
        },
      );
      message.ack();
      job = undefined;
      done++;
    }
    clearInterval(beat);
  };
  // Not all begin in the same instant.
  await Promise.all(Array.from({ length: n }, (_, i) => pause(4 * i).then(() => one(first + i))));
  console.log(waits.map((ms) => ms.toFixed(1)).join("\n"));
}

function rssOf(pid: number): number {
  const kib = /VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  return Number(kib) / 1024;
}

async function measure(workers: number, trials: number): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "denas-many-" });
  const server = await startServer({
    ...{ folder, host: "127.0.0.1", port: 0, path: Deno.env.get("PATH") },
    report: (note) => console.log(note),
  });
  const nc = await connect({ url: server.url, secret: server.secret }, "coordinator");
  const opening = { version: "", hash: "h", kind: "none", plugins: [], value: {} };
  const channel = await NatsChannel.open({ nc, run: "many", opening, report: console.log });
  const secret = Deno.readTextFileSync(server.tokenFile).trim();
  const processes = Array.from({ length: Math.ceil(workers / PER_PROCESS) }, (_, i) => {
    const n = Math.min(PER_PROCESS, workers - i * PER_PROCESS);
    return new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        import.meta.url,
        "simulate",
        server.url,
        secret,
        `${i * PER_PROCESS}`,
        `${n}`,
      ],
      stdout: "piped",
    }).spawn();
  });
  while (channel.capacity() < workers) await pause(200);
  const from = performance.now();
  const { signal } = new AbortController();
  let next = 0, done = 0, lost = 0;
  const seen = new Set<unknown>();
  const lane = async () => {
    while (next < trials) {
      const id = `t${next++}`;
      for (let attempt = 1;; attempt++) {
        const outcome = await channel.run({ id, attempt, payload: {} }, signal);
        if (outcome.status !== "done") {
          lost++;
          continue;
        }
        seen.add(outcome.value);
        break;
      }
      done++;
    }
  };
  await Promise.all(Array.from({ length: workers }, lane));
  const seconds = (performance.now() - from) / 1000;
  const memory = [Deno.pid, server.pid()].map(rssOf);
  for (const process of processes) process.kill("SIGTERM");
  const texts = await Promise.all(processes.map((process) => process.output()));
  const waits = texts.flatMap(({ stdout }) => new TextDecoder().decode(stdout).trim().split("\n"))
    .map(Number).sort((a, b) => a - b);
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))];
  console.log(
    `${workers} workers, ${trials} trials of 0.5 to 2 s, nats-server ${server.version}: ${
      seconds.toFixed(1)
    } s ` +
      `(ideal ${
        (trials * 1.25 / workers).toFixed(1)
      } s), ${done} done, ${seen.size} different, ${lost} repeated`,
  );
  console.log(
    `a free worker waits ${at(0.5).toFixed(0)} ms (median), ${at(0.99).toFixed(0)} ms (p99); ` +
      `memory ${memory[0].toFixed(0)} MiB coordinator, ${memory[1].toFixed(0)} MiB server`,
  );
  await channel.close();
  await server.stop();
}

const [first = "1000", ...rest] = Deno.args;
if (first === "simulate") {
  const [url, secret, from, n] = rest;
  await simulate(url, secret, Number(from), Number(n));
  Deno.exit(0);
}
await measure(Number(first), Number(rest[0] ?? 10 * Number(first)));
Deno.exit(0);
