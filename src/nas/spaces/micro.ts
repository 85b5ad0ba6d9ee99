/**
 * ENAS's micro space: a normal and a reduction cell, stacked to a network (Pham et al. 2018, §2.4). `choice`
 * holds the normal cell, then the reduction cell; per block first input, its operation, second input, its
 * operation. The controller decides in another order, per block both inputs and then both operations: it has
 * to put decisions 0, 2, 1, 3 of each block where they belong.
 */
import type { BuildContext, ChildConfig, Model, SearchSpace } from "../space.ts";
import { cellGraph, cellPicture } from "./cell_graph.ts";
import { requireConfig, requireSearchForm, toModel } from "./child.ts";
import { cellDecisions, DecisionList } from "./codec.ts";
import { type Cell, cellKey, looseEnds, type MicroArch, microOps } from "./micro_arch.ts";
import { microNetwork } from "./micro_network.ts";

export { type Block, type Cell, type MicroArch, microOps, type Side } from "./micro_arch.ts";

/** @throws UsageError when a size does not fit. */
export function microSpace(config: ChildConfig): SearchSpace<MicroArch> {
  requireConfig("micro", config, "layers", [3, Infinity]);
  requireConfig("micro", config, "blocks", [1, Infinity]);
  requireConfig("micro", config, "branches", [microOps.length, microOps.length]);
  requireConfig("micro", config, "filters", [2, Infinity]);
  const { blocks } = config;
  const list = new DecisionList("micro", cellDecisions(blocks, "block", opLabels));
  const decode = (choice: readonly number[]): MicroArch => {
    list.check(choice);
    return { normal: toCell(choice, 0, blocks), reduce: toCell(choice, 4 * blocks, blocks) };
  };
  return {
    name: "micro",
    summary: `a normal and a reduction cell of ${blocks} blocks, each the sum of two operations`,
    start: () => list.start(),
    decode,
    encode,
    key: ({ normal, reduce }) => `${cellKey(normal)} | ${cellKey(reduce)}`,
    supernet: (into) => {
      requireSearchForm(into);
      covering(blocks).forEach((arch) => buildMicro(arch, into));
    },
    build: buildMicro,
    graphs: ({ normal, reduce }) =>
      [normal, reduce].map((cell) => cellGraph(cell, opNames, looseEnds(cell))),
    picture: ({ normal, reduce }) => [
      cellPicture("normal cell", normal, opLabels, looseEnds(normal)),
      cellPicture("reduction cell", reduce, opLabels, looseEnds(reduce)),
    ],
    ...list.moves(encode, decode),
  };
}

function buildMicro(arch: MicroArch, into: BuildContext): Model {
  return toModel(into, microNetwork(arch, into));
}

function encode({ normal, reduce }: MicroArch): number[] {
  return [...normal, ...reduce].flatMap(({ x, y }) => [x.input, x.op, y.input, y.op]);
}

function toCell(choice: readonly number[], start: number, blocks: number): Cell {
  return Array.from({ length: blocks }, (_, b) => {
    const [i, p, j, q] = choice.slice(start + 4 * b, start + 4 * b + 4);
    return { x: { input: i, op: p }, y: { input: j, op: q } };
  });
}

/** Architectures that between them use every weight: each input with each separable op, each node loose. */
function covering(blocks: number): MicroArch[] {
  const separable = microOps.flatMap(({ kind }, op) => kind === "separable" ? [op] : []);
  return Array.from({ length: blocks + 1 }, (_, node) => node).flatMap((node) =>
    separable.map((op) => {
      const cell: Cell = Array.from({ length: blocks }, (_, b) => {
        const side = { input: Math.min(node, b + 1), op };
        return { x: side, y: side };
      });
      return { normal: cell, reduce: cell };
    })
  );
}

const opLabels = microOps.map(({ label }) => label);
const opNames = microOps.map(({ kind, k }) => `${kind}${k}`);
