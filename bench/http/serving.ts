/** Helpers of the HTTP benchmarks: a server in its own process, and a run that another process writes. */
import { RunFolder } from "../../src/run/folder.ts";

const root = new URL("../../", import.meta.url);

export interface ServerProcess extends AsyncDisposable {
  url: string;
  runs: string;
  pid: number;
}

/** Starts a server. @param runs folder of all runs; default: a new one. */
export async function startServer(
  runs: string = Deno.makeTempDirSync({ prefix: "denas-bench-" }),
): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("server.ts", root).href, "--port", "0", "--runs", runs],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Cannot start the server: it said ${JSON.stringify(said)}`);
    said += value;
  }
  return {
    url: /http:\S+/.exec(said)![0],
    runs,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await reader.cancel();
      await child.status;
    },
  };
}

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1];
  return Number(kib) / 1024;
}

/** Seconds of processor time that a process has used so far. */
export function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function quantile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** Makes the folder of a run to write events to. */
export function newRun(runs: string): RunFolder {
  const config = {
    version: 2,
    preset: "quick",
    space: { kind: "micro" },
    seed: 1,
    data: "mnist",
    adapter: "default",
    epochs: 1,
  };
  return RunFolder.create({ runs, command: "search", mode: "micro", config });
}

/** Writes `count` events at a steady rate, then `done`, as a search does. */
export async function writeEvents(folder: RunFolder, count: number, perSecond: number) {
  const begin = performance.now();
  for (let i = 0; i < count; i++) {
    const wait = begin + i * 1000 / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    folder.append(trial(i));
  }
  folder.append({ type: "done", seconds: 1, queries: count, trainedImages: 0, peakBytes: 0 });
  folder.update({ status: "done" });
  folder.close();
}

function trial(i: number) {
  const choice = Array.from({ length: 32 }, (_, k) => (i * 7 + k * 3) % 5);
  const key = choice.join(",");
  const score = 0.5 + 0.4 * Math.sin(i);
  return { type: "trial" as const, trial: i, epoch: 0, choice, key, score, on: "reward" as const };
}

/** Starts `writeEvents` in its own process. @returns the run's id and when the writer ended. */
export async function startWriter(
  runs: string,
  count: number,
  perSecond: number,
): Promise<{ id: string; begin(): Promise<void>; ended: Promise<unknown> }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.url, runs, String(count), String(perSecond)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  reader.releaseLock();
  return {
    id: value.trim(),
    async begin() {
      await child.stdin.close();
    },
    ended: child.status,
  };
}

if (import.meta.main) {
  const [runs, count, perSecond] = Deno.args;
  const folder = newRun(runs);
  console.log(folder.name);
  for await (const _ of Deno.stdin.readable); // Wait until the readers are connected.
  await writeEvents(folder, Number(count), Number(perSecond));
}
