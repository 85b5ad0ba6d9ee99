/** Jobs whose workers vanish go on from their checkpoints, and results that are too large for a message. */
import assert from "node:assert/strict";
import { Objm } from "@nats-io/obj";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import type { SearchConfig } from "../../../src/nas/config/config.ts";
import { loadPlugins } from "../../../src/run/plugins.ts";
import { attempted } from "../../../src/run/workers/attempts.ts";
import type { Channel, Opening, Outcome } from "../../../src/run/workers/channel.ts";
import { checkpointFile, JobCheckpoints } from "../../../src/run/workers/checkpoints.ts";
import { type Evaluated, evaluated } from "../../../src/run/workers/evaluate.ts";
import { connect } from "../../../src/run/workers/nats/connect.ts";
import { WorkerObjects } from "../../../src/run/workers/nats/objects.ts";
import { ProcessChannel } from "../../../src/run/workers/processes.ts";
import { coordinatorOn, serversHere, startHere, workerSecret, workersOn } from "./servers.ts";
import { killWorker, reached, until } from "./hold.ts";
import { configOf, jobOf, openingOf } from "./opening.ts";
import { wholeScore } from "./stepping.ts";

const plugin = fileURLToPath(new URL("./stepping.ts", import.meta.url));
await loadPlugins([plugin]);
const never = new AbortController().signal;
const job = jobOf(0, [1, 2, 3, 4, 0, 1]);

/** An opening whose first job stops in its middle as long as the file `hold` is there. */
function held(settings: Record<string, unknown> = {}): Opening & { hold: string } {
  const folder = Deno.makeTempDirSync({ prefix: "denas-checkpoints-" });
  const hold = join(folder, "hold");
  Deno.writeTextFileSync(hold, "");
  const config = configOf({
    evaluator: "stepping",
    plugins: [plugin],
    "evaluator.hold": hold,
    ...settings,
  });
  return { ...openingOf(config), checkpoints: { folder, seconds: 0 }, hold };
}

const isThere = (file: string) => Deno.stat(file).then(() => true, () => false);

/** Runs the job, ends its worker in its middle, and returns its value. */
async function cutOff(
  channel: Channel,
  hold: string,
  end: () => void | Promise<void>,
): Promise<Evaluated> {
  const found = attempted(channel, job, evaluated, never);
  await reached(hold);
  await end();
  const ended = await found;
  assert.ok("value" in ended);
  return ended.value;
}

function assertWentOn({ result, fromStep }: Evaluated): void {
  assert.equal(fromStep, 3);
  assert.ok(result.status === "ok");
  assert.equal(result.score.value, wholeScore());
}

Deno.test("processes: a job whose process is killed goes on from its last checkpoint, which is then deleted", async () => {
  const opening = held();
  const channel = new ProcessChannel(opening, 1);
  try {
    assertWentOn(await cutOff(channel, opening.hold, () => killWorker(channel)));
    assert.ok(!await isThere(checkpointFile(opening.checkpoints!.folder, job.id)));
  } finally {
    await channel.close();
  }
});

Deno.test("a job goes on where the data set has another path", async () => {
  const opening = held();
  const first = new ProcessChannel(opening, 1);
  first.run(job, never).catch(() => {});
  await reached(opening.hold);
  await first.close();
  const { config, ...value } = opening.value as { config: SearchConfig };
  const elsewhere = { ...opening, value: { ...value, config: { ...config, data: "/other" } } };
  const second = new ProcessChannel(elsewhere, 1);
  const found = await attempted(second, job, evaluated, never);
  await second.close();
  assert.ok("value" in found);
  assertWentOn(found.value);
});

Deno.test("a checkpoint of other settings or another adapter, and a damaged one, are passed over with the reason", async () => {
  const options = { folder: Deno.makeTempDirSync(), seconds: 0 };
  const state = { json: { a: 1 }, tensors: {} };
  const opened = (identity: unknown) => {
    const checkpoints = new JobCheckpoints(options, identity);
    checkpoints.start({ id: "1", saved: () => {} });
    return checkpoints;
  };
  await opened("one adapter").save(4, state);
  const same = opened("one adapter");
  assert.deepEqual(await same.load(), { step: 4, state });
  assert.deepEqual(same.begun, { fromStep: 4 });
  const other = opened("another adapter");
  assert.equal(await other.load(), null);
  assert.match(other.begun.anew!, /of another adapter/);
  Deno.truncateSync(checkpointFile(options.folder, "1"), 100);
  const damaged = opened("one adapter");
  assert.equal(await damaged.load(), null);
  assert.match(damaged.begun.anew!, /is damaged/);
});

for (const { program, version } of await serversHere()) {
  Deno.test(`NATS ${version}: a job goes on where its process was killed, and on another machine where its worker ended`, async () => {
    const server = await startHere(program);
    const nc = await connect({ url: server.url, secret: server.secret }, "coordinator");
    for (const run of ["killed", "left"]) {
      const opening = held();
      const channel = await coordinatorOn(server, opening, run);
      let serving = await workersOn(server, opening, 1);
      const leave = async () => {
        await serving.stop();
        serving = await workersOn(server, opening, 1);
      };
      const end = run === "killed" ? () => killWorker(channel) : leave;
      assertWentOn(await cutOff(channel, opening.hold, end));
      const store = await new Objm(nc).open("denas_work");
      await until(async () => (await store.list()).length === 0);
      await serving.stop();
      await channel.close();
    }
    await nc.close();
    await server.stop();
  });

  Deno.test(`NATS ${version}: a result that is too large for a message arrives, also at a later coordinator`, async () => {
    const opening = held({ "evaluator.hold": "", "evaluator.numbers": 800_000 });
    const server = await startHere(program);
    const first = await coordinatorOn(server, opening);
    const serving = await workersOn(server, opening, 1);
    const done = await first.run(job, never);
    await first.close();
    const second = await coordinatorOn(server, opening);
    for (const outcome of [done, await second.run(job, never)]) {
      assert.ok(outcome.status === "done");
      const { result } = outcome.value as Evaluated;
      assert.ok(result.status === "ok");
      assert.equal(result.score.objectives!.length, 800_000);
    }
    await serving.stop();
    await second.close();
    const nc = await connect({ url: server.url, secret: workerSecret(server) }, "worker");
    const objects = await WorkerObjects.open(nc);
    const outcome = { ...done, value: "x".repeat(9 << 20) } as Outcome;
    const sized = await objects.sized("test", { id: "0", ticket: "a-1", outcome }, 9 << 20);
    assert.ok(sized.outcome.status === "unfit");
    assert.match(
      sized.outcome.reason,
      /^its result has 9437\d{3} bytes, expected at most 9437184; /,
    );
    objects.close();
    await nc.close();
    await server.stop();
  });
}
