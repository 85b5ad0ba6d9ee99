/**
 * Clients that lose the connection at random points and reconnect with the last id while the run is being
 * written: no event may be missing or repeated.
 *
 *   deno run -A bench/http_resume.ts [--disconnects 200]
 */
import { parseArgs } from "node:util";
import { Rng } from "../src/common/random.ts";
import { messages } from "../tests/http/serving.ts";
import { startServer, startWriter } from "./http/serving.ts";

const { values } = parseArgs({ options: { disconnects: { type: "string", default: "200" } } });
const wanted = Number(values.disconnects);
const clients = 10;
const rate = 200;
const total = Math.ceil(wanted / clients) * 100;

await using server = await startServer();
const writer = await startWriter(server.runs, total - 1, rate);
const url = `${server.url}runs/${writer.id}/events`;

/** Follows the run with interruptions. @returns how many there were. */
async function follow(client: number): Promise<number> {
  const rng = new Rng(client, 9);
  let next = 0;
  for (let cuts = 0;; cuts++) {
    const abort = new AbortController();
    const headers: Record<string, string> = next > 0 ? { "last-event-id": String(next - 1) } : {};
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.status === 204) return cuts;
    let left = 1 + rng.below(60);
    try {
      for await (const { id } of messages(response)) {
        if (id === undefined) continue;
        if (id !== next) throw new Error(`client ${client}: event ${id} in place of ${next}`);
        next++;
        // Abort in the middle of the buffered data, which is discarded.
        if (--left === 0) abort.abort();
      }
      if (next === total) return cuts;
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  }
}

await writer.begin();
const cuts = await Promise.all(Array.from({ length: clients }, (_, client) => follow(client)));
const sum = cuts.reduce((a, b) => a + b);
console.log(`${clients} clients, ${total} events each, ${sum} disconnects: no gap, no double`);
const good = sum >= wanted;
console.log(good ? "good" : `NOT good: fewer than ${wanted} disconnects`);
Deno.exitCode = good ? 0 : 1;
