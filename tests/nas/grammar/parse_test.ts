import assert from "node:assert/strict";
import { openGrammar } from "../../../src/nas/grammar/built_in.ts";
import { countArchs } from "../../../src/nas/grammar/language.ts";
import { parseGrammar } from "../../../src/nas/grammar/parse.ts";
import { darts, hierarchical, primitives } from "./_grammars.ts";

/** A small grammar; line numbers in the tests below count from its first line. */
const good = `[grammar]
start: NET
[topologies]
Two: 1-2 2-3
Side: 1-2 1-3 2-3
[productions]
NET -> Two OP OP | Side OP OP OP
OP -> relu | zero | conv3x3
[constraints]
Two: path without zero
Side: path without zero
`;

const read = (text: string) => parseGrammar(text, "mine.grammar", primitives);

const wrong = (from: string, to: string, message: RegExp) => {
  assert.ok(good.includes(from));
  assert.throws(() => read(good.replace(from, to)), { name: "DataError", message });
};

Deno.test("a grammar file becomes topologies, productions, constraints, levels and a network", () => {
  const { topologies, productions, levels, network, motifs, constraints } = hierarchical;
  assert.deepEqual(motifs, [{ name: "", start: "D2" }]);
  assert.deepEqual(topologies.get("Residual2")!.edges, [
    { from: 1, to: 2, argument: 0 },
    { from: 1, to: 3, argument: 1 },
    { from: 2, to: 3, argument: 2 },
  ]);
  assert.equal(productions.get("OPS")!.length, 5);
  assert.deepEqual(constraints.get("Cell"), [{ kind: "path", without: "zero" }]);
  assert.deepEqual(levels, [0, 1, 2, 3, 4]);
  assert.deepEqual(network, {
    kind: "classifier",
    stem: ["conv3x3", "batch"],
    head: ["batch", "relu", "average", "linear"],
  });
  assert.deepEqual(darts.motifs.map(({ name }) => name), ["normal", "reduce"]);
  assert.equal(darts.topologies.get("DARTS")!.arity, 16);
  assert.equal(countArchs(read(good)), 36n);
});

Deno.test("errors of a grammar file name the line, what stands there and what was expected", () => {
  wrong("start: NET\n", "", /line 1: \[grammar\] has no start:, expected start: SYMBOL/);
  wrong(
    "start: NET",
    "start: NAT",
    /line 2: start symbol NAT without productions, expected a rule/,
  );
  wrong("start: NET", "begin: NET", /line 2: "begin", expected one of name:, summary:, start:/);
  wrong("[topologies]", "[topology]", /line 3: section \[topology\], expected one of grammar,/);
  wrong("Two: 1-2 2-3", "Two: 1-2 2", /line 4: "2", expected an edge 1-2/);
  wrong(
    "Two: 1-2 2-3",
    "Two: 1-2 3-2",
    /line 4: edge 3-2, expected an edge to a node with a higher/,
  );
  wrong("Two: 1-2 2-3", "Two: 1-2 1-3", /line 4: node 2 without outgoing edge/);
  wrong("Two: 1-2 2-3", "Two: 1-2 2-3\nTwo: 1-2", /line 5: Two a second time/);
  wrong("Two OP OP |", "Two OP |", /line 7: NET -> Two OP: 1 arguments for Two, expected 2/);
  wrong(
    "Two OP OP |",
    "Too OP OP |",
    /line 7: NET -> Too OP OP: Too is no topology, expected one of/,
  );
  wrong("Two OP OP |", "Two OP OQ |", /line 7: .* OQ is neither non-terminal nor primitive/);
  wrong("relu", "relo", /line 8: OP -> relo: relo is neither topology nor primitive/);
  wrong("conv3x3\n", "conv3x3\nFREE -> relu\n", /line 9: FREE cannot be reached from NET/);
  wrong("relu | zero | conv3x3", "Two OP OP", /line 7: NET never ends in primitives/);
  wrong("relu |", "Two OP OP |", /line 8: OP derives itself without limit, expected depth: N/);
  wrong("zero\n", "none or zero\n", /line 10: "path without none or zero", expected path without/);
  wrong("Side: path", "Sides: path", /line 11: "Sides", expected TOPOLOGY: RULE/);
  wrong(
    "Two: path without zero\n",
    "",
    /line 7: Two OP OP: edges that may be zero, expected the constraint Two: path without zero/,
  );
  wrong("relu | zero | conv3x3", "zero", /line 7: Two OP OP: no path without zero, expected edges/);
  wrong("relu |", "none |", /line 7: Two OP OP: edges that may be none or zero, expected one/);
  wrong("path without zero\n", "path without zero, distinct 1 2, distinct 1 3\n", /distinct A B/);
  wrong(
    "relu | zero | conv3x3\n[constraints]\n",
    "relu\n[constraints]\nTwo: distinct 1 2\n",
    /line 7: Two OP OP: argument 2 cannot differ from 1, expected more than 1 terminals/,
  );
  wrong("Two: 1-2 2-3", "Two: 1-2 2-3; stack 9", /line 4: node 9, expected nodes from 1 to 3/);
  wrong("conv3x3\n", "add\n", /line 7: .* argument 1 may be add, which takes 2 of 1 values/);
});

