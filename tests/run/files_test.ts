import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readLines } from "../../src/run/files.ts";
import { readState } from "../../src/run/state.ts";

const root = new URL("../../", import.meta.url).pathname;
const url = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

/**
 * A run in a process of its own, below a limit on the size of files (units of 512 bytes or 1 KiB). The
 * shell ignores the limit's signal for what Deno writes to its caches before our code runs; our own
 * listener is tried by sending the signal.
 */
async function runLimited(runs: string, limit: number): Promise<string> {
  const script = join(runs, "run.ts");
  Deno.writeTextFileSync(
    script,
    `import { RunFolder } from ${url("src/run/folder.ts")};
import { record } from ${url("src/run/record.ts")};
import { surviveFileSizeLimit } from ${url("src/run/interrupt.ts")};
import { fakeConfig, fakeSearch } from ${url("tests/run/fake_search.ts")};
surviveFileSizeLimit();
Deno.kill(Deno.pid, "SIGXFSZ");
const { signal } = new AbortController();
const options = { steps: 400, every: 8, seed: 7 };
try {
  const folder = RunFolder.create({
    runs: ${JSON.stringify(runs)}, command: "search", mode: "micro", config: fakeConfig,
  });
  await record(folder, fakeSearch(folder, signal, options), signal);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
`,
  );
  const { code, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      `trap '' XFSZ; ulimit -f ${limit}; exec "$0" run -A --no-check --config deno.json "$1"`,
      Deno.execPath(),
      script,
    ],
    cwd: root,
  }).output();
  const text = new TextDecoder().decode(stderr).trim();
  assertEquals(code, 1, text);
  return text;
}

Deno.test("a file that may not grow ends the run with one sentence; every file is whole", async () => {
  const runs = Deno.makeTempDirSync();
  const message = await runLimited(runs, 32);
  assert(/^Cannot write \S+events\.ndjson: /.test(message), message);
  assert(message.includes("ulimit -f"), message);
  assertEquals(message.split("\n").length, 1);
  const run = [...Deno.readDirSync(runs)].find((entry) => entry.isDirectory)!.name;
  const path = join(runs, run);
  assertEquals(readState(path).status, "failed");
  const text = Deno.readTextFileSync(join(path, "events.ndjson"));
  assert(text.endsWith("\n"), "no torn line");
  assert(readLines(join(path, "events.ndjson")).length > 10);
});

Deno.test("a disk that is full before the run's folder is whole leaves nothing of it, and says to start again", async () => {
  const runs = Deno.makeTempDirSync();
  const message = await runLimited(runs, 0);
  assert(/^Cannot write \S+-micro-1: .*, then start the run again$/.test(message), message);
  assertEquals([...Deno.readDirSync(runs)].filter((entry) => entry.isDirectory), []);
});
