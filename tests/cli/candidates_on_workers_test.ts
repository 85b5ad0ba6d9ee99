/** Searches with shared weights whose final candidates are scored on workers, as commands. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { readLines } from "../../src/run/files.ts";
import { lockAdapter, workersGroup } from "../../src/run/lock.ts";
import { writePictures } from "../data/make.ts";
import { adapterLocks, denas } from "./command.ts";

const here = Deno.makeTempDirSync({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(here, { recursive: true }));
await writePictures(join(here, "photos"), { train: 16, valid: 8, test: 2 }, { size: [8, 8] });

const search = [
  ...["search", "--mode", "macro", "--preset", "smoke", "--data", "photos", "--wait"],
  ...["--epochs", "1", "--batch", "8", "--filters", "2"],
  ...["rounds=1", "perRound=2", "space.stem=1", "evaluator.rewardBatch=4", "selection.images=8"]
    .flatMap((setting) => ["--set", setting]),
];

async function run(args: readonly string[], code = 0) {
  const found = await denas([...search, ...args], { INIT_CWD: here });
  assert.equal(found.code, code, found.stderr);
  return found;
}

/** Files of the only run of a folder. */
function filesOf(runs: string) {
  const folder = join(here, runs);
  const run = join(
    folder,
    [...Deno.readDirSync(folder)].find(({ isDirectory }) => isDirectory)!.name,
  );
  const lines = (name: string) => readLines<Record<string, unknown>>(join(run, name));
  const bytes = (name: string) => Deno.readFileSync(join(run, name));
  return { run, lines, bytes };
}

Deno.test("two workers give the winner, the ranking and the weights of a search without workers", async () => {
  await run(["--runs", "alone"]);
  const winner = Deno.readTextFileSync(join(here, "arch.json"));
  const { stderr } = await run(["--runs", "both", "--workers", "2"]);
  assert.equal(Deno.readTextFileSync(join(here, "arch.json")), winner);
  const [alone, both] = [filesOf("alone"), filesOf("both")];
  for (const name of ["arch.json", "ranking.json", "supernet.safetensors", "config.json"]) {
    assert.deepEqual(both.bytes(name), alone.bytes(name), name);
  }
  const trials = both.lines("trials.ndjson").map(({ time: _, seq: _s, ...trial }) => trial);
  assert.deepEqual(
    trials,
    alone.lines("trials.ndjson").map(({ time: _, seq: _s, ...trial }) => trial),
  );
  const attempts = both.lines("workers.ndjson");
  const candidates = trials.filter(({ on }) => on === "selection");
  assert.ok(candidates.length > 1);
  assert.deepEqual(attempts.map(({ status }) => status), candidates.map(() => "done"));
  assert.match(
    stderr,
    /\nnote +shared weights and strategy are trained in this process; workers score the final candidates \(at most 6\)\n[^]*\nworkers +2 on this machine\n/,
  );
  const left = [...Deno.readDirSync(join(both.run, "checkpoint"))].map(({ name }) => name);
  assert.ok(!left.includes("attachments"), left.join());
});

Deno.test("a search that trains shared weights for workers of other machines shares its adapter with none", async () => {
  const [lock] = [...Deno.readDirSync(adapterLocks)];
  const adapter = lock.name.replace(/\.lock$/, "");
  const group = workersGroup;
  const held = await lockAdapter({ folder: adapterLocks, adapter, run: "of a worker", group });
  const listening = ["--runs", "other", "--listen"];
  try {
    const refused = await denas([...search.filter((arg) => arg !== "--wait"), ...listening], {
      INIT_CWD: here,
    });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /Cannot use adapter .*: run workers \(process \d+\) has it/);
  } finally {
    held.release();
  }
});

Deno.test("a search with one final candidate, and one whose scores depend on those before, are refused", async () => {
  const one = await run(["--workers", "2", "--set", "select=last"], 2);
  assert.match(
    one.stderr,
    /Cannot use workers for 1 final candidate: .* expected 2 or more; leave/,
  );
  const own = await run(["--workers", "2", "--set", "evaluator.ownBatches=true"], 2);
  assert.match(own.stderr, /a score depends on those before it; .*evaluator.ownBatches=false/);
});
