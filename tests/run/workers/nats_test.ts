/** Workers over a real NATS server: rights, restarts, refusals, TLS. */
import assert from "node:assert/strict";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { join } from "@std/path";
import { workersOf } from "../../../src/cli/workers.ts";
import type { UsageError } from "../../../src/common/errors.ts";
import {
  connect,
  infoOf,
  openJetStream,
  passOverResets,
} from "../../../src/run/workers/nats/connect.ts";
import { NatsChannel } from "../../../src/run/workers/nats/coordinator.ts";
import { Lease } from "../../../src/run/workers/nats/lease.ts";
import { MARK, messageIn } from "../../../src/run/workers/messages.ts";
import { LEASES, openingMessage } from "../../../src/run/workers/nats/names.ts";
import { portableOpening } from "../../../src/run/workers/nats/opening.ts";
import { serveWorkers } from "../../../src/run/workers/nats/serve.ts";
import { cert, key } from "../../http/certificate.ts";
import { until } from "./hold.ts";
import { coordinatorOn, serversHere, startHere, workerSecret, workersOn } from "./servers.ts";
import { configOf, jobOf, openingOf, searched, trialsOf } from "./opening.ts";

const never = new AbortController().signal;
const choice = (n: number) => [n % 5, 1, 2, 3, 4, n % 3];
const opening = openingOf(configOf());

const refused = (message: RegExp) => (error: UsageError) => {
  assert.equal(error.name, "UsageError");
  assert.match(error.message, message);
  return true;
};

