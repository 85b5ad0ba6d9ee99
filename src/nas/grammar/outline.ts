/** A derivation tree as an outline. */
import type { OutlineRow } from "../space.ts";
import type { DerivationTree, Grammar, GrammarArch } from "./grammar.ts";

/** One row per node: a non-terminal with its topology or primitive, or a primitive alone. */
export function outlineOf(grammar: Grammar, arch: GrammarArch): OutlineRow[] {
  const rows: OutlineRow[] = [];
  const visit = ({ symbol, terminal, children }: DerivationTree, level: number, prefix = "") => {
    rows.push({ label: `${prefix}${symbol === null ? "" : `${symbol} `}${terminal}`, level });
    for (const child of children) visit(child, level + 1);
  };
  arch.forEach((tree, m) => {
    const { name } = grammar.motifs[m];
    visit(tree, 0, name === "" ? "" : `${name}: `);
  });
  return rows;
}
