/** The networks of a micro architecture: the child of the supernet, and the one trained from scratch. */
import type { Value } from "../../autodiff/tape.ts";
import {
  auxHead,
  channels,
  convNorm,
  factorisedReduction,
  head,
  joinNorm,
  type Net,
  norm,
  pool3,
  separable,
  stem,
} from "../../nn/layers.ts";
import { add, addPaths, concat, type DropPathParams, relu } from "../../ops/mod.ts";
import { Stream } from "../../common/random.ts";
import type { Pass } from "../space.ts";
import type { Network, Sized } from "./child.ts";
import {
  auxLayer,
  type Block,
  type Cell,
  isReduction,
  looseEnds,
  type MicroArch,
  microOps,
  type MicroSettings,
  type Side,
} from "./micro_arch.ts";

type Pair = [Value, Value];

/** A chain of cells, each reading the outputs of the two before it. */
export function microNetwork(arch: MicroArch, into: Sized<MicroSettings>): Network {
  const { config, classes } = into;
  const layer = into.form === "search" ? searchLayer : finalLayer;
  return (net, images, pass) => {
    const first = stem(net, images, 3 * config.filters, config.stem);
    let history: Pair = [first, first];
    let width = config.filters;
    let aux: Value | null = null;
    for (let l = 0; l < config.layers + 2; l++) {
      const reduction = isReduction(l, config.layers);
      if (reduction) width *= 2;
      history = net.scope(
        `layer${l}`,
        () => layer(net, arch, history, { l, width, reduction, pass, into }),
      );
      if (l === auxLayer(config.layers) && config.auxHead && pass.training) {
        aux = auxHead(net, history[1], classes);
      }
    }
    const logits = head(net, relu(history[1]), { classes, keep: config.keep });
    return aux ? { logits, aux } : { logits };
  };
}

interface Layer {
  l: number;
  width: number;
  reduction: boolean;
  pass: Pass;
  into: Sized<MicroSettings>;
}

/** Both inputs of a cell at the size of the second and with `width` channels. */
function calibrate(net: Net, [h0, h1]: Pair, width: number): Pair {
  const sizeDiffers = h0.shape[1] !== h1.shape[1] || h0.shape[2] !== h1.shape[2];
  const fit = (name: string, h: Value) =>
    channels(h) === width ? h : convNorm(net, name, relu(h), { k: 1, out: width });
  return [
    sizeDiffers ? factorisedReduction(net, "fit0", relu(h0), { out: width }) : fit("fit0", h0),
    fit("fit1", h1),
  ];
}

/**
 * A layer of the supernet's child: all operations keep the size, so before a reduction cell h(l−1) is halved.
 * Each (layer, block, side, kernel, input) has its own weights. The loose ends go through a 1×1 convolution
 * whose rows belong to the nodes.
 */
function searchLayer(net: Net, arch: MicroArch, [h0, h1]: Pair, layer: Layer): Pair {
  const { width, reduction, into } = layer;
  let inputs: Pair = [h0, h1];
  if (reduction) {
    const halved = factorisedReduction(net, "halve", h1, { out: width });
    // The released code does not use h(l−2) here (Q6).
    inputs = [into.config.legacyReduce ? h1 : h0, halved];
  }
  const cell = reduction ? arch.reduce : arch.normal;
  const pair = calibrate(net, inputs, width);
  const nodes = blocks(net, cell, pair, add, (x, { op, input }, bankRows) => {
    const { kind, k } = microOps[op];
    if (kind === "identity") return x;
    if (kind !== "separable") return pool3(x, kind);
    const options = { k, out: width, bankRows };
    // In a supernet these norms keep no running statistics, since all architectures would share them.
    const keep = into.ownStatistics === true;
    const stack = (y: Value) =>
      net.scope(`in${input}`, () => norm(net, separable(net, relu(y), options), { keep }));
    return twice(net, k, stack, x);
  });
  const ends = looseEnds(cell).map((row) => ({ x: nodes[row], row }));
  // The number of ends in the sum differs from architecture to architecture.
  const fanIn = into.config.legacyInit ? nodes.length : width;
  const out = joinNorm(net, "out", ends, { out: width, fanIn });
  return [inputs[1], out];
}

