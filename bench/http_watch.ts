/**
 * Does watching slow a search down? The same search alone and with readers of its live stream, in turns.
 *
 *   deno run -A bench/http_watch.ts [--pairs 3] [--readers 20] [--epochs 1] [--preset quick]
 *
 * Rates are training steps per second after the first report, which waits for kernels to be compiled.
 */
import { parseArgs } from "node:util";
import { join } from "@std/path";
import type { LoggedEvent } from "../src/nas/events.ts";
import { readLines } from "../src/run/files.ts";
import { startServer } from "./http/serving.ts";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "3" },
    readers: { type: "string", default: "20" },
    epochs: { type: "string", default: "1" },
    preset: { type: "string", default: "quick" },
  },
});
const [pairs, readers] = [values.pairs, values.readers].map(Number);
const entry = new URL("../cli.ts", import.meta.url).href;
const tolerance = 0.05;

/** Runs a search in its own folder; `watch` gets its server's address and its id. */
async function search(runs: string, watch?: (id: string) => Promise<void>): Promise<number> {
  const before = new Set([...Deno.readDirSync(runs)].map(({ name }) => name));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", entry, "search", "--mode", "micro", "--preset", values.preset],
      ...["--epochs", values.epochs, "--runs", runs, "--out", join(runs, "arch.json")],
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const status = child.status.then((result) => (ended = true, result));
  let id: string | undefined;
  while (!id && !ended) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    id = [...Deno.readDirSync(runs)].map(({ name }) => name)
      .find((name) => /-micro-\d+$/.test(name) && !before.has(name));
  }
  if (!id) throw new Error("the search made no run");
  const watching = watch?.(id);
  const { code } = await status;
  await watching;
  if (code !== 0) throw new Error(`the search ended with code ${code}`);
  return stepsPerSecond(join(runs, id, "events.ndjson"));
}

function stepsPerSecond(path: string): number {
  const steps = readLines<LoggedEvent>(path).filter((event) => event.type === "step");
  const [first, last] = [steps[0], steps.filter(({ epoch }) => epoch === steps[0].epoch).at(-1)!];
  return (last.step - first.step) / ((Date.parse(last.time) - Date.parse(first.time)) / 1000);
}

await using server = await startServer();
const alone: number[] = [];
const watched: number[] = [];
for (let pair = 0; pair < pairs; pair++) {
  alone.push(await search(server.runs));
  watched.push(
    await search(server.runs, async (id) => {
      const follow = async () => {
        const response = await fetch(`${server.url}runs/${id}/events`);
        for await (const _ of response.body!);
      };
      await Promise.all(Array.from({ length: readers }, follow));
    }),
  );
  console.log(
    `alone ${alone[pair].toFixed(2)} steps/s, watched ${watched[pair].toFixed(2)} steps/s`,
  );
}
const mean = (of: number[]) => of.reduce((a, b) => a + b, 0) / of.length;
const change = mean(watched) / mean(alone) - 1;
console.log(`${readers} readers change the rate by ${(100 * change).toFixed(1)} %`);
const good = change >= -tolerance;
console.log(good ? "good" : "NOT good");
Deno.exitCode = good ? 0 : 1;