for (const { program, version } of await serversHere()) {
  Deno.test(`NATS ${version}: without the token, with a wrong one, or to publish jobs, a worker is refused`, async () => {
    const server = await startHere(program);
    const channel = await coordinatorOn(server, opening);
    for (const secret of [undefined, "worker:wrong", "wrong"]) {
      const access = { url: server.url, secret };
      await assert.rejects(connect(access, "worker"), refused(/the server refuses the credential/));
    }
    const nc = await connect({ url: server.url, secret: workerSecret(server) }, "worker");
    const forbidden: string[] = [];
    (async () => {
      for await (const status of nc.status()) {
        if (status.type === "error") forbidden.push(status.error.message);
      }
    })();
    nc.publish("denas.job.test.1.x", "{}");
    nc.publish("denas.run.test", "{}");
    nc.publish("$JS.API.STREAM.PURGE.DENAS_JOBS", "");
    nc.publish("denas.control.other", "stop");
    nc.publish("denas.cancel.test.all", "");
    // Of objects it may write checkpoints and results, not data sets.
    nc.publish("$O.denas_files.M.eA==", "{}");
    nc.publish("$JS.API.STREAM.PURGE.OBJ_denas_files", "");
    nc.publish("$JS.API.STREAM.DELETE.OBJ_denas_work", "");
    await nc.flush();
    await until(() => forbidden.length === 8);
    assert.ok(forbidden.every((text) => /permissions violation/i.test(text)), forbidden.join());
    const before = await connect({ url: server.url, secret: server.secret }, "coordinator");
    const { state } = await (await jetstreamManager(before)).streams.info("DENAS_JOBS");
    assert.equal(state.messages, 0);
    await Promise.all([nc.close(), before.close()]);
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: whatever a holder of the workers' password publishes, the others go on`, async () => {
    const server = await startHere(program);
    const slow = openingOf(configOf({ "evaluator.milliseconds": 500 }));
    const channel = await coordinatorOn(server, slow);
    const serving = await workersOn(server, slow, 1);
    await until(() => channel.capacity() === 1);
    const [{ id }] = channel.workers();
    const nc = await connect({ url: server.url, secret: workerSecret(server) }, "worker");
    // The server answers requests to any subject.
    nc.publish("$JS.API.INFO", "", { reply: `denas.control.${id}` });
    for (const text of ["no JSON", "{}", '{"id":"0","ticket":"x","outcome":{"status":"done"}}']) {
      nc.publish("denas.result.test.other", text);
      nc.publish("denas.result.test.0.forged", text);
      nc.publish("denas.alive.other", text);
    }
    const alive = { state: "idle", done: 0, host: "h".repeat(5000) };
    nc.publish("denas.alive.a", JSON.stringify({ ...alive, id: "a.>\u001b[2J" }));
    nc.publish("denas.alive.long", JSON.stringify({ ...alive, id: "long" }));
    await nc.flush();
    await until(() => channel.workers().some((worker) => worker.id === "long"));
    assert.deepEqual(channel.workers().map((worker) => worker.id).sort(), ["long", id].sort());
    assert.equal(channel.workers().find((worker) => worker.id === "long")!.host!.length, 300);
    for (const n of [0, 1]) {
      const ran = channel.run(jobOf(n, choice(n)), never);
      await until(() => channel.workers().some(({ job }) => job === `${n}`));
      nc.publish("$JS.API.INFO", "", { reply: "denas.cancel.test.all" });
      assert.equal((await ran).status, "done");
    }
    const state = () => channel.workers().find((worker) => worker.id === id)!.state;
    await until(() => state() !== "busy");
    assert.equal(state(), "idle");
    await nc.close();
    await serving.stop();
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: a cancel that a worker missed is repeated when it names the job`, async () => {
    const server = await startHere(program);
    const channel = await coordinatorOn(server, opening);
    const nc = await connect({ url: server.url, secret: workerSecret(server) }, "worker");
    const cancels = nc.subscribe("denas.cancel.test.0", { max: 1 });
    await nc.flush();
    const alive = { id: "late", state: "busy", done: 0, run: "test", job: "0", ticket: "old-1" };
    nc.publish("denas.alive.late", JSON.stringify(alive));
    for await (const message of cancels) assert.equal(message.string(), "cancel");
    await nc.close();
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: a server without JetStream, and a port that is taken, are said with what to do`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    await assert.rejects(
      startHere(program, { port }),
      refused(
        new RegExp(`^Cannot listen on 127.0.0.1:${port}: the port is taken; name another with --l`),
      ),
    );
    listener.close();
    const plain = new Deno.Command(program, {
      args: ["-a", "127.0.0.1", "-p", `${port}`],
      stderr: "null",
    }).spawn();
    const access = { url: `nats://127.0.0.1:${port}` };
    let nc: Awaited<ReturnType<typeof connect>> | undefined;
    while (!nc) nc = await connect(access, "worker").catch(() => undefined);
    await assert.rejects(
      openJetStream(nc),
      refused(/^Cannot use the NATS server: JetStream is not enabled there; start it with -js/),
    );
    await nc.close();
    plain.kill("SIGTERM");
    await plain.status;
  });

  Deno.test(`NATS ${version}: a server without room ends the run with what to do`, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "denas-nats-" });
    const config = join(folder, "server.conf"), ports = join(folder, "ports");
    Deno.mkdirSync(ports);
    Deno.writeTextFileSync(
      config,
      `jetstream { store_dir: "${folder}", max_file_store: 4MB }\nmax_payload: 8MB\nports_file_dir: "${ports}"`,
    );
    const full = new Deno.Command(program, {
      args: ["-a", "127.0.0.1", "-p", "-1", "-c", config],
      stderr: "null",
    }).spawn();
    let url = "";
    await until(() => {
      // The file is there before its text is.
      const [text = ""] = [...Deno.readDirSync(ports)]
        .map(({ name }) => Deno.readTextFileSync(join(ports, name)));
      if (text.trim().endsWith("}")) [url] = JSON.parse(text).nats;
      return url !== "";
    });
    const nc = await connect({ url }, "coordinator");
    const channel = await NatsChannel.open({
      ...{ nc, run: "test", opening: portableOpening(opening), report: () => {} },
    });
    const jobs = Array.from(
      { length: 8 },
      (_, i) => channel.run({ ...jobOf(i, choice(i)), payload: "x".repeat(700_000) }, never),
    );
    const [{ reason }] = await Promise.allSettled(jobs) as PromiseRejectedResult[];
    assert.equal(reason.name, "DataError");
    assert.match(reason.message, /^Cannot go on: the NATS server has no room \(.*free some space/);
    await channel.close();
    full.kill("SIGTERM");
    await full.status;
  });

  Deno.test(`NATS ${version}: the token is in a file that its owner alone may read`, async () => {
    const server = await startHere(program);
    assert.equal(Deno.statSync(server.tokenFile).mode! & 0o777, 0o600);
    const shown = await new Deno.Command("ps", { args: ["-o", "args=", "-p", `${server.pid()}`] })
      .output();
    assert.ok(!new TextDecoder().decode(shown.stdout).includes(workerSecret(server).slice(7)));
    await server.stop();
  });

  Deno.test(`NATS ${version}: a second coordinator of a run is refused; one after its death gets the results`, async () => {
    const server = await startHere(program);
    const first = await coordinatorOn(server, opening);
    await assert.rejects(
      coordinatorOn(server, opening),
      refused(/^Cannot go on with the run: process \d+ on .* is at it, expected none/),
    );
    const serving = await workersOn(server, opening, 1);
    const done = await first.run(jobOf(0, choice(0)), never);
    await first.close();
    const second = await coordinatorOn(server, opening);
    const again = await second.run(jobOf(0, choice(0)), never);
    assert.deepEqual(again, done);
    assert.deepEqual(second.figures().done, 0);
    await serving.stop();
    await second.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: a run is opened across the death of its server, and renewed where an answer was lost`, async () => {
    const server = await startHere(program);
    const access = { url: server.url, secret: server.secret };
    const nc = await connect(access, "coordinator");
    Deno.kill(server.pid(), "SIGSTOP");
    const lost: Error[] = [];
    const opened = Lease.take(nc, "test", (error) => lost.push(error));
    await new Promise((resolve) => setTimeout(resolve, 300));
    Deno.kill(server.pid(), "SIGKILL");
    const lease = await opened;
    // This stands for a renewal of the lease whose answer does not arrive.
    const kv = await new Kvm(nc).open(LEASES);
    const { revision: first, value } = (await kv.get("test"))!;
    const answerless = await kv.update("test", value, first);
    for (;;) {
      const { revision } = (await kv.get("test"))!;
      if (lost.length > 0 || revision > answerless) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.deepEqual(lost, []);
    await lease.release();
    Deno.kill(server.pid(), "SIGKILL");
    await until(() => nc.info === undefined);
    assert.equal((await infoOf(nc)).version, version);
    await nc.close();
    await assert.rejects(infoOf(nc), /the connection to the NATS server is closed/);
    await server.stop();
  });

  Deno.test(`NATS ${version}: a search goes on while the server and workers are killed`, async () => {
    const config = configOf({
      ...{ strategy: "local-search", rounds: 3, perRound: 4 },
      ...{ "evaluator.milliseconds": 200 },
    });
    const alone = (await searched(config)).events;
    const own = openingOf(config);
    const server = await startHere(program);
    const channel = await coordinatorOn(server, own);
    const serving = await workersOn(server, own, 2);
    let n = 0;
    const kills = setInterval(() => {
      if (++n === 2) Deno.kill(server.pid(), "SIGKILL");
      else if (n === 4) {
        const { pid } = channel.workers().find(({ state }) => state === "busy") ?? {};
        if (pid) Deno.kill(pid, "SIGKILL");
      }
    }, 400);
    const { events } = await searched(config, { channel });
    clearInterval(kills);
    assert.deepEqual(
      trialsOf(events).map(({ trial, score }) => [trial, score]),
      trialsOf(alone).map(({ trial, score }) => [trial, score]),
    );
    await serving.stop();
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: a worker that falls silent loses its job to another`, async () => {
    const server = await startHere(program);
    const slow = openingOf(configOf({ "evaluator.milliseconds": 700 }));
    const nc = await connect({ url: server.url, secret: server.secret }, "coordinator");
    const channel = await NatsChannel.open({
      ...{ nc, run: "test", opening: portableOpening(slow), silence: 5500, report: () => {} },
    });
    // A worker that takes a job and says nothing more.
    const silent = await connect({ url: server.url, secret: workerSecret(server) }, "worker");
    const ran = channel.run(jobOf(0, choice(0)), never);
    const consumer = await jetstream(silent).consumers.get("DENAS_JOBS", "workers");
    const job = (await consumer.next({ expires: 5000 }))!.json<{ run: string; ticket: string }>();
    const alive = { id: "silent", state: "busy", done: 0, run: "test", job: "0" };
    silent.publish("denas.alive.silent", JSON.stringify({ ...alive, ticket: job.ticket }));
    const outcome = await ran;
    assert.match((outcome as { reason: string }).reason, /silent gave no sign of life for 5.5 s/);
    const serving = await workersOn(server, slow, 1);
    assert.equal((await channel.run(jobOf(0, choice(0), 2), never)).status, "done");
    await Promise.all([silent.close(), serving.stop()]);
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: a job goes to a worker with the memory that it needs, or is given back with both figures`, async () => {
    const server = await startHere(program);
    const nc = await connect({ url: server.url, secret: server.secret }, "coordinator");
    const channel = await NatsChannel.open({
      ...{ nc, run: "test", opening: portableOpening(opening), patience: 0, report: () => {} },
    });
    const serving = (memory?: number) =>
      serveWorkers({
        access: { url: server.url, secret: workerSecret(server) },
        ...{ workers: 1, memory, plugins: opening.plugins, find: { cacheDir: "/nonexistent" } },
        report: () => {},
      });
    const small = await serving(100 * 2 ** 20);
    const needs = (id: number, bytes: number) =>
      channel.run({ ...jobOf(id, choice(id)), needs: bytes }, never);
    assert.equal((await needs(0, 100 * 2 ** 20)).status, "done");
    const given = await needs(1, 2 ** 30);
    assert.ok(given.status === "unfit");
    assert.match(
      given.reason,
      /takes about 1024 MiB of device memory, the largest of 1 workers has 100 MiB; start one/,
    );
    const large = await serving();
    await until(() => channel.capacity() === 2);
    const [ran, other] = await Promise.all([needs(1, 2 ** 30), needs(2, 2 ** 20)]);
    assert.ok(ran.status === "done" && other.status === "done");
    assert.notEqual(
      ran.worker,
      channel.workers().find(({ memory }) => memory !== undefined)!.id,
    );
    await Promise.all([small.stop(), large.stop()]);
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: a job that is too large for a message is refused with both sizes`, async () => {
    const server = await startHere(program);
    const channel = await coordinatorOn(server, opening);
    const large = { ...jobOf(0, choice(0)), payload: "x".repeat(9 << 20) };
    await assert.rejects(
      channel.run(large, never),
      refused(/^Cannot hand out job 0: it has 94\d{5} bytes, the server takes 8387584; raise max_/),
    );
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: another version or plug-in is refused with what to do`, async () => {
    const server = await startHere(program);
    const notes: string[] = [];
    const channel = await coordinatorOn(server, opening, "test", (note) => notes.push(note));
    const serving = await workersOn(server, { ...opening, plugins: [] }, 1);
    const stop = new AbortController();
    const waiting = channel.run(jobOf(0, choice(0)), stop.signal);
    waiting.catch(() => {});
    await until(() => notes.length > 0);
    assert.match(notes[0], /takes no jobs: plug-in sleeping.ts is not here with the same content/);
    assert.equal(channel.capacity(), 0);
    // One that has it does the job.
    const good = await workersOn(server, opening, 1);
    assert.equal((await waiting).status, "done");
    await Promise.all([serving.stop(), good.stop()]);
    await channel.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: TLS with an authority of one's own`, async () => {
    const folder = Deno.makeTempDirSync();
    const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    Deno.writeTextFileSync(certFile, cert);
    Deno.writeTextFileSync(keyFile, key);
    const server = await startHere(program, {
      host: "127.0.0.1",
      tls: { cert: certFile, key: keyFile },
    });
    const url = server.url.replace("127.0.0.1", "localhost");
    const nc = await connect({ url, secret: server.secret, ca: certFile }, "coordinator");
    await openJetStream(nc);
    await nc.close();
    await assert.rejects(
      connect({ url, secret: server.secret }, "coordinator"),
      refused(/give the certificate of its authority with --ca/),
    );
    await server.stop();
  });
}

Deno.test("a server that is too old is said with what to do", async () => {
  // It greets as NATS 2.8 does, which has not all that is needed.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const greeting = { server_id: "S", version: "2.8.4", proto: 1, max_payload: 1 << 20 };
  const served = listener.accept().then(async (socket) => {
    const send = (text: string) => socket.write(new TextEncoder().encode(`${text}\r\n`));
    const part = new Uint8Array(4096);
    await send(`INFO ${JSON.stringify(greeting)}`);
    for (let n; (n = await socket.read(part)) !== null;) {
      if (new TextDecoder().decode(part.subarray(0, n)).includes("PING")) await send("PONG");
    }
    socket.close();
  });
  const nc = await connect({ url: `nats://127.0.0.1:${port}` }, "worker");
  await assert.rejects(
    openJetStream(nc),
    refused(/^Cannot use the NATS server 2.8.4: expected 2.9 or newer; install a newer one$/),
  );
  await nc.close();
  await served;
  listener.close();
});

Deno.test("a password in the address is refused, and not repeated", async () => {
  await assert.rejects(
    connect({ url: "nats://me:hidden@127.0.0.1:4222" }, "coordinator"),
    (error: UsageError) =>
      refused(/expected nats:\/\/127.0.0.1:4222; put the password into a file/)(error) &&
      !error.message.includes("hidden"),
  );
  // Nor is it kept in a run's folder.
  assert.throws(() => workersOf({ nats: "nats://me:hidden@127.0.0.1:4222" }), {
    name: "UsageError",
  });
});

Deno.test("a data set's hash from another machine names no other folder", () => {
  const common = { version: "1", hash: "h", kind: "evaluate", plugins: [], value: {} };
  const parses = (hash: string) =>
    openingMessage.safeParse({ ...common, dataset: { name: "x", hash } }).success;
  assert.ok(parses("0".repeat(64)));
  assert.ok(!parses("../../../home"));
});

Deno.test("half a message of a killed process, and what a plug-in prints, are no messages", () => {
  assert.equal(messageIn(`${MARK}{"done":"1","val`), null);
  assert.equal(messageIn(`${MARK}{"done":1}`), null);
  assert.equal(messageIn("epoch 1"), null);
  assert.deepEqual(messageIn(`${MARK}{"ready":{}}`), { ready: {} });
});

Deno.test("no server, and none on this machine, are said with what to do", async () => {
  await assert.rejects(
    connect({ url: "nats://127.0.0.1:9", secret: undefined }, "worker"),
    refused(/^Cannot connect to nats:\/\/127.0.0.1:9: no server answers there; check address/),
  );
});

Deno.test("the reset of a connection that was given up ends no process, other errors do", () => {
  passOverResets();
  const isPassed = (code: string) => {
    const error = Object.assign(new Error(`read ${code}`), { code });
    return !globalThis.dispatchEvent(new ErrorEvent("error", { error, cancelable: true }));
  };
  assert.deepEqual([isPassed("ECONNRESET"), isPassed("EPIPE")], [true, false]);
});
