/** Final candidates of a search with shared weights as jobs: interrupted, over NATS, refused, damaged. */
import assert from "node:assert/strict";
import { Objm } from "@nats-io/obj";
import { join } from "@std/path";
import { Gpu } from "../../../src/gpu/mod.ts";
import { resolveSearchConfig } from "../../../src/nas/config/config.ts";
import type { EvaluatorContext, OpenEvaluator } from "../../../src/nas/definition.ts";
import type { RunEvent } from "../../../src/nas/events.ts";
import { search } from "../../../src/nas/search/search.ts";
import { memoryStore } from "../../../src/nas/search/store.ts";
import {
  readAttachment,
  removeAttachments,
  writeAttachment,
} from "../../../src/run/workers/attachments.ts";
import { candidatesDistributed } from "../../../src/run/workers/candidates.ts";
import type { Channel, Opening, Outcome } from "../../../src/run/workers/channel.ts";
import { connect } from "../../../src/run/workers/nats/connect.ts";
import { ProcessChannel } from "../../../src/run/workers/processes.ts";
import { writePictures } from "../../data/make.ts";
import { coordinatorOn, serversHere, startHere, workersOn } from "./servers.ts";
import { timeless } from "./opening.ts";

const gpu = await Gpu.open();
const photos = Deno.makeTempDirSync({ prefix: "denas-" });
const attachments = join(Deno.makeTempDirSync({ prefix: "denas-" }), "attachments");
globalThis.addEventListener("unload", () => Deno.removeSync(photos, { recursive: true }));
await writePictures(photos, { train: 16, valid: 8, test: 2 }, { size: [8, 8] });

const config = resolveSearchConfig({
  mode: "macro",
  preset: "smoke",
  overrides: {
    data: photos,
    epochs: 1,
    batch: 8,
    rounds: 1,
    perRound: 2,
    "evaluator.rewardBatch": 4,
    "selection.drawn": 6,
    "selection.images": 8,
    "space.filters": 2,
    "space.stem": 1,
  },
});
const find = { cacheDir: "/nonexistent" };
const opening: Opening = {
  kind: "evaluate",
  plugins: [],
  value: { config, tuning: {}, find },
  attachments,
};

/** Runs the search, with its candidates on the workers of a channel where one is given. */
async function searched(
  channel?: Channel,
  { store = memoryStore(), signal = new AbortController().signal, onAttempt = (_: Outcome) => {} } =
    {},
) {
  const on = channel && {
    open: () => Promise.resolve({ channel, onAttempt: (_: unknown, o: Outcome) => onAttempt(o) }),
    attachments,
  };
  const distribute = on &&
    ((opened: OpenEvaluator, context: EvaluatorContext) =>
      candidatesDistributed(opened, context, on));
  const events: RunEvent[] = [];
  for await (const event of search(config, { signal, store, gpu, find, distribute })) {
    events.push(event);
  }
  return { events, files: store.files };
}

/** The part of a search's result that depends neither on time nor on the memory of the device. */
function endOf({ events, files }: Awaited<ReturnType<typeof searched>>) {
  const chosen = timeless(events).filter(({ type }) => type === "trial" || type === "best");
  return { chosen, arch: files.get("arch.json"), ranking: files.get("ranking.json") };
}

const alone = endOf(await searched());

Deno.test("interrupted while candidates are scored, the search resumes to the same end", async () => {
  const store = memoryStore();
  const stop = new AbortController();
  const first = new ProcessChannel(opening, 1);
  const onAttempt = () => stop.abort(new DOMException("enough", "AbortError"));
  await assert.rejects(searched(first, { store, signal: stop.signal, onAttempt }), /enough/);
  await first.close();
  assert.equal(store.files.has("arch.json"), false);
  await assert.rejects(Deno.stat(attachments), Deno.errors.NotFound);
  const second = new ProcessChannel(opening, 1);
  const attempts: string[] = [];
  const onEach = ({ status }: Outcome) => attempts.push(status);
  const { arch, ranking, chosen } = endOf(await searched(second, { store, onAttempt: onEach }));
  await second.close();
  assert.deepEqual([arch, ranking], [alone.arch, alone.ranking]);
  const candidates = alone.chosen.filter((event) => "on" in event && event.on === "selection");
  assert.deepEqual(chosen.slice(0, -1), candidates);
  assert.deepEqual(attempts, candidates.map(() => "done"));
});

for (const { program, version } of await serversHere()) {
  Deno.test(`NATS ${version}: each worker fetches the weights once, and the end is the same`, async () => {
    const server = await startHere(program);
    const channel = await coordinatorOn(server, opening);
    const fetched: string[] = [];
    const serving = await workersOn(server, opening, 2, (note) => fetched.push(note));
    const workers: string[] = [];
    const onAttempt = ({ status, worker }: Outcome) => {
      assert.equal(status, "done");
      workers.push(worker);
    };
    assert.deepEqual(endOf(await searched(channel, { onAttempt })), alone);
    assert.ok(workers.length > 2);
    assert.deepEqual(
      fetched.map((note) => /^fetched 0\.0\d+ MB of weights of test$/.test(note)),
      [
        ...new Set(workers),
      ].map(() => true),
    );
    const nc = await connect({ url: server.url, secret: server.secret }, "coordinator");
    const store = await new Objm(nc).open("denas_files");
    assert.equal((await store.list()).length, 1);
    await serving.stop();
    await channel.close();
    assert.equal((await store.list()).length, 0);
    await nc.close();
    await server.stop();
  });
}

Deno.test("an evaluator that keeps its weights to itself is refused", () => {
  const opened = { evaluator: {} } as OpenEvaluator;
  const context = { config } as EvaluatorContext;
  const open = () => Promise.reject(new Error("not opened"));
  assert.throws(() => candidatesDistributed(opened, context, { open, attachments }), {
    name: "UsageError",
    message: /^Cannot use workers with evaluator shared: it does not hand out the weights/,
  });
});

Deno.test("an attachment takes the place of earlier ones; one that was changed is not read", () => {
  const folder = Deno.makeTempDirSync({ prefix: "denas-" });
  const state = (x: number) => ({
    json: { step: x },
    tensors: { w: { shape: [2], data: Float32Array.of(x, -0) } },
  });
  const first = writeAttachment(folder, state(1));
  const second = writeAttachment(folder, state(2));
  assert.notEqual(first, second);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => join(folder, name)), [second]);
  assert.deepEqual(readAttachment(second), state(2));
  const bytes = Deno.readFileSync(second);
  bytes[bytes.length - 1] ^= 1;
  Deno.writeFileSync(second, bytes);
  assert.throws(() => readAttachment(second), /its content hashes to .*, the file is damaged/);
  removeAttachments(folder);
  removeAttachments(folder);
});
