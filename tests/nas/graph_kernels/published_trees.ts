/** Derivation trees of the hierarchical space whose kernel values were computed independently. */
import type { GrammarArch } from "../../../src/nas/grammar/grammar.ts";
import { foldGraphs, fullGraph } from "../../../src/nas/grammar/kernel_graphs.ts";
import { parseArch } from "../../../src/nas/grammar/text.ts";
import type { LabelledGraph } from "../../../src/nas/space.ts";
import { hierarchical, primitives } from "../grammar/_grammars.ts";

const block = (act: string, conv: string, norm: string) =>
  `(OPS Linear1 (CONVBLOCK Linear3 (ACT ${act}) (CONV ${conv}) (NORM ${norm})))`;
const cell = (...ops: string[]) =>
  `(CELL Cell ${ops.map((op) => op.startsWith("(") ? op : `(OPS ${op})`).join(" ")})`;

const usual = block("relu", "conv3x3o", "batch");
export const X = cell(usual, "zero", usual, "id", "zero", usual);
export const Y = cell(
  "avg_pool",
  block("mish", "dconv3x3o", "layer"),
  "id",
  "zero",
  block("hardswish", "conv1x1o", "instance"),
  "avg_pool",
);
export const Z = cell("avg_pool", "zero", "avg_pool", "id", "zero", "avg_pool");

/** Three stages in line. @param pair cells of a C. @param single other cells. */
function linear(pair: readonly [string, string], single: string): string {
  const c = `(C Linear2 ${pair.join(" ")})`;
  const d1 = `(D1 Linear3 ${c} ${c} (DOWN Linear2 ${single} resBlock))`;
  return `(D2 Linear3 ${d1} ${d1} (D0 Linear3 ${c} ${c} ${single}))`;
}

/** Four stages with residual connections. */
function residual(own: string): string {
  const c = `(C Residual2 ${own} ${own} ${own})`;
  const down = `(DOWN Residual2 ${own} resBlock resBlock)`;
  const d1 = `(D1 Residual3 ${c} ${c} ${down} ${down})`;
  const d0 = `(D0 Residual3 ${c} ${c} ${own} ${own})`;
  return `(D2 Linear4 ${d1} ${d1} ${d0} ${d0})`;
}

/** Long lines that end in a residual block. */
function long(own: string): string {
  const c = `(C Linear3 ${own} ${own} ${own})`;
  const d1 = `(D1 Linear4 ${c} ${c} ${c} (DOWN Linear3 ${own} ${own} resBlock))`;
  return `(D2 Linear3 (D0 Linear4 ${c} ${c} ${c} ${own}) ${d1} ${d1})`;
}

export const treeTexts = {
  T1: linear([X, X], X),
  T2: residual(Y),
  T3: long(Z),
  T4: linear([X, Y], Y),
  T5: linear([Y, Y], Y),
  T6: residual(X),
  T7: long(Y),
};

export type TreeName = keyof typeof treeTexts;

const read = (text: string): GrammarArch => parseArch(hierarchical, text);

export const trees = Object.fromEntries(
  Object.entries(treeTexts).map(([name, text]) => [name, read(text)]),
) as Record<TreeName, GrammarArch>;

/** The full graph of a tree, then its levels from the coarsest on. */
export const graphsOf = ([tree]: GrammarArch): LabelledGraph[] => [
  fullGraph(hierarchical, tree, primitives),
  ...foldGraphs(hierarchical, tree, primitives),
];