Deno.test("a grammar with recursion needs a depth that its shortest derivation fits", () => {
  const recursive = good.replace("relu |", "Two OP OP | relu |");
  const deep = (depth: number) => recursive.replace("start: NET", `start: NET\ndepth: ${depth}`);
  assert.equal(countArchs(read(deep(2))), 36n);
  assert.throws(() => read(deep(1)), /depth: 1, expected at least 2/);
  assert.throws(() => read(deep(100)), /line 3: "100", expected whole numbers from 1 to 64/);
});

Deno.test("what would be no network, or none that ends, is refused with its line", () => {
  wrong("relu |", "3 |", /line 7: .* argument 1 may be the state 3, expected operations/);
  wrong(
    "NET -> Two OP OP |",
    "NET -> 3 |",
    /line 7: NET -> 3: a state alone, expected an operation/,
  );
  wrong(
    "Side OP OP OP",
    "Side OP zero OP",
    /line 7: .* argument 2 is always zero, expected a topology/,
  );
  wrong(
    "start: NET",
    "start: a = NET, a = OP",
    /line 2: a a second time, expected each motif once/,
  );
  wrong(
    "[constraints]",
    "[kernel]\nlevels: 0 1 0\n[constraints]",
    /line 10: levels: 0 1 0, expected/,
  );
  wrong(
    "[productions]\nNET -> Two OP OP",
    "[shared]\nnetwork: NET\nmotif: M\n[productions]\nNET -> Two M OP",
    /line 10: the motif NET holds M, expected it in the network only/,
  );
  const stem = "conv3x3" + " relu".repeat(17);
  wrong(
    "[constraints]",
    `[network]\nstem: ${stem}\n[constraints]`,
    /expected conv3x3 PRIMITIVE …, at most/,
  );
  assert.equal(countArchs(read(`\uFEFF${good}`)), 36n, "a byte order mark is no part of a file");
});

Deno.test("a hostile file of the largest size is refused or opened without search", () => {
  const rules = (n: number, last: string) =>
    Array.from({ length: n }, (_, i) => `N${i} -> One N${i + 1}\n`).join("") + `N${n} -> ${last}\n`;
  const chain = (n: number) =>
    `[grammar]\nstart: N0\n[topologies]\nOne: 1-2\n[productions]\n${rules(n, "relu | conv3x3")}`;
  assert.throws(() => read(chain(4500)), /too many productions, expected at most 2000/);
  assert.throws(
    () => read(chain(64)),
    /derivations of 65 nested non-terminals, expected at most 64/,
  );
  assert.equal(countArchs(read(chain(63))), 2n);
  // A regular expression that looks for the colon would take 5·10⁹ steps.
  const spaces = " ".repeat(99_000);
  assert.throws(() => read(`[grammar]\nname${spaces}x\n`), /line 2: "name .*…, expected one of/);
  assert.throws(() => read(`[grammar]\nstart: A\n[topologies]\nT${spaces}x\n`), /line 4: "T/);
  const line = Array.from({ length: 19 }, (_, i) => `${i + 1}-${i + 2}`).join(" ");
  const option = `T${" A".repeat(19)}`;
  const many = `[grammar]\nstart: S\n[topologies]\nT: ${line}\n[productions]\n` +
    `S -> ${new Array(1000).fill(option).join(" | ")}\nA -> relu | zero\n` +
    "[constraints]\nT: path without zero\n";
  assert.throws(
    () => countArchs(read(many), { constrained: true }),
    /its topologies up to T have \d+ combinations, expected at most 1000000/,
  );
});

Deno.test("an unknown grammar is refused with the list of the built-in ones", () => {
  assert.throws(
    () => openGrammar("nb301", primitives),
    /Cannot use grammar "nb301": expected one of nb201_variable_multi_multi, .*, or a grammar file/,
  );
});
