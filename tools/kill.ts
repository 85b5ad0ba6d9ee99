/**
 * Kills a smoke search with SIGKILL after 20, 50 and 80 % of its steps, or of its trials where it has no steps,
 * and in the middle of writing a checkpoint, resumes it, and compares SHA-256 of winner, weights and trials
 * (without times) with those of an undisturbed search:
 * `deno run -A tools/kill.ts [micro|macro|modular] [OPTION OF SEARCH …]`. The exit code is 1 where one differs.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { readLines } from "../src/run/files.ts";

const [mode = "micro", ...options] = Deno.args;
const search = ["search", "--mode", mode, "--preset", "smoke", ...options];
const entry = new URL("../cli.ts", import.meta.url).pathname;
const home = Deno.makeTempDirSync({ prefix: "denas-kill-" });

/** Runs a command in its own process; its results are in a folder named after the case. */
function denas(name: string, args: string[], stdout: "piped" | "null") {
  const here = join(home, name);
  Deno.mkdirSync(here, { recursive: true });
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", entry, ...args, "--json", "--wait"],
    env: { INIT_CWD: here },
    stdout,
    stderr: "null",
  }).spawn();
}

async function finish(name: string, args: string[]): Promise<void> {
  const { code } = await denas(name, args, "null").status;
  if (code !== 0) throw new Error(`Cannot compare ${name}: ${args[0]} ended with ${code}`);
}

function runOf(name: string): string {
  const runs = join(home, name, "runs");
  return join(runs, [...Deno.readDirSync(runs)][0].name);
}

/** Kills the search once this fraction of its steps, or of `trials` trials, is done. */
async function killAfter(name: string, fraction: number): Promise<string> {
  const child = denas(name, search, "piped");
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop()!;
    const done = lines.map((line) => JSON.parse(line)).map(({ type, step, steps, trial }) =>
      type === "step" ? step / steps : type === "trial" && !stepwise ? (trial + 1) / trials : 0
    );
    if (Math.max(0, ...done) < fraction) continue;
    child.kill("SIGKILL");
    break;
  }
  const { signal } = await child.status;
  if (signal !== "SIGKILL") throw new Error(`Cannot kill ${name}: it ended by itself`);
  return `killed after ${Math.round(100 * fraction)} %`;
}

/**
 * Kills the search when the new checkpoint begins to appear. The partial file that remains shows that it was
 * in time.
 */
async function killInWrite(name: string): Promise<string> {
  for (let tries = 1, args = search;; tries++, args = ["resume"]) {
    const child = denas(name, args, "null");
    const status = child.status;
    let over = false;
    status.then(() => over = true);
    while (!over && !partOf(name)) await new Promise((resolve) => setTimeout(resolve, 1));
    if (over) {
      throw new Error(`Cannot kill ${name}: no checkpoint was caught in ${tries} processes`);
    }
    child.kill("SIGKILL");
    await status;
    const part = partOf(name);
    if (part) return `killed with ${part.size} bytes of a checkpoint written`;
  }
}

function partOf(name: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(join(runOf(name), "checkpoint", "checkpoint.safetensors.part"));
  } catch {
    return null; // Not there yet, or already renamed.
  }
}

function digests(name: string): Record<string, string> {
  const run = runOf(name);
  const sha = (content: string | Uint8Array) =>
    createHash("sha256").update(content).digest("hex").slice(0, 16);
  const trials = readLines<Record<string, unknown>>(join(run, "trials.ndjson"))
    .map(({ time: _, ...trial }) => JSON.stringify(trial)).join("\n");
  const files = ["arch.json", "supernet.safetensors", "controller.safetensors"]
    .filter((file) => [...Deno.readDirSync(run)].some((entry) => entry.name === file))
    .map((file) => [file, sha(Deno.readFileSync(join(run, file)))]);
  const inherited = filesIn(join(run, "weights"))
    .map((file) => [`weights/${file}`, sha(Deno.readFileSync(join(run, "weights", file)))]);
  return { ...Object.fromEntries([...files, ...inherited]), "trials.ndjson": sha(trials) };
}

function filesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return []; // Searches without inheritance keep no weights of trials.
  }
}

await finish("whole", search);
const events = readLines<{ type: string }>(join(runOf("whole"), "events.ndjson"));
const stepwise = events.some(({ type }) => type === "step");
const trials = events.filter(({ type }) => type === "trial").length;
const expected = digests("whole");
console.log(`undisturbed: ${JSON.stringify(expected, null, 2)}`);
const cases: [string, (name: string) => Promise<string>][] = [
  ...[0.2, 0.5, 0.8].map((f): (typeof cases)[number] => [`at-${f}`, (name) => killAfter(name, f)]),
  ["in-write", killInWrite],
];
let differing = 0;
for (const [name, kill] of cases) {
  const how = await kill(name);
  await finish(name, ["resume"]);
  const got = digests(name);
  const different = Object.keys(expected).filter((file) => got[file] !== expected[file]);
  if (different.length > 0) differing++;
  console.log(
    `${how}, resumed: ${different.length > 0 ? `DIFFERS in ${different.join(", ")}` : "equal"}`,
  );
}
Deno.removeSync(home, { recursive: true });
Deno.exit(differing > 0 ? 1 : 0);
