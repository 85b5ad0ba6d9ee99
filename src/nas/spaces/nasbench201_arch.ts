/** NAS-Bench-201 cells, independent of the network built from them (Dong & Yang, ICLR 2020, §2). */
import { UsageError } from "../../common/errors.ts";

/** One operation per edge, as indices into `nb201Ops`, in the order of `nb201Edges`. */
export interface Nb201Arch {
  ops: number[];
}

/** Operations, numbered as in the released code. */
export const nb201Ops = [
  "none",
  "skip_connect",
  "nor_conv_1x1",
  "nor_conv_3x3",
  "avg_pool_3x3",
] as const;

/** Source and target of each edge; node 0 is the cell's input, node 3 its output. */
export const nb201Edges: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, 2],
  [1, 2],
  [0, 3],
  [1, 3],
  [2, 3],
];

const NODES = 4;

/** The string of the published tables: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`. */
export function formatNb201({ ops }: Nb201Arch): string {
  let edge = 0;
  let text = "";
  for (let node = 1; node < NODES; node++) {
    if (node > 1) text += "+";
    for (let source = 0; source < node; source++) {
      text += `|${nb201Ops[ops[edge++]]}~${source}`;
    }
    text += "|";
  }
  return text;
}

const opIds = new Map<string, number>(nb201Ops.map((name, id) => [name, id]));

/**
 * Reads the published string, or six digits: one operation per edge.
 * @throws UsageError naming the node and the error.
 */
export function parseNb201(text: string): Nb201Arch {
  if (/^[0-4]{6}$/.test(text.trim())) return { ops: [...text.trim()].map(Number) };
  const refuse = (why: string): never => {
    throw new UsageError(
      `Cannot read NAS-Bench-201 architecture ${JSON.stringify(text)}: ${why}; ` +
        `a whole one is ${formatNb201({ ops: [3, 3, 3, 3, 3, 3] })}`,
    );
  };
  const groups = text.trim().split("+");
  if (groups.length !== NODES - 1) {
    refuse(`got ${groups.length} nodes, expected ${NODES - 1} separated by "+"`);
  }
  const ops: number[] = [];
  groups.forEach((group, i) => {
    const node = i + 1;
    const edges = group.split("|").slice(1, -1);
    if (edges.length !== node || !/^\|.*\|$/.test(group)) {
      refuse(`node ${node} is ${JSON.stringify(group)}, expected ${node} × |operation~source`);
    }
    edges.forEach((edge, source) => {
      const [name, from] = edge.split("~");
      if (!opIds.has(name)) {
        refuse(
          `node ${node} has operation ${JSON.stringify(name)}, expected ${nb201Ops.join(", ")}`,
        );
      }
      if (from !== String(source)) {
        refuse(`edge ${source} of node ${node} comes from ${from}, expected ${source}`);
      }
      ops.push(opIds.get(name)!);
    });
  });
  return { ops };
}

/** Number in base 5 of an architecture, first edge highest: 0 … 15,624. */
export const nb201Number = ({ ops }: Nb201Arch): number => ops.reduce((n, op) => n * 5 + op, 0);

/**
 * Rule by which cells count as the same. `skips`: skips are contracted. `zeros`: also, edges without
 * operation and operations on their zeros are zero. `sums`: also, adding zeros changes nothing.
 */
export type Nb201Equivalence = "skips" | "zeros" | "sums";

/**
 * Text that is equal for cells that compute the same; by default the published unique string. Tables have
 * separate results for such cells, so this is not the space's key.
 */
export function uniqueNb201({ ops }: Nb201Arch, up: Nb201Equivalence = "zeros"): string {
  const nodes = ["0"];
  for (let node = 1; node < NODES; node++) {
    const terms: string[] = [];
    nb201Edges.forEach(([from, to], e) => {
      if (to !== node) return;
      const source = nodes[from], name = nb201Ops[ops[e]];
      const zero = up !== "skips" && (name === "none" || source === "#");
      if (zero && up === "sums") return;
      if (zero) terms.push("#");
      else terms.push(name === "skip_connect" ? source : `(${source})@${name}`);
    });
    nodes.push(terms.sort().join("+") || "#");
  }
  return nodes[NODES - 1];
}

/** Whether a path of edges without `none` leads from the input to the output. */
export function connectedNb201({ ops }: Nb201Arch): boolean {
  const reached = [true, false, false, false];
  nb201Edges.forEach(([from, to], e) => {
    // Edges are sorted by target, so every source is final before it is read.
    if (reached[from] && ops[e] !== 0) reached[to] = true;
  });
  return reached[NODES - 1];
}
