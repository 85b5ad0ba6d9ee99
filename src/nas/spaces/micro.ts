/**
 * ENAS's micro space: a normal and a reduction cell, stacked to a network (Pham et al. 2018, §2.4). `choice`
 * holds the normal cell, then the reduction cell; per block first input, its operation, second input, its
 * operation. The controller decides both inputs of a block before both operations, so it has to reorder the
 * decisions of each block as 0, 2, 1, 3.
 */
import { microController } from "../controller/micro.ts";
import { defineSpace } from "../definition.ts";
import type { SearchSpace } from "../space.ts";
import { cellGraph, cellPicture } from "./cell_graph.ts";
import { requireSearchForm, type Sized, toModel } from "./child.ts";
import { cellDecisions, DecisionList } from "./codec.ts";
import {
  type Cell,
  cellKey,
  looseEnds,
  type MicroArch,
  microOps,
  type MicroSettings,
  microSettings,
} from "./micro_arch.ts";
import { microNetwork } from "./micro_network.ts";
import { microPresets } from "./micro_presets.ts";
import { microScript } from "./script_formats.ts";

export { type Block, type Cell, type MicroArch, microOps, type Side } from "./micro_arch.ts";

export const microDefinition = defineSpace({
  name: "micro",
  summary: "ENAS's cells: a normal and a reduction cell, stacked",
  settings: microSettings,
  presets: microPresets,
  open: microSpace,
  carried: ({ stem, blocks }) => ({ stem, blocks }),
  controller: microController,
  script: microScript,
  quirks: ["Q6", "Q7"],
  baseline: ({ blocks }) => handMade(blocks),
  example: {
    settings: { layers: 3, filters: 4, blocks: 2, stem: 2 },
    choice: [0, 0, 1, 4, 2, 1, 1, 3, 1, 2, 0, 1, 1, 0, 2, 4],
  },
});

function microSpace(config: MicroSettings): SearchSpace<MicroArch> {
  const build = (arch: MicroArch, into: Sized<MicroSettings>) =>
    toModel(into, microNetwork(arch, into));
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
      covering(blocks).forEach((arch) => build(arch, { ...into, config }));
    },
    build: (arch, into) => build(arch, { ...into, config }),
    graphs: ({ normal, reduce }) =>
      [normal, reduce].map((cell) => cellGraph(cell, opNames, looseEnds(cell))),
    picture: ({ normal, reduce }) => [
      cellPicture("normal cell", normal, opLabels, looseEnds(normal)),
      cellPicture("reduction cell", reduce, opLabels, looseEnds(reduce)),
    ],
    ...list.variation(encode, decode),
  };
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

/**
 * Architectures that together use every weight: each input with each separable operation, each node as a
 * loose end.
 */
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

const SEPARABLE_3 = microOps.findIndex(({ kind, k }) => kind === "separable" && k === 3);
const MAX = microOps.findIndex(({ kind }) => kind === "max");
const IDENTITY = microOps.findIndex(({ kind }) => kind === "identity");

/**
 * Residual separable 3×3 convolutions (He et al., CVPR 2016): each block adds one to its input. The first
 * block of a reduction cell adds it to a pooling.
 */
function handMade(blocks: number): number[] {
  const cell = (first: number) =>
    Array.from({ length: blocks }, (_, block) => {
      const input = block + 1; // The preceding block, or the preceding cell.
      return [input, SEPARABLE_3, input, block === 0 ? first : IDENTITY];
    }).flat();
  return [...cell(IDENTITY), ...cell(MAX)];
}

const opLabels = microOps.map(({ label }) => label);
const opNames = microOps.map(({ kind, k }) => `${kind}${k}`);
