/** NAS-Bench-201 strings of grammars whose motif is its cell. */
import { formatNb201, nb201Edges, nb201Ops, parseNb201 } from "../spaces/nasbench201_arch.ts";
import { type Grammar, type GrammarArch, productionsOf } from "./grammar.ts";
import { parseArch } from "./text.ts";

/** Primitives of the grammar in the order of the benchmark's operations. */
const primitives = ["zero", "id", "conv1x1", "conv3x3", "avg_pool"];

/** Translates between architectures and the benchmark's strings. */
export interface Nb201Strings {
  format(arch: GrammarArch): string;
  /** @throws UsageError for text that is no string, or a cell that the grammar does not derive. */
  parse(text: string): GrammarArch;
}

/** The strings of a grammar; null where its architectures are not cells of NAS-Bench-201. */
export function nb201Strings(grammar: Grammar): Nb201Strings | null {
  const [{ start }, ...others] = grammar.motifs;
  const [cell, ...further] = productionsOf(grammar, start);
  const topology = grammar.topologies.get(cell.terminal);
  const isCell = others.length === 0 && further.length === 0 &&
    topology?.edges.length === nb201Edges.length &&
    topology.edges.every(({ from, to }, e) =>
      from === nb201Edges[e][0] + 1 && to === nb201Edges[e][1] + 1
    ) &&
    cell.arguments.every((word) =>
      grammar.productions.get(word)?.every(({ terminal }) => primitives.includes(terminal))
    );
  if (!isCell) return null;
  return {
    format: ([tree]) =>
      formatNb201({ ops: tree.children.map(({ terminal }) => primitives.indexOf(terminal)) }),
    parse(text) {
      const words = parseNb201(text).ops.map((op) => primitives[op]);
      return parseArch(grammar, `${cell.terminal}(${words.join(", ")})`);
    },
  };
}

/** Name of the space of the benchmark's tables. */
export const NB201_SPACE = "nasbench201";

/** Whether a text looks like a string of the benchmark. */
export const looksLikeNb201 = (text: string): boolean =>
  new RegExp(`^\\s*\\|(${nb201Ops.join("|")})~0\\|`).test(text);
