/** Plug-ins from outside the tree, by the command line, the launcher's task, a program and a study's threads. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { denas } from "../cli/command.ts";
import { writeMadeTable } from "../nas/study/made_table.ts";

const root = new URL("../../", import.meta.url).pathname;
const here = Deno.makeTempDirSync({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(here, { recursive: true }));
const env = { INIT_CWD: here };
writeMadeTable(here);
Deno.copyFileSync(join(root, "examples/tpe.ts"), join(here, "tpe.ts"));

const search = ["search", "--mode", "nasbench201", "--table", "made.csv", "--strategy", "tpe"];

Deno.test("a strategy from a folder of the user's searches, is recorded, and is listed by --help", async () => {
  const args = [...search, "--queries", "40", "--plugin", "tpe.ts", "--gamma", "0.4"];
  const { code, stdout, stderr } = await denas(args, env);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /\n {2}.*retrain arch\.json.* --plugin tpe\.ts\n$/,
    "what it says to type next works",
  );
  const [run] = [...Deno.readDirSync(join(here, "runs"))];
  const config = JSON.parse(Deno.readTextFileSync(join(here, "runs", run.name, "config.json")));
  assert.deepEqual(config.plugins, [join(here, "tpe.ts")]);
  assert.deepEqual(
    [config.strategy.kind, config.strategy.gamma],
    ["tpe", 0.4],
    "an option of its own",
  );
  const help = await denas(["search", "--plugin=tpe.ts", "--help"], env);
  assert.match(help.stdout, /npenas,\s+tpe/);
  const unknown = await denas([...search, "--queries", "40"], env);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /Cannot use strategy "tpe": expected one of .*; --plugin FILE adds/);
});

Deno.test("deno task takes plug-ins as well, under the frozen lock", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "task",
      "--cwd",
      root,
      "search",
      ...search.slice(1),
      "--print-config",
      "--plugin",
      "tpe.ts",
    ],
    env: { NO_COLOR: "1", ...env },
    cwd: here,
  });
  const { code, stdout, stderr } = await command.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(JSON.parse(new TextDecoder().decode(stdout)).strategy.kind, "tpe");
});

Deno.test("a program loads plug-ins, or hands over definitions", async () => {
  const program = join(here, "program.ts");
  Deno.writeTextFileSync(
    program,
    `import { loadPlugins, memoryStore, resolveSearchConfig, search } from "denas";
await loadPlugins([${JSON.stringify(join(here, "tpe.ts"))}]);
const config = resolveSearchConfig({
  mode: "nasbench201",
  overrides: {
    strategy: "tpe",
    evaluator: "table",
    "evaluator.table": ${JSON.stringify(join(here, "made.csv"))},
    rounds: 30,
  },
});
const io = { signal: new AbortController().signal, store: memoryStore() };
for await (const event of search(config, io)) if (event.type === "done") console.log(event.queries);
`,
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", join(root, "deno.json"), program],
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "30\n");
});

Deno.test("the threads of a study load the same plug-ins", async () => {
  const algorithms = [{ name: "tpe", strategy: "tpe", settings: { "strategy.initial": 5 } }];
  Deno.writeTextFileSync(join(here, "mine.json"), JSON.stringify({ name: "mine", algorithms }));
  const args = ["study", "./mine.json", "--table", "made.csv", "--trials", "3", "--queries", "20"];
  const { code, stdout, stderr } = await denas([...args, "--plugin", "tpe.ts"], env);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\ntpe +3 /);
});

const bad: [name: string, text: string, message: RegExp][] = [
  ["missing.ts", "", /Cannot load plug-in \S+missing\.ts: .*not found/i],
  ["throws.ts", "throw new Error('no card');", /Cannot load plug-in \S+throws\.ts: no card/],
  ["empty.ts", "export const x = 1;", /Cannot load plug-in \S+empty\.ts: it has no default export/],
  ["word.ts", "export default 'tpe';", /Cannot use \S+word\.ts: its default export is wrong/],
  [
    "name.ts",
    `import { defineStrategy, z } from "denas";
export default defineStrategy({ name: "My One", summary: "x", settings: z.strictObject({}), open() {} });`,
    /Cannot use \S+name\.ts: name is wrong: expected lower-case letters/,
  ],
  [
    "taken.ts",
    `import { defineStrategy, z } from "denas";
export default defineStrategy({ name: "evolution", summary: "x", settings: z.strictObject({}), open() {} });`,
    /Cannot add strategy "evolution" of \S+taken\.ts: the name is taken/,
  ],
  [
    "opens.ts",
    `import { defineSpace, z } from "denas";
export default defineSpace({ name: "mine", summary: "x", settings: z.strictObject({}),
  open() { throw new Error("too small"); }, example: { settings: {}, choice: [] } });`,
    /Cannot use space mine of \S+opens\.ts: open\(\) failed: too small/,
  ],
  [
    "law.ts",
    `import residual from ${JSON.stringify(join(root, "examples/residual.ts"))};
const open = (settings) => {
  const space = residual.open(settings);
  return { ...space, encode: (arch) => space.encode(arch).map((c) => (c + 1) % 4) };
};
export default { ...residual, name: "lawless", open };`,
    /Cannot use space lawless of \S+law\.ts: decode\(encode\(a\)\) is not a for choices/,
  ],
  [
    "decision.ts",
    `import residual from ${JSON.stringify(join(root, "examples/residual.ts"))};
const open = (settings) => {
  const space = residual.open(settings);
  const same = (at) => ({ decision: at.decision && { ...at.decision, id: "one" }, choose: (o) => same(at.choose(o)) });
  return { ...space, start: () => same(space.start()) };
};
export default { ...residual, name: "twins", open };`,
    /Cannot use space twins of \S+decision\.ts: two decisions have one id/,
  ],
];

for (const [name, text, message] of bad) {
  Deno.test(`a bad plug-in is named with its file and the reason before anything starts: ${name}`, async () => {
    if (text !== "") Deno.writeTextFileSync(join(here, name), text);
    const { code, stderr } = await denas([...search, "--queries", "5", "--plugin", name], env);
    assert.match(stderr, message);
    assert.equal(code, 2);
  });
}
