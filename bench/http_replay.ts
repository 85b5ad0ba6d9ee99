/**
 * Replays a run with 100,000 events: time to the first byte, time of the whole replay, and time to sort a
 * table of 50,000 trials.
 *
 *   deno run -A bench/http_replay.ts [--events 100000]
 */
import { parseArgs } from "node:util";
import { join } from "@std/path";
import { newRun, residentMiB, startServer } from "./http/serving.ts";

const { values } = parseArgs({ options: { events: { type: "string", default: "100000" } } });
const events = Number(values.events);

await using server = await startServer();
const id = makeLongRun(server.runs, events);
const at = (path: string) => `${server.url}runs/${id}${path}`;
await (await fetch(`${server.url}healthz`)).text();

const from = performance.now();
const response = await fetch(at("/events"));
let first = 0;
let bytes = 0;
let count = 0;
for await (const part of response.body!) {
  first ||= performance.now() - from;
  bytes += part.length;
  for (let i = part.indexOf(0x0a); i >= 0; i = part.indexOf(0x0a, i + 1)) count++;
}
const whole = performance.now() - from;

const tail = await timed(at(`/events?from=${events - 10}`));
const table = await timed(at("/trials?limit=100"));
const again = await timed(at("/trials?limit=100&offset=25000"));
const sorted = await timed(at("/trials?sort=epoch&order=desc&limit=100"));
const curves = await timed(at("/curves?points=500"));

console.log(`${events} events, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${count} lines`);
console.log(`first byte             ${first.toFixed(0)} ms`);
console.log(`whole replay           ${whole.toFixed(0)} ms`);
console.log(`the last ten           ${tail.toFixed(0)} ms`);
console.log(`first page of trials   ${table.toFixed(0)} ms`);
console.log(`another page           ${again.toFixed(0)} ms`);
console.log(`sorted otherwise       ${sorted.toFixed(0)} ms`);
console.log(`curves                 ${curves.toFixed(0)} ms`);
console.log(`server's memory        ${residentMiB(server.pid).toFixed(0)} MiB`);
const good = first <= 100 && whole <= 3000;
console.log(good ? "good" : "NOT good");
Deno.exitCode = good ? 0 : 1;

async function timed(url: string): Promise<number> {
  const begin = performance.now();
  await (await fetch(url)).bytes();
  return performance.now() - begin;
}

/** Makes a run; half of its events are trials, the other half are steps. */
function makeLongRun(runs: string, events: number): string {
  const folder = newRun(runs);
  const lines: string[] = [];
  const time = new Date().toISOString();
  const add = (event: Record<string, unknown>) =>
    lines.push(JSON.stringify({ seq: lines.length, time, ...event }) + "\n");
  for (let i = 0; i < (events - 1) / 2; i++) {
    const choice = Array.from({ length: 32 }, (_, k) => (i * 7 + k * 3 + (i >> k % 16)) % 5);
    const score = 0.5 + 0.4 * Math.sin(i * 0.37);
    const epoch = Math.floor(i / 330);
    add({ type: "trial", trial: i, epoch, choice, key: choice.join(","), score, on: "reward" });
    if (lines.length === events - 1) break;
    const loss = 2 * Math.exp(-i / 2e4);
    const rest = { trainAccuracy: 0.5, learningRate: 0.05, imagesPerSecond: 400, secondsLeft: 60 };
    add({ type: "step", epoch, step: 10 * i + 10, steps: 5 * events, loss, ...rest });
  }
  add({ type: "done", seconds: 1, queries: 1, trainedImages: 1, peakBytes: 1 });
  Deno.writeTextFileSync(join(folder.path, "events.ndjson"), lines.join(""));
  folder.update({ status: "done" });
  folder.close();
  return folder.name;
}
