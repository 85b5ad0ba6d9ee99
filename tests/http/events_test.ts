import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { runEvent } from "../../src/nas/events.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { Rng } from "../../src/common/random.ts";
import { makeRun } from "./made_run.ts";
import { messages, serve, type Served } from "./serving.ts";

const small = { epochs: 3, perEpoch: 20, stepsPerEpoch: 20 };

function linesOf(served: Served, id: string): string[] {
  return Deno.readTextFileSync(join(served.runs, id, "events.ndjson")).split("\n").slice(0, -1);
}

function newRun(served: Served): RunFolder {
  return RunFolder.create({
    runs: served.runs,
    command: "search",
    mode: "micro",
    config: { preset: "quick", mode: "micro", seed: 1, data: "mnist", adapter: "default" },
  });
}

const step = (n: number) => runEvent.parse({ type: "checkpoint", step: n });
const done = runEvent.parse({
  type: "done",
  seconds: 1,
  queries: 1,
  trainedImages: 1,
  peakBytes: 1,
});

/** The `seq` of run events until the stream ends or `count` came. */
async function seqs(response: Response, count = Infinity): Promise<number[]> {
  const seen: number[] = [];
  for await (const { id, data } of messages(response)) {
    if (id === undefined) continue;
    assertEquals(id, data.seq);
    seen.push(id);
    if (seen.length === count) break;
  }
  return seen;
}

Deno.test("a finished run is replayed as it was written, and the stream ends", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  const response = await served.get(`/runs/${id}/events`);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const replayed: string[] = [];
  for await (const message of messages(response)) {
    if (message.id === undefined) assertEquals(message.event, "state");
    else {
      assertEquals(message.event, message.data.type);
      replayed.push(JSON.stringify(message.data));
    }
  }
  assertEquals(replayed, linesOf(served, id));
});

Deno.test("a client comes back with the last id, or asks for a place, and misses nothing", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  const total = linesOf(served, id).length;
  const from = async (path: string, headers = {}) =>
    await seqs(await served.get(`/runs/${id}/events${path}`, headers));
  const rest = (start: number) => Array.from({ length: total - start }, (_, i) => start + i);
  for (const start of [1, 2, 7, Math.floor(total / 2), total - 1]) {
    assertEquals(await from(`?from=${start}`), rest(start));
    assertEquals(await from("?from=0", { "last-event-id": String(start - 1) }), rest(start));
  }
  const over = await served.get(`/runs/${id}/events`, { "last-event-id": String(total - 1) });
  assertEquals(over.status, 204, "nothing is left: a browser must not come back");
});

Deno.test("any place in a long run is found, and lines longer than what is read at once are whole", async () => {
  await using served = await serve();
  const folder = newRun(served);
  const rng = new Rng(5, 5);
  const warn = (length: number) => runEvent.parse({ type: "warn", message: "é".repeat(length) });
  const total = 900;
  for (let i = 0; i < total - 1; i++) folder.append(warn(i % 100 === 7 ? 70_000 : rng.below(900)));
  folder.append(done);
  folder.update({ status: "done" });
  folder.close();
  const lines = linesOf(served, folder.name);
  for (
    const from of [
      0,
      6,
      7,
      8,
      99,
      450,
      707,
      708,
      total - 2,
      ...Array.from({ length: 12 }, () => rng.below(total)),
    ]
  ) {
    const path = `/runs/${folder.name}/events?from=${from}`;
    const text = await (await served.get(path, { accept: "application/x-ndjson" })).text();
    const found = text.split("\n").slice(0, -1);
    assertEquals(found.length, total - from);
    assert(found.every((line, i) => line === lines[from + i]), `other lines from ${from}`);
  }
  assertEquals((await seqs(await served.get(`/runs/${folder.name}/events`))).length, total);
});

Deno.test("NDJSON is the file itself", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  const accept = { accept: "application/x-ndjson" };
  const all = await (await served.get(`/runs/${id}/events`, accept)).text();
  assertEquals(all, Deno.readTextFileSync(join(served.runs, id, "events.ndjson")));
  const part = await (await served.get(`/runs/${id}/events?from=5`, accept)).text();
  assertEquals(part.split("\n").slice(0, -1), linesOf(served, id).slice(5));
});

Deno.test("follow=false ends with what is there, of a run that is not done", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, { ...small, stopAfter: 1 });
  const response = await served.get(`/runs/${id}/events?follow=false`);
  assertEquals((await seqs(response)).length, linesOf(served, id).length);
});

Deno.test("a line is sent once it is whole, however it is written", async () => {
  await using served = await serve();
  const folder = newRun(served);
  folder.append(step(0));
  const reader = seqs(await served.get(`/runs/${folder.name}/events`), 3);
  const line = JSON.stringify({ seq: 1, time: "now", ...step(1) }) + "\n";
  using file = Deno.openSync(join(folder.path, "events.ndjson"), { append: true });
  for (const part of [line.slice(0, 9), line.slice(9, 30), line.slice(30)]) {
    file.writeSync(new TextEncoder().encode(part));
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  file.writeSync(new TextEncoder().encode(line.replace(":1,", ":2,")));
  assertEquals(await reader, [0, 1, 2]);
  folder.close();
});

Deno.test("the stream goes on across a kill and a resume, without the torn line", async () => {
  await using served = await serve();
  const folder = newRun(served);
  for (let i = 0; i < 5; i++) folder.append(step(i));
  folder.update({ status: "interrupted" });
  folder.close();
  using file = Deno.openSync(join(folder.path, "events.ndjson"), { append: true });
  file.writeSync(new TextEncoder().encode('{"seq":5,"time":"x","type":"check'));
  const states: string[] = [];
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (
      const { id, event, data } of messages(await served.get(`/runs/${folder.name}/events`))
    ) {
      if (id !== undefined) seen.push([id, data.type]);
      else if (event === "state") states.push(data.state);
    }
  })();
  while (!states.length) await new Promise((resolve) => setTimeout(resolve, 20));
  const resumed = RunFolder.open(folder.path);
  resumed.append({ type: "resume", fromStep: 4 });
  resumed.append(done);
  resumed.update({ status: "done" });
  resumed.close();
  await reading;
  const before = Array.from({ length: 5 }, (_, i) => [i, "checkpoint"]);
  assertEquals(seen, [...before, [5, "resume"], [6, "done"]]);
  assertEquals(states[0], "interrupted");
});

