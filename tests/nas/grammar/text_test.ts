import assert from "node:assert/strict";
import { formatArch, formatTerm, parseArch } from "../../../src/nas/grammar/text.ts";
import { activations, cells, hierarchical } from "./_grammars.ts";
import { trees } from "./_trees.ts";

const wrong = (grammar: typeof cells, text: string, message: RegExp) =>
  assert.throws(() => parseArch(grammar, text), { name: "UsageError", message });

Deno.test("trees are read and printed without a change, and so are their terms", () => {
  assert.deepEqual(trees.slice(0, 4).map(({ length }) => length), [4146, 7332, 3023, 3732]);
  for (const text of trees) {
    const arch = parseArch(hierarchical, text);
    assert.equal(formatArch(hierarchical, arch), text);
    assert.deepEqual(parseArch(hierarchical, formatTerm(hierarchical, arch)), arch);
  }
  assert.match(
    formatTerm(hierarchical, parseArch(hierarchical, trees[0])),
    /^Linear3\(Linear3\(Linear2\(Cell\(Linear1\(Linear3\(relu, conv3x3o, batch\)\), zero, /,
  );
});

Deno.test("a term of the cell space holds the cell 15 times, and is read back", () => {
  const text =
    "(CELL Cell (OPS conv3x3) (OPS zero) (OPS conv3x3) (OPS id) (OPS zero) (OPS conv1x1))";
  const arch = parseArch(cells, text);
  const cell = "Cell(conv3x3, zero, conv3x3, id, zero, conv1x1)";
  const term = formatTerm(cells, arch);
  assert.equal(term.split(cell).length - 1, 15);
  assert.deepEqual(parseArch(cells, term), arch);
  assert.deepEqual(parseArch(cells, cell), arch);
  wrong(
    cells,
    term.replace(cell, cell.replace("id", "avg_pool")),
    /CELL number 2 \(character \d+\): got another than the first, expected the same everywhere/,
  );
});

Deno.test("the published activation terms are words", () => {
  const relu = "(L2 UnaryTopo (L1 UnaryTopo (UnOp umax)))";
  const swish = "(L2 BinaryTopo (BinOp bsigmoid) (L1 UnaryTopo (UnOp mconst)) " +
    "(L1 UnaryTopo (UnOp id)) id id)";
  for (const text of [relu, swish]) {
    assert.equal(formatArch(activations, parseArch(activations, text)), text);
  }
});

Deno.test("what is no word names the node, what stands there and what was expected", () => {
  const cell = (...ops: string[]) => `(CELL Cell ${ops.map((op) => `(OPS ${op})`).join(" ")})`;
  wrong(
    cells,
    cell("id", "zero", "conv9x9", "id", "id", "id"),
    /at CELL\/2:OPS \(character \d+\): got \(OPS conv9x9\), expected id \| zero \| conv3x3/,
  );
  wrong(
    cells,
    cell("id", "zero", "conv3x3", "zero", "zero", "zero"),
    /at CELL .*: got no path through it without zero, expected one from input to output/,
  );
  wrong(cells, cell("id"), /got \(CELL Cell OPS\), expected Cell OPS OPS OPS OPS OPS OPS/);
  wrong(
    hierarchical,
    trees[0].replace("(DOWN Linear2", "(C Linear2"),
    /at D2\/0:D1\/2:DOWN .*: got \(C Linear2 CELL resBlock\), expected \(DOWN …\)/,
  );
  wrong(
    hierarchical,
    trees[0].replace("resBlock", "conv3x3"),
    /expected resBlock|expected Linear2/,
  );
  wrong(cells, "(CELL Cell (OPS id)", /the text ends after 19 characters, expected "\)"/);
  wrong(cells, "(CELL Cell (OPS id)) junk", /got "junk" at character 22, expected the end/);
  wrong(cells, "", /got 0 trees, expected 1/);
  wrong(cells, "(".repeat(100_000), /expected a non-terminal/);
  wrong(hierarchical, `${"(D2 Linear3 ".repeat(2000)}`, /expected at most 500 nested brackets/);
});
