/**
 * Four workers behind a bad network: a TCP proxy delays every byte by 20 ms each way, stalls one part in a hundred
 * for 200 ms as a lost packet does, and cuts all connections once for 30 s. Each trial must be told once, none lost.
 * Then 100 MB of weights go through the object store, with the memory of each side.
 *
 *     deno run -A bench/network_faults.ts [faults [TRIALS] | weights [MEGABYTES]]
 */
import { join } from "@std/path";
import { hash } from "../src/common/random.ts";
import { readLines } from "../src/run/files.ts";
import { checkpointFile } from "../src/run/workers/checkpoints.ts";
import { connect, openJetStream } from "../src/run/workers/nats/connect.ts";
import { RunObjects, WorkerObjects } from "../src/run/workers/nats/objects.ts";
import { startServer } from "../src/run/workers/nats/server.ts";
import { denas, home } from "./sleeping_denas.ts";

const DELAY = 20, LOSS = 0.01, STALL = 200, CUT = 30_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A proxy in front of a port of this machine. */
class BadNetwork {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  #cut = false;
  #parts = 0;

  constructor(private readonly to: number) {
    this.#serve();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Pulls the cable: nothing arrives any more, and who connects meanwhile hears nothing. */
  async cut(ms: number): Promise<void> {
    this.#cut = true;
    await pause(ms);
    // The silent connections are gone, as after the time-outs of routers.
    for (const connection of this.#open) close(connection);
    this.#open.clear();
    this.#cut = false;
  }

  async #serve(): Promise<void> {
    for await (const near of this.#listener) {
      this.#open.add(near);
      if (this.#cut) continue;
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.to }).catch(() => null);
      if (!far) {
        close(near);
        continue;
      }
      this.#open.add(far);
      this.#carry(near, far);
      this.#carry(far, near);
    }
  }

  /** Carries bytes in order, each part late by the delay, and sometimes by a stall. */
  async #carry(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const part = new Uint8Array(16 << 10);
    let last: Promise<void> = Promise.resolve();
    try {
      for (let n; (n = await from.read(part)) !== null;) {
        const bytes = part.slice(0, n);
        const lost = hash(1, this.#parts++, 0, 0) % 10_000 < 10_000 * LOSS;
        const due = pause(DELAY + (lost ? STALL : 0));
        last = last.then(() => due).then(() => this.#write(to, bytes));
        last.catch(() => {});
      }
      await last;
    } catch {
      // One side has ended.
    }
    close(from);
    close(to);
  }

  async #write(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
    if (this.#cut) await new Promise(() => {});
    for (let done = 0; done < bytes.length;) done += await to.write(bytes.subarray(done));
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}

async function faults(trials: number): Promise<void> {
  const run = denas(home, [
    ...["search", "--mode", "nasbench201", "--evaluator", "sleeping", "--strategy", "random"],
    ...["--set", "evaluator.milliseconds=1000", "--set", `rounds=${trials}`, "--listen"],
  ]);
  let found: RegExpExecArray | null;
  while (!(found = /denas work nats:\/\/\S+:(\d+) --token-file (\S+)/.exec(run.said()))) {
    await pause(50);
  }
  const network = new BadNetwork(Number(found[1]));
  const url = `nats://127.0.0.1:${network.port}`;
  const workers = Array.from(
    { length: 4 },
    () => denas(home, ["work", url, "--token-file", found[2]]),
  );
  const folder = join(home, "runs", [...Deno.readDirSync(join(home, "runs"))][0].name);
  const told = () =>
    readLines<{ trial: number; on: string; status?: string }>(join(folder, "trials.ndjson"))
      .filter(({ on }) => on === "reward");
  const ended = run.child.status;
  let cut = false;
  const from = performance.now();
  for (;;) {
    const status = await Promise.race([ended, pause(500).then(() => null)]);
    if (status) {
      if (status.code !== 0) throw new Error(`The search ended with ${status.code}: ${run.said()}`);
      break;
    }
    if (cut || told().length < trials / 3) continue;
    cut = true;
    console.log(`after ${told().length} trials the cable is pulled for ${CUT / 1000} s`);
    await network.cut(CUT);
  }
  for (const { child } of workers) child.kill("SIGKILL");
  const ids = told().map(({ trial }) => trial).sort((a, b) => a - b);
  const wrong = ids.length !== trials || ids.some((id, i) => id !== i);
  if (wrong) throw new Error(`told ${ids.join()} of ${trials}; see ${folder}`);
  const failed = told().filter(({ status }) => status !== undefined).length;
  const attempts = readLines<{ status: string }>(join(folder, "workers.ndjson"));
  const lost = attempts.filter(({ status }) => status === "lost").length;
  const [load] = Deno.loadavg();
  console.log(
    `${trials} trials of 1 s told once, ${failed} failed, ${lost} attempts lost, ` +
      `${((performance.now() - from) / 1000).toFixed(0)} s, load ${load.toFixed(0)}`,
  );
}

/** Resident memory of a process, in MiB: now, and the most so far. */
function memoryOf(pid: number): string {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)![1]) / 1024;
  return `${of("VmRSS").toFixed(0)} MiB, at most ${of("VmHWM").toFixed(0)}`;
}

async function weights(megabytes: number): Promise<void> {
  const server = await startServer({
    ...{ folder: join(home, "nats"), host: "127.0.0.1", port: 0, path: Deno.env.get("PATH") },
    report: console.log,
  });
  const secret = Deno.readTextFileSync(server.tokenFile).trim();
  const coordinator = await connect({ url: server.url, secret: server.secret }, "coordinator");
  const objects = await RunObjects.open(coordinator, "run", await openJetStream(coordinator));
  const nc = await connect({ url: server.url, secret }, "worker");
  const [one, other] = [await WorkerObjects.open(nc), await WorkerObjects.open(nc)];
  const file = await Deno.open(checkpointFile(one.folder, "job"), { create: true, write: true });
  for (let i = 0; i < megabytes; i++) {
    const part = crypto.getRandomValues(new Uint8Array(1 << 16));
    for (let k = 0; k < 16; k++) await file.write(part);
  }
  file.close();
  console.log(`before: client ${memoryOf(Deno.pid)}, server ${memoryOf(server.pid())}`);
  const rate = async (name: string, move: () => Promise<void>) => {
    const from = performance.now();
    await move();
    const seconds = (performance.now() - from) / 1000;
    const [load] = Deno.loadavg();
    console.log(
      `${name} ${megabytes} MiB in ${seconds.toFixed(1)} s, ${
        (megabytes / seconds).toFixed(0)
      } MiB/s, ` +
        `load ${load.toFixed(0)}: client ${memoryOf(Deno.pid)}, server ${memoryOf(server.pid())}`,
    );
  };
  for (let round = 1; round <= 3; round++) {
    await rate("put", async () => {
      one.offer("run", "job");
      await one.finished();
    });
    await rate("got", () => other.fetch("run", "job"));
  }
  const [sent, got] = [one, other].map(({ folder }) =>
    Deno.readFileSync(checkpointFile(folder, "job"))
  );
  if (sent.length !== got.length || sent.some((byte, i) => byte !== got[i])) {
    throw new Error("The object is not what was put");
  }
  objects.forget("job");
  one.close();
  other.close();
  await Promise.all([nc.close(), coordinator.close()]);
  await server.stop();
}

const [what, number] = Deno.args;
if (what !== "weights") await faults(Number(number ?? 60));
if (what !== "faults") await weights(Number(number ?? 100));
Deno.exit(0);
