/**
 * The cell space of DARTS (Liu et al., ICLR 2019): a normal and a reduction cell of four nodes, each the sum
 * of two operations on two different earlier nodes. `choice` holds the normal cell, then the reduction cell;
 * per node first input, its operation, second input, its operation.
 */
import { UsageError } from "../../common/errors.ts";
import type { Rng } from "../../common/random.ts";
import { allowed } from "../decisions.ts";
import { defineSpace } from "../definition.ts";
import type { Notation, SearchSpace } from "../space.ts";
import { benchmarkPresets, cosine } from "./benchmark_presets.ts";
import { cellGraph, cellPicture } from "./cell_graph.ts";
import { requireSearchForm, type Sized, toModel } from "./child.ts";
import { cellDecisions, DecisionList } from "./codec.ts";
import {
  type DartsArch,
  dartsKey,
  dartsOps,
  type DartsSettings,
  dartsSettings,
  formatDarts,
  parseDarts,
} from "./darts_arch.ts";
import { standard } from "../config/preset_defaults.ts";
import { dartsNetwork } from "./darts_network.ts";
import type { Cell } from "./micro_arch.ts";

export { type DartsArch, dartsOps, formatDarts, parseDarts } from "./darts_arch.ts";

/** Choices per node. */
const NODE = 4;
/** Index of the second input among a node's choices. */
const SECOND = 2;

const published = { layers: 20, filters: 36, blocks: 4 };

const notation: Notation<DartsArch> = {
  looks: (text) => /normal\s*[:=].*reduce\s*[:=]/s.test(text),
  format: formatDarts,
  parse: (text) => parseDarts(text, nodesOf(text)),
  published: (text) => ({ ...published, blocks: nodesOf(text) }),
};

export const dartsDefinition = defineSpace({
  name: "darts",
  summary: "DARTS's cells: each node is the sum of two operations on earlier nodes",
  settings: dartsSettings,
  presets: benchmarkPresets({
    published,
    small: { layers: 4, filters: 8, blocks: 4 },
    least: { layers: 3, filters: 4, blocks: 2 },
    // Liu et al. 2019, §3.2.
    training: {
      epochs: 600,
      batch: 96,
      space: { auxHead: true, dropPathKeep: 0.8 },
      optimizer: { ...cosine, lrMax: 0.025, l2: 3e-4, nesterov: false, clip: "global" },
      augment: { ...standard, cutout: 16 },
    },
  }),
  open: dartsSpace,
  carried: ({ stem, blocks }) => ({ stem, blocks }),
  notation,
  example: {
    settings: { layers: 3, filters: 4, blocks: 2, stem: 2 },
    choice: [0, 3, 1, 2, 2, 5, 0, 0, 0, 1, 1, 0, 1, 4, 2, 6],
  },
});

/** Number of nodes per cell in a text: each node has two pairs in each of two cells. */
const nodesOf = (text: string): number =>
  Math.max(1, Math.round((text.match(/\(/g)?.length ?? 0) / 4));

function dartsSpace(config: DartsSettings): SearchSpace<DartsArch> {
  const { blocks } = config;
  const list = new DecisionList("darts", cellDecisions(blocks, "node", labels));
  /** All nodes make up the output. */
  const ends = Array.from({ length: blocks }, (_, b) => b + 2);
  /** Mask that makes a node's second input differ from its first. */
  const different = (choice: readonly number[], at: number): boolean[] | null => {
    if (at % NODE !== SECOND) return null;
    const first = choice[at - SECOND];
    return Array.from({ length: list.decisions[at].options }, (_, i) => i !== first);
  };
  const decode = (choice: readonly number[]): DartsArch => {
    list.check(choice);
    for (let i = SECOND; i < choice.length; i += NODE) {
      if (choice[i] !== choice[i - SECOND]) continue;
      throw new UsageError(
        `Cannot decode darts architecture: ${list.decisions[i].name}: got ${
          choice[i]
        }, expected another than the first`,
      );
    }
    return { normal: toCell(choice, 0, blocks), reduce: toCell(choice, NODE * blocks, blocks) };
  };
  const around = (choice: number[], at: number): number[] =>
    allowedAt(list, choice, at).filter((o) => o !== choice[at]);
  const build = (arch: DartsArch, into: Sized<DartsSettings>) =>
    toModel(into, dartsNetwork(arch, into));
  return {
    name: "darts",
    summary: `a normal and a reduction cell of ${blocks} nodes, each the sum of two operations`,
    start: () => list.start(different),
    decode,
    encode,
    key: dartsKey,
    notation,
    supernet: (into) => {
      requireSearchForm(into);
      covering(blocks).forEach((arch) => build(arch, { ...into, config }));
    },
    build: (arch, into) => build(arch, { ...into, config }),
    graphs: ({ normal, reduce }) => [normal, reduce].map((cell) => cellGraph(cell, labels, ends)),
    picture: ({ normal, reduce }) => [
      cellPicture("normal cell", normal, labels, ends),
      cellPicture("reduction cell", reduce, labels, ends),
    ],
    mutate(arch: DartsArch, rng: Rng) {
      const choice = encode(arch);
      const open = choice.flatMap((_, i) => around(choice, i).length > 0 ? [i] : []);
      const at = rng.pick(open);
      return decode(choice.with(at, rng.pick(around(choice, at))));
    },
    neighbours(arch: DartsArch) {
      const choice = encode(arch);
      return choice.flatMap((_, at) => around(choice, at).map((o) => decode(choice.with(at, o))));
    },
    crossover: (a: DartsArch, b: DartsArch, rng: Rng) => [
      decode(list.crossover(encode(a), encode(b), rng)),
    ],
  };
}

const labels = dartsOps.map(({ name }) => name);

/** Options of one decision that keep both inputs of its node different. */
function allowedAt(list: DecisionList, choice: readonly number[], at: number): number[] {
  const place = at % NODE;
  const other = place === 0 ? choice[at + SECOND] : place === SECOND ? choice[at - SECOND] : -1;
  return allowed(list.decisions[at]).filter((o) => o !== other);
}

function encode({ normal, reduce }: DartsArch): number[] {
  return [...normal, ...reduce].flatMap(({ x, y }) => [x.input, x.op, y.input, y.op]);
}

function toCell(choice: readonly number[], start: number, blocks: number): Cell {
  return Array.from({ length: blocks }, (_, b) => {
    const [i, p, j, q] = choice.slice(start + NODE * b, start + NODE * (b + 1));
    return { x: { input: i, op: p }, y: { input: j, op: q } };
  });
}

/** Architectures that together use every weight: each input of each node with each operation. */
function covering(blocks: number): DartsArch[] {
  return dartsOps.flatMap((_, op) =>
    Array.from({ length: blocks + 1 }, (_, shift) => {
      const cell: Cell = Array.from({ length: blocks }, (_, b) => ({
        x: { input: shift % (b + 2), op },
        y: { input: (shift + 1) % (b + 2), op },
      }));
      return { normal: cell, reduce: cell };
    })
  );
}
