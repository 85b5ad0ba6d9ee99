/** Faults of a plug-in that show when it is added or opened: each is told in one line, before the first trial. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { denas } from "../cli/command.ts";

const here = Deno.makeTempDirSync({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(here, { recursive: true }));

const evaluator = (opened: string) =>
  `export default defineEvaluator({ name: "mine", summary: "x", settings: z.strictObject({}),
  cost: "lookup", needsDevice: false,
  loop: { epochs: 1, rounds: 2, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  open: async (_, { space }) => (${opened}) });`;

const strategy = (open: string, settings = "") =>
  `${evaluator(whole({}))}
export const mine = defineStrategy({ name: "mine", summary: "x", settings: z.strictObject({ ${settings} }), open: ${open} });`
    .replace("export default ", "const scores = ") + "\nexport default [scores, mine];";

/** Text of an opened evaluator with some values replaced; undefined leaves one out. */
function whole(replaced: Record<string, string | undefined>): string {
  const parts: Record<string, string | undefined> = {
    evaluator: `{ remembers: true, evaluate: (trials) => evaluateEach(trials, () => ({ value: 1 })),
      snapshot: async () => ({ json: null, tensors: {} }), restore: async () => {} }`,
    target: "{ input: [8, 8, 3], classes: 3 }",
    figures: "() => ({ step: 0, trainedImages: 0, peakBytes: 0 })",
    scoreKind: `"table"`,
    score: `{ label: "score", unit: "", comparable: true }`,
    arch: "{ input: [8, 8, 3], classes: 3 }",
    ...replaced,
  };
  const given = Object.entries(parts).filter(([, text]) => text !== undefined);
  return `{ ${given.map(([name, text]) => `${name}: ${text}`).join(", ")} }`;
}

const search = (plugin: string, strategy: string) =>
  denas([
    ...["search", "--mode", "nasbench201", "--plugin", plugin],
    ...["--strategy", strategy, "--evaluator", "mine"],
  ], { INIT_CWD: here });

const faults: [fault: string, text: string, strategy: string, message: RegExp][] = [
  [
    "a strategy whose open throws",
    strategy(`() => { throw new TypeError("no card"); }`),
    "mine",
    /Cannot open strategy "mine" of plug-in \S+\.ts: no card\n/,
  ],
  [
    "a strategy without methods",
    strategy("() => ({ ask() {}, tell() {}, draw() {} })"),
    "mine",
    /Cannot open strategy "mine" of plug-in \S+\.ts: open\(\) returned no snapshot, no restore, expected ask, tell, draw, snapshot, restore\n/,
  ],
  [
    "a strategy of nothing",
    strategy("() => undefined"),
    "mine",
    /: open\(\) returned no ask, no tell, /,
  ],
  [
    "a setting named kind",
    strategy("() => ({})", `kind: z.string().default("a")`),
    "mine",
    /Cannot use strategy mine of \S+\.ts: it has a setting named kind, expected another name/,
  ],
  [
    "an evaluator without figures and arch",
    evaluator(whole({ figures: undefined, arch: undefined })),
    "random",
    /Cannot open evaluator "mine" of plug-in \S+\.ts: open\(\) returned no arch, no figures, expected evaluator, target, arch, scoreKind, score, figures\n/,
  ],
  [
    "an evaluator that cannot be restored",
    evaluator(whole({ evaluator: "{ evaluate() {}, snapshot() {} }" })),
    "random",
    /: open\(\) returned no evaluator\.restore, expected evaluator\.evaluate, /,
  ],
  [
    "an evaluator with a wrong arch",
    evaluator(whole({ arch: "{ input: [8, 8], classes: 3 }" })),
    "random",
    /Cannot open evaluator "mine" of plug-in \S+\.ts: of what open\(\) returned, arch\.input/,
  ],
];

faults.forEach(([fault, text, strategy, message], i) => {
  Deno.test(`${fault} is told with its file before the first trial`, async () => {
    const file = `fault${i}.ts`;
    const imports = `import { defineEvaluator, defineStrategy, evaluateEach, z } from "denas";\n`;
    Deno.writeTextFileSync(join(here, file), imports + text);
    const { code, stderr } = await search(file, strategy);
    assert.match(stderr, message);
    assert.ok(!/ at .*:\d+:\d+/.test(stderr), `no stack: ${stderr}`);
    assert.equal(code, 2);
  });
});

Deno.test("a plug-in that opens well is searched with", async () => {
  const imports = `import { defineEvaluator, evaluateEach, z } from "denas";\n`;
  Deno.writeTextFileSync(join(here, "well.ts"), imports + evaluator(whole({})));
  const { code, stderr } = await search("well.ts", "random");
  assert.equal(code, 0, stderr);
});

for (const address of ["https://example.com/x.ts", "file:///x.ts"]) {
  Deno.test(`an address is no plug-in: ${address}`, async () => {
    const { code, stderr } = await search(address, "random");
    assert.match(
      stderr,
      /Cannot load plug-in (https|file):\/\S+: it is an address, expected a local file\n/,
    );
    assert.equal(code, 2);
  });
}

Deno.test("neither is nothing, or a folder", async () => {
  for (const none of ["", "."]) {
    const { code, stderr } = await search(none, "random");
    assert.match(stderr, /Cannot load plug-in \S+: .*expected a file/);
    assert.equal(code, 2);
  }
});