Deno.test("the end of a run's folder is the end of its streams", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, { ...small, stopAfter: 1 });
  const reading = seqs(await served.get(`/runs/${id}/events`));
  assertEquals((await served.send("DELETE", `/runs/${id}`)).status, 204);
  await reading;
  assertEquals((await served.get(`/runs/${id}/events`)).status, 404);
});

Deno.test("a name that is taken again is another run", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, small);
  await seqs(await served.get(`/runs/${id}/events`));
  const before = await served.json<{ total: number }>(`/runs/${id}/trials`);
  Deno.removeSync(join(served.runs, id), { recursive: true });
  assertEquals(await makeRun(served.runs, { ...small, epochs: 1 }), id);
  const after = await served.json<{ total: number }>(`/runs/${id}/trials`);
  assertEquals([before.total, after.total], [80, 40]);
  const all = await seqs(await served.get(`/runs/${id}/events`));
  assertEquals(all.length, linesOf(served, id).length);
});

Deno.test("clients that come and go at random see every event once, in order", async () => {
  await using served = await serve();
  const folder = newRun(served);
  const total = 400;
  const writing = (async () => {
    for (let i = 0; i < total; i++) {
      folder.append(i === total - 1 ? done : step(i));
      if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    folder.update({ status: "done" });
    folder.close();
  })();
  const clients = Array.from({ length: 5 }, async (_, client) => {
    const rng = new Rng(client, 3);
    const seen: number[] = [];
    while (seen.length < total) {
      const headers: Record<string, string> = seen.length === 0
        ? {}
        : { "last-event-id": String(seen.at(-1)) };
      const response = await served.get(`/runs/${folder.name}/events`, headers);
      if (response.status === 204) break;
      seen.push(...await seqs(response, 1 + rng.below(80)));
    }
    return seen;
  });
  const expected = Array.from({ length: total }, (_, i) => i);
  for (const seen of await Promise.all(clients)) assertEquals(seen, expected);
  await writing;
});

Deno.test("whoever follows a run is counted until he leaves", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, { ...small, stopAfter: 1 });
  const count = async () =>
    Number(/^denas_event_clients (\d+)$/m.exec(await (await served.get("/metrics")).text())![1]);
  const abort = new AbortController();
  const response = await fetch(`${served.server.url}runs/${id}/events`, { signal: abort.signal });
  const reader = response.body!.getReader();
  await reader.read();
  assertEquals(await count(), 1);
  abort.abort();
  while (await count() > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const head = await fetch(`${served.server.url}runs/${id}/events`, { method: "HEAD" });
  assertEquals(head.headers.get("content-type"), "text/event-stream");
  assertEquals(await count(), 0, "who asks for headers only does not follow");
  assert(served.reports.length === 0, served.reports.join("\n"));
});

Deno.test("a server that stops hands out what a run wrote last, and does not wait for who follows a run that goes on", async () => {
  for (const many of [3, 4000]) {
    const served = await serve();
    const folder = newRun(served);
    for (let i = 0; i < many; i++) folder.append(step(i));
    const response = await served.get(`/runs/${folder.name}/events`, {
      accept: "application/x-ndjson",
    });
    // Nothing looks at the file between these two.
    folder.append(done);
    const closing = served.server.close();
    assertEquals((await response.text()).split("\n").slice(0, -1), linesOf(served, folder.name));
    await closing;
    folder.close();
  }
  const served = await serve();
  const id = await makeRun(served.runs, { epochs: 40, perEpoch: 200, stepsPerEpoch: 200 });
  const idle = await served.get(`/runs/${id}/events`);
  await served.server.close();
  await idle.body?.cancel().catch(() => {});
});

Deno.test("garbage among the events is left out of streams, curves and trials", async () => {
  await using served = await serve();
  const id = await makeRun(served.runs, { epochs: 2, perEpoch: 20, stepsPerEpoch: 2000 });
  const file = join(served.runs, id, "events.ndjson");
  const lines = Deno.readTextFileSync(file).split("\n");
  const damaged = [20, Math.floor(lines.length / 2), lines.length - 3];
  for (const at of damaged) lines[at] = at === 20 ? "\u0000".repeat(100) : "{]".repeat(40);
  Deno.writeTextFileSync(file, lines.join("\n"));
  for (const from of [0, 30, Math.floor(lines.length / 2), lines.length - 5]) {
    const seen = await seqs(await served.get(`/runs/${id}/events?from=${from}`));
    const expected = lines.slice(0, -1).map((_, i) => i)
      .filter((i) => i >= from && !damaged.includes(i));
    assertEquals(seen, expected);
  }
  const { warnings } = await served.json<{ warnings: string[] }>(`/runs/${id}`);
  assertEquals(warnings.length, damaged.length);
  assertEquals((await served.get(`/runs/${id}/curves`)).status, 200);
});
