import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { killedBy, wasAsked } from "../../src/http/stopper.ts";
import { isGuarded } from "../../src/run/guard.ts";
import { readState, writeState } from "../../src/run/state.ts";
import { writePictures } from "../data/make.ts";
import { makeRun } from "./made_run.ts";
import { messages, serve, type Served } from "./serving.ts";

const library = new URL("../../src/run/folder.ts", import.meta.url).href;
const config = new URL("../../deno.json", import.meta.url).pathname;

/** A run in a process that ignores signals. */
async function startDeaf(runs: string) {
  const script = join(runs, "..", "deaf.ts");
  Deno.writeTextFileSync(
    script,
    `import { RunFolder } from ${JSON.stringify(library)};
Deno.addSignalListener("SIGINT", () => console.log("heard"));
const config = { preset: "smoke", mode: "macro", seed: 1, data: "x", adapter: "default", epochs: 1 };
const folder = RunFolder.create({ runs: Deno.args[0], command: "search", mode: "macro", config });
console.log(folder.name);
setInterval(() => folder.name, 1000);
`,
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", config, script, runs],
    stdout: "piped",
  }).spawn();
  const words = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const said = async () => (await words.read()).value?.trim();
  return { child, id: (await said())!, said, [Symbol.asyncDispose]: () => words.cancel() };
}

const stop = async (served: Served, id: string) =>
  assertEquals((await served.send("POST", `/runs/${id}/stop`)).status, 202);

Deno.test("a run that does not answer a stop is killed after the deadline, and can be gone on with", async () => {
  await using served = await serve({ patienceMs: 1 });
  await using run = await startDeaf(served.runs);
  await stop(served, run.id);
  assertEquals((await run.child.status).signal, "SIGKILL");
  const path = join(served.runs, run.id);
  assertEquals([readState(path).status, isGuarded(path)], ["interrupted", false]);
});

Deno.test("before the deadline a run is left alone; a second stop kills at once", async () => {
  await using served = await serve({ patienceMs: 2 ** 31 - 1 });
  await using run = await startDeaf(served.runs);
  await stop(served, run.id);
  assertEquals(await run.said(), "heard");
  assertEquals((await served.json<{ state: string }>(`/runs/${run.id}`)).state, "running");
  await stop(served, run.id);
  assertEquals((await run.child.status).signal, "SIGKILL");
});

Deno.test("a run killed from outside says by which signal, not how far it was", async () => {
  const dataDir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "denas-" }));
  await writePictures(join(dataDir, "photos"), { train: 20, valid: 4, test: 6 }, {
    size: [16, 16],
  });
  await using served = await serve({ dataDir });
  const body = { command: "search", mode: "macro", preset: "smoke", data: "photos", batch: 8 };
  const { id } = await (await served.send("POST", "/runs", { ...body, epochs: 1000 })).json();
  const path = join(served.runs, id);
  let error: string | undefined;
  for await (const { data } of messages(await served.get(`/runs/${id}/events`))) {
    if (data.type === "start") Deno.kill(readState(path).pid, "SIGKILL");
    if (data.state === "failed") {
      ({ error } = data);
      break;
    }
  }
  assert(error?.startsWith("The process was killed from outside (SIGKILL)"), error);
});

Deno.test("a run whose process has not said its number is not stopped by another's", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, { epochs: 1, perEpoch: 20, stepsPerEpoch: 20 });
  const path = join(served.runs, id);
  writeState(path, { ...readState(path), status: "queued", pid: 0 });
  using guard = Deno.openSync(join(path, "config.json"));
  assert(guard.tryLockSync(true));
  const refused = await (await served.send("POST", `/runs/${id}/stop`)).json();
  assertEquals([refused.status, /it is starting/.test(refused.detail)], [409, true]);
});

Deno.test("ends of processes are told apart: asked for, killed, crashed, by themselves", () => {
  const ends: [Deno.CommandStatus["signal"], number, boolean, string | undefined][] = [
    [null, 130, true, undefined],
    ["SIGINT", 130, true, "SIGINT"],
    ["SIGHUP", 129, true, "SIGHUP"],
    ["SIGKILL", 137, false, "memory runs out"],
    ["SIGSEGV", 139, false, "SIGSEGV, as a crash in a driver"],
    [null, 1, false, undefined],
  ];
  for (const [signal, code, asked, why] of ends) {
    const status = { success: false, code, signal };
    assertEquals(wasAsked(status), asked);
    assert(why === undefined ? killedBy(status) === why : killedBy(status)!.includes(why));
  }
});
