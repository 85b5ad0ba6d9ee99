import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fileCache } from "../own_cache.ts";
import { usualPlaces } from "../../src/data/find.ts";
import { readLines } from "../../src/run/files.ts";
import { lockAdapter } from "../../src/run/lock.ts";
import { readState } from "../../src/run/state.ts";
import { start as type } from "../cli/command.ts";
import { writePictures } from "../data/make.ts";
import { messages, serve, type Served } from "./serving.ts";

/** A small search that goes through every phase, of so many epochs that it can be stopped on the way. */
const search = {
  command: "search",
  mode: "macro",
  preset: "smoke",
  data: "photos",
  batch: 8,
  epochs: 4,
  rounds: 2,
  perRound: 2,
  evaluator: { kind: "shared", rewardBatch: 4 },
  selection: { drawn: 2, best: 1, images: 8 },
};

/** A network of macro, in the smallest size. */
const macroArch = {
  format: "denas-arch",
  version: 2,
  space: "macro",
  input: [16, 16, 3],
  classes: 2,
  choice: [0, 0, 0, 0, 0, 0],
  settings: { layers: 3, filters: 4 },
};

async function withPhotos(): Promise<Served & { dataDir: string }> {
  const dataDir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "denas-" }));
  const parts = { train: 20, valid: 4, test: 6 };
  await writePictures(join(dataDir, "photos"), parts, { size: [16, 16] });
  return { ...await serve({ dataDir }), dataDir };
}

async function start(served: Served, body: unknown): Promise<string> {
  const response = await served.send("POST", "/runs", body);
  const answer = await response.json();
  assertEquals(response.status, 202, JSON.stringify(answer));
  assertEquals(response.headers.get("location"), answer.location);
  assertEquals(answer.location, `/runs/${answer.id}`);
  return answer.id;
}

// deno-lint-ignore no-explicit-any -- as it comes
const inspect = (served: Served, id: string) => served.json<any>(`/runs/${id}`);

