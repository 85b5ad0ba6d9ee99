import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { readLines } from "../../src/run/files.ts";
import { readState } from "../../src/run/state.ts";

const root = new URL("../../", import.meta.url).pathname;
const url = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

/**
 * Starts the run in `path`, or goes on with it; steps take a few milliseconds, checkpoints come at each. One
 * that is to be killed waits for that at its 50th step, however late it comes.
 */
const script = `import { RunFolder } from ${url("src/run/folder.ts")};
import { record } from ${url("src/run/record.ts")};
import { fakeConfig, fakeSearch } from ${url("tests/run/fake_search.ts")};
const [runs, mortal, path] = Deno.args;
const folder = path ? RunFolder.open(path) : RunFolder.create({
  runs, command: "search", mode: "micro", config: fakeConfig,
});
const { signal } = new AbortController();
console.log(folder.path);
const before = (step) =>
  new Promise((resolve) => setTimeout(resolve, mortal && step >= 50 ? 2 ** 31 - 1 : 4));
const options = { steps: 60, every: 1, seed: 7, before };
await record(folder, fakeSearch(folder, signal, options), signal);
`;

function start(runs: string, mortal: boolean, path?: string): Deno.ChildProcess {
  const file = join(runs, "run.ts");
  Deno.writeTextFileSync(file, script);
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--config",
      "deno.json",
      file,
      runs,
      mortal ? "mortal" : "",
      ...path ? [path] : [],
    ],
    cwd: root,
    stdout: "piped",
  }).spawn();
}

/** Waits for the process's only line: the folder of its run. */
async function folderOf(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value).trim();
}

function digest(path: string): string {
  const trials = readLines<Record<string, unknown>>(join(path, "trials.ndjson"))
    .map(({ time: _, ...trial }) => JSON.stringify(trial));
  assertEquals(trials.length, 60);
  return createHash("sha256").update(trials.join("\n"))
    .update(Deno.readFileSync(join(path, "weights.safetensors"))).digest("hex");
}

Deno.test("a process killed again and again, whatever it is writing, ends as if it never was", async () => {
  const runs = Deno.makeTempDirSync();
  const whole = start(runs, false);
  const expected = await folderOf(whole);
  assert((await whole.status).success);

  let path: string | undefined;
  let kills = 0;
  for (const wait of [20, 45, 60, 35, Infinity]) {
    const child = start(runs, wait < Infinity, path);
    path = await folderOf(child);
    if (wait < Infinity) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill("SIGKILL");
      await child.status;
      assertEquals(readState(path).status, "interrupted");
      kills++;
    } else assert((await child.status).success);
  }
  assertEquals(kills, 4);
  assertEquals(digest(path!), digest(expected));
});