/**
 * A layer of the network trained from scratch. Reductions are stride 2 on the cell's inputs; ends are
 * concatenated.
 */
function finalLayer(net: Net, arch: MicroArch, history: Pair, layer: Layer): Pair {
  const { width, reduction } = layer;
  const [x0, x1] = calibrate(net, history, width);
  const base = convNorm(net, "base", relu(x1), { k: 1, out: width });
  const cell = reduction ? arch.reduce : arch.normal;
  const drop = dropPathOf(layer);
  const sum = (x: Path, y: Path) =>
    drop ? addPaths(x.y, y.y, { ...drop, salts: [x.salt, y.salt] }) : add(x.y, y.y);
  const nodes = blocks(net, cell, [x0, base], sum, (x, { op, input }) => {
    const { kind, k } = microOps[op];
    const stride = reduction && input < 2 ? 2 : 1;
    if (kind === "identity") {
      const y = stride === 1 ? x : factorisedReduction(net, "halve", x, { out: width });
      return { y, salt: null };
    }
    const y = kind !== "separable" ? pool3(x, kind, stride) : twice(
      net,
      k,
      (y, i) => norm(net, separable(net, relu(y), { k, out: width, stride: i === 0 ? stride : 1 })),
      x,
    );
    return { y, salt: drop && net.salt() };
  });
  const ends = looseEnds(cell).map((i) =>
    reduction && i < 2 ? factorisedReduction(net, `end${i}`, nodes[i], { out: width }) : nodes[i]
  );
  return [history[1], concat(ends)];
}

/**
 * Computes all nodes of a cell: its inputs, then one sum per block. An operation also gets the number of
 * nodes that it may read.
 */
function blocks<P>(
  net: Net,
  cell: Cell,
  inputs: Pair,
  sum: (x: P, y: P) => Value,
  operation: (x: Value, side: Side, readable: number) => P,
): Value[] {
  const nodes: Value[] = [...inputs];
  cell.forEach((block: Block, b) =>
    net.scope(`block${b}`, () => {
      const [x, y] = (["x", "y"] as const).map((name) =>
        net.scope(name, () => operation(nodes[block[name].input], block[name], b + 2))
      );
      nodes.push(sum(x, y));
    })
  );
  return nodes;
}

/** Applies a stack twice: a separable operation is two equal stacks. */
function twice(net: Net, k: number, stack: (x: Value, i: number) => Value, x: Value): Value {
  return net.scope(`sep${k}`, () => {
    const first = net.scope("0", () => stack(x, 0));
    return net.scope("1", () => stack(first, 1));
  });
}

/** A path into a node, with its drop-path salt; null where it is never dropped. */
interface Path {
  y: Value;
  salt: number | null;
}

/**
 * Drop-path parameters. Paths drop per example, more often in later layers and later in training. Null:
 * never.
 */
function dropPathOf({ l, pass, into: { config } }: Layer): Omit<DropPathParams, "salts"> | null {
  if (!pass.training || config.dropPathKeep === 1) return null;
  const keep = dropPathKeep(l, config.layers, config.dropPathKeep, pass);
  const { seed, step } = pass;
  return { keep, seed, stream: Stream.dropPath, step };
}

/** Keep probability of layer l: 1 at the start, `last` in the last layer at the last step. */
export function dropPathKeep(
  l: number,
  layers: number,
  last: number,
  { step, steps }: Pick<Pass, "step" | "steps">,
): number {
  return 1 - Math.min(1, (step + 1) / steps) * ((l + 1) / (layers + 2)) * (1 - last);
}