/** Follows a run until an event of this type; `state` messages count when they tell this state. */
async function until(served: Served, id: string, wanted: { type?: string; state?: string }) {
  for await (const { id: seq, data } of messages(await served.get(`/runs/${id}/events`))) {
    if (seq !== undefined && data.type === wanted.type) return;
    if (seq !== undefined) continue;
    if (data.state === wanted.state) return;
    assert(data.state !== "failed", data.error);
  }
  assert(wanted.type === "done", `${id} ended without ${JSON.stringify(wanted)}`);
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

async function untilState(served: Served, id: string, state: string) {
  for (;;) {
    const now = readState(join(served.runs, id));
    if (now.status === state) return now;
    assert(now.status !== "failed", `${id} failed: ${now.error}`);
    await pause();
  }
}

Deno.test("searches are started, wait for each other, stop, go on and end alike; a winner is retrained", async () => {
  await using served = await withPhotos();
  const first = await start(served, search);
  const second = await start(served, search);
  const waiting = await inspect(served, second);
  assertEquals([waiting.state, waiting.position], ["queued", 0]);
  assertEquals((await served.send("DELETE", `/runs/${first}`)).status, 409);

  await until(served, second, { type: "start" });
  assertEquals((await inspect(served, first)).state, "done", "one at a time");
  assertEquals((await served.send("POST", `/runs/${second}/stop`)).status, 202);
  await until(served, second, { state: "interrupted" });
  assertEquals((await served.send("POST", `/runs/${second}/resume`)).status, 202);
  await until(served, second, { type: "done" });
  await untilState(served, second, "done");

  const trials = (id: string) =>
    readLines<Record<string, unknown>>(join(served.runs, id, "trials.ndjson"))
      .map(({ time: _, ...trial }) => trial);
  assertEquals(trials(second), trials(first));
  assert((await (await served.get(`/runs/${second}/arch.svg`)).text()).includes("<svg"));

  const retrained = await start(served, {
    command: "retrain",
    from: first,
    preset: "smoke",
    batch: 8,
  });
  await until(served, retrained, { type: "done" });
  await untilState(served, retrained, "done");
  const { state, testAccuracy, mode, command } = await inspect(served, retrained);
  assertEquals([state, mode, command], ["done", "macro", "retrain"]);
  assert(testAccuracy >= 0 && testAccuracy <= 1);
  assertEquals(served.reports, []);
});

Deno.test("a search has settings of its space, its strategy and its evaluator", async () => {
  await using served = await withPhotos();
  const id = await start(served, {
    ...search,
    space: { layers: 4, filters: 6 },
    strategy: { kind: "evolution", population: 3, tournament: 2, encoding: { strict: true } },
    evaluator: { kind: "train", epochs: 2 },
    ...{ epochs: 1, rounds: 1, perRound: 3, trainImages: 8 },
    selection: { drawn: 0, best: 1 },
  });
  await until(served, id, { type: "done" });
  const { config, trials, strategy } = await inspect(served, id);
  const { space: { kind, layers, filters }, evaluator } = config;
  assertEquals({ kind, layers, filters }, { kind: "macro", layers: 4, filters: 6 });
  assertEquals(config.strategy.encoding.strict, true);
  assertEquals([config.strategy.population, config.strategy.tournament], [3, 2]);
  assertEquals([strategy, trials], ["evolution", 4]);
  assertEquals([evaluator.kind, evaluator.epochs], ["train", 2]);
  assertEquals(served.reports, []);
});

Deno.test("settings that do not belong together are refused with a reason", async () => {
  await using served = await withPhotos();
  const retrain = { command: "retrain", arch: macroArch, preset: "smoke" };
  for (
    const [body, reason] of [
      [{ ...search, space: { blocks: 3 } }, "Cannot set space.blocks: no such setting"],
      [
        { ...search, mode: "micro", space: { layers: 2 } },
        "layers: expected at least 3 layers",
      ],
      [
        { ...search, space: { blocks: 3, branches: 4 } },
        "no search space has all of these settings",
      ],
      [{ ...search, space: { layers: 65 } }, "layers: expected at most 64"],
      [
        { ...search, mode: "grammar", space: { grammar: "[grammar]\n" } },
        'grammar: Invalid option: expected one of "nb201_variable_multi_multi"|"nb201_fixed',
      ],
      [{ ...search, strategy: { kind: "random", population: 4 } }, '"population"'],
      [{ ...search, strategy: { population: 4 } }, "expected kind to be one of enas, "],
      [{ ...search, strategy: "random" }, "expected kind to be one of enas, "],
      [{ ...search, evaluator: { kind: "train", rewardBatch: 4 } }, '"rewardBatch"'],
      [{ ...search, evaluator: { kind: "table" } }, "expected kind to be one of shared, train"],
      [{ ...retrain, space: { blocks: 3 } }, "Cannot set space.blocks: no such setting"],
      [{ ...retrain, strategy: { kind: "random" } }, '"strategy"'],
    ] as const
  ) {
    const response = await served.send("POST", "/runs", body);
    const { detail } = await response.json();
    assertEquals(response.status, 400, detail);
    assert(detail.startsWith("Cannot ") && detail.includes(reason), detail);
  }
  assertEquals((await served.json<{ total: number }>("/runs")).total, 0);
});

Deno.test("a run of the command line is stopped and gone on with as well", async () => {
  await using served = await withPhotos();
  const photos = join(served.dataDir, "photos");
  const small = ["rounds=2", "perRound=2", "evaluator.rewardBatch=4", "selection.images=8"];
  const { child } = type([
    ...["search", "--mode", "macro", "--preset", "smoke", "--data", photos, "--batch", "8"],
    ...[...small, "epochs=400"].flatMap((setting) => ["--set", setting]),
    ...["--runs", served.runs, "--wait", "--json"],
  ]);
  let id: string | undefined;
  while (id === undefined) {
    await pause();
    ({ id } = (await served.json<{ runs: { id?: string }[] }>("/runs")).runs[0] ?? {});
  }
  await until(served, id, { type: "epoch" });
  assertEquals((await served.send("POST", `/runs/${id}/resume`)).status, 409, "it is going on");
  assertEquals((await served.send("DELETE", `/runs/${id}`)).status, 409);
  assertEquals((await served.send("POST", `/runs/${id}/stop`)).status, 202);
  assertEquals((await child.output()).code, 130);
  assertEquals((await inspect(served, id)).state, "interrupted");
  assertEquals((await served.send("POST", `/runs/${id}/resume`)).status, 202);
  await until(served, id, { type: "resume" });
});

Deno.test("a run waits, and says so, while another process has the adapter", async () => {
  await using served = await withPhotos();
  const id = await start(served, { ...search, epochs: 400 });
  await until(served, id, { type: "epoch" });
  assertEquals((await served.send("POST", `/runs/${id}/stop`)).status, 202);
  const { pid } = await untilState(served, id, "interrupted");
  const { adapter } = await inspect(served, id);
  const { cacheDir } = usualPlaces({ ...Deno.env.toObject(), ...fileCache }, served.runs);
  const lock = await lockAdapter({
    folder: join(cacheDir, "locks"),
    adapter: adapter.description,
    run: "a test",
    wait: true,
  });
  try {
    assertEquals((await served.send("POST", `/runs/${id}/resume`)).status, 202);
    // Another process than before has the run (0: none yet), and has found the adapter taken.
    for (let now = pid; now === pid || now === 0;) {
      await pause();
      now = (await untilState(served, id, "queued")).pid;
    }
    assertEquals((await inspect(served, id)).position, undefined);
  } finally {
    lock.release();
  }
  await until(served, id, { type: "resume" });
});

Deno.test("a run that cannot begin says why; one that waits can be stopped", async () => {
  await using served = await withPhotos();
  const broken = await start(served, { ...search, maxParams: 1 });
  const stopped = await start(served, search);
  assertEquals((await served.send("POST", `/runs/${stopped}/stop`)).status, 202);
  const { state, position } = await inspect(served, stopped);
  assertEquals([state, position], ["interrupted", undefined]);
  const { error } = await untilState(served, broken, "failed");
  assert(error?.startsWith("Cannot find architectures within the limits"), error);
});

Deno.test("a closed server leaves a checkpoint; the queue is taken up by the next one", async () => {
  const served = await withPhotos();
  const { runs } = served;
  const endless = { ...search, epochs: 1000 };
  const dataDir = readState(join(runs, await start(served, endless))).dataDir;
  const [first] = (await served.json<{ runs: { id: string }[] }>("/runs")).runs;
  const second = await start(served, search);
  await until(served, first.id, { type: "start" });
  await served.server.close();
  assertEquals(readState(join(runs, first.id)).status, "interrupted");
  assertEquals(readState(join(runs, second)).status, "queued");
  await using next = await serve({ runs, dataDir });
  await until(next, second, { type: "start" });
});
