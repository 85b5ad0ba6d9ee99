/**
 * Many readers of one run that another process writes: does each get every event, in order, in time, and does
 * the server's memory stay flat?
 *
 *   deno run -A bench/http_readers.ts [--readers 1000] [--seconds 60] [--rate 50] [--slow 0]
 *
 * `--slow` adds readers that stop after the first piece: they must not cost memory.
 */
import { parseArgs } from "node:util";
import { cpuSeconds, quantile, residentMiB, startServer, startWriter } from "./http/serving.ts";

const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    rate: { type: "string", default: "50" },
    slow: { type: "string", default: "0" },
  },
});
const [readers, seconds, rate, slow] = [values.readers, values.seconds, values.rate, values.slow]
  .map(Number);

await using server = await startServer();
const total = seconds * rate + 1;
const writer = await startWriter(server.runs, total - 1, rate);
const delays = new Float64Array(readers * total);
let measured = 0;
let complete = 0;

async function read(): Promise<void> {
  const response = await fetch(`${server.url}runs/${writer.id}/events`);
  let next = 0;
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const now = Date.now();
    text += part;
    const cut = text.lastIndexOf("\n\n");
    if (cut < 0) continue;
    const whole = text.slice(0, cut + 2);
    text = text.slice(cut + 2);
    for (
      const [, id, time] of whole.matchAll(/^id: (\d+)\n.*\ndata: \{"seq":\d+,"time":"([^"]+)"/gm)
    ) {
      if (Number(id) !== next) throw new Error(`event ${id} in place of ${next}`);
      next++;
      delays[measured++] = now - Date.parse(time);
    }
  }
  if (next !== total) throw new Error(`${next} of ${total} events`);
  complete++;
}

const before = residentMiB(server.pid);
const all: Promise<void>[] = [];
for (let i = 0; i < readers; i++) {
  all.push(read());
  if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 20));
}
for (let i = 0; i < slow; i++) {
  const response = await fetch(`${server.url}runs/${writer.id}/events`);
  await response.body!.getReader().read();
}
await new Promise((resolve) => setTimeout(resolve, 1000));
const memory: number[] = [];
const watch = setInterval(() => memory.push(residentMiB(server.pid)), 2000);
const cpu = cpuSeconds(server.pid);
await writer.begin();
const results = await Promise.allSettled(all);
const used = cpuSeconds(server.pid) - cpu;
clearInterval(watch);

const failed = results.find((result) => result.status === "rejected");
if (failed) console.log(`first failure: ${failed.reason.message}`);
const sorted = delays.subarray(0, measured).sort();
const half = Math.floor(memory.length / 2);
const mean = (of: number[]) => of.reduce((a, b) => a + b, 0) / of.length;
console.log(`${readers} readers, ${rate} events/s for ${seconds} s, ${slow} readers that stopped`);
console.log(`complete and in order  ${complete} of ${readers}`);
console.log(
  `delay                  median ${quantile(sorted, 0.5)} ms, p99 ${quantile(sorted, 0.99)} ms, ` +
    `longest ${sorted.at(-1)} ms`,
);
console.log(
  `server's memory        ${before.toFixed(0)} MiB before, ${
    mean(memory.slice(0, half)).toFixed(0)
  } MiB ` +
    `in the first half, ${mean(memory.slice(half)).toFixed(0)} MiB in the second, at most ` +
    `${Math.max(...memory).toFixed(0)} MiB`,
);
console.log(
  `server's processor     ${used.toFixed(1)} s; readers' ${cpuSeconds(Deno.pid).toFixed(1)} s`,
);
const good = complete === readers && quantile(sorted, 0.99) <= 1000 && Math.max(...memory) <= 300;
console.log(good ? "good" : "NOT good");
Deno.exitCode = good ? 0 : 1;
