/**
 * The network of DARTS cells (Liu et al., ICLR 2019, §3.1.2 and the released code): a chain of cells, each
 * reading the outputs of the two before it. The cells at one third and at two thirds are reduction cells.
 */
import type { Value } from "../../autodiff/tape.ts";
import { heInit } from "../../nn/init.ts";
import {
  auxHead,
  channels,
  convNorm,
  factorisedReduction,
  type Net,
  norm,
  pool3,
  separable,
  stem,
} from "../../nn/layers.ts";
import {
  addPaths,
  concat,
  depthwiseConv2d,
  type DropPathParams,
  pointwise,
  relu,
} from "../../ops/mod.ts";
import { Stream } from "../../common/random.ts";
import type { Pass } from "../space.ts";
import { denseHead } from "./benchmark.ts";
import type { Network } from "./child.ts";
import { type DartsArch, dartsOps, type DartsSettings } from "./darts_arch.ts";
import type { Side } from "./micro_arch.ts";

type Pair = [Value, Value];

/** Channels of the stem per channel of the first cells. */
const STEM = 3;
const DILATION = 2;

/** Whether cell `l` of `layers` halves the size. */
export const reducesAt = (l: number, layers: number): boolean =>
  l === Math.floor(layers / 3) || l === Math.floor(2 * layers / 3);

/** Settings that the network depends on. */
type Config = Pick<DartsSettings, "layers" | "filters" | "stem" | "dropPathKeep" | "auxHead">;

export function dartsNetwork(
  arch: DartsArch,
  { config, classes }: { config: Config; classes: number },
): Network {
  const { layers, filters } = config;
  return (net, images, pass) => {
    const first = stem(net, images, STEM * filters, config.stem);
    let history: Pair = [first, first];
    let width = filters;
    let aux: Value | null = null;
    for (let l = 0; l < layers; l++) {
      const reduction = reducesAt(l, layers);
      if (reduction) width *= 2;
      const cell = { cell: reduction ? arch.reduce : arch.normal, width, reduction };
      const drop = dropPathOf(config.dropPathKeep, pass);
      history = [history[1], net.scope(`cell${l}`, () => cellOutput(net, history, cell, drop))];
      if (l === Math.floor(2 * layers / 3) && config.auxHead && pass.training) {
        aux = auxHead(net, history[1], classes);
      }
    }
    const logits = denseHead(net, history[1], classes);
    return aux ? { logits, aux } : { logits };
  };
}

type Drop = Omit<DropPathParams, "salts">;

/** Drop-path parameters. As released, the keep probability falls during training from 1 to `last`. */
function dropPathOf(last: number, { training, seed, step, steps }: Pass): Drop {
  const keep = training ? 1 - Math.min(1, step / steps) * (1 - last) : 1;
  return { keep, seed, stream: Stream.dropPath, step };
}

interface CellShape {
  cell: DartsArch["normal"];
  width: number;
  reduction: boolean;
}

/** Concatenated sums of all nodes. Each (node, input, operation) has its own weights. */
function cellOutput(net: Net, [s0, s1]: Pair, shape: CellShape, drop: Drop): Value {
  const { cell, width, reduction } = shape;
  const halved = s0.shape[1] !== s1.shape[1] || s0.shape[2] !== s1.shape[2];
  const nodes: Value[] = [
    halved
      ? factorisedReduction(net, "fit0", relu(s0), { out: width })
      : convNorm(net, "fit0", relu(s0), { k: 1, out: width }),
    convNorm(net, "fit1", relu(s1), { k: 1, out: width }),
  ];
  cell.forEach(({ x, y }, b) => {
    const side = ({ input, op }: Side) =>
      net.scope(`node${b}/in${input}`, () => {
        const stride = reduction && input < 2 ? 2 : 1;
        const out = dartsOperation(net, nodes[input], op, stride);
        const kept = dartsOps[op].kind === "skip" && stride === 1 || drop.keep === 1;
        return { out, salt: kept ? null : net.salt() };
      });
    const [first, second] = [side(x), side(y)];
    const salts = [first.salt, second.salt] as const;
    nodes.push(addPaths(first.out, second.out, { ...drop, salts }));
  });
  return concat(nodes.slice(2));
}

/** An operation of a cell, by its number in `dartsOps`; keeps the channels. */
export function dartsOperation(net: Net, x: Value, op: number, stride: number): Value {
  const { kind, k, name } = dartsOps[op];
  const out = channels(x);
  if (kind === "max" || kind === "avg") return pool3(x, kind, stride);
  if (kind === "skip") {
    return stride === 1 ? x : factorisedReduction(net, name, relu(x), { out });
  }
  return net.scope(name, () => {
    if (kind === "dilated") return norm(net, dilated(net, x, k, stride));
    const once = (y: Value, i: number, step: number) =>
      net.scope(
        String(i),
        () => norm(net, separable(net, relu(y), { k, out, stride: step })),
      );
    return once(once(x, 0, stride), 1, 1);
  });
}

/** ReLU, dilated depthwise convolution (weight `dw`), 1×1 convolution (weight `pw`). */
function dilated(net: Net, x: Value, k: number, stride: number): Value {
  const c = channels(x);
  const dw = net.param("dw", [k, k, c, 1], heInit(k * k));
  const pw = net.param("pw", [c, c], heInit(c));
  const y = depthwiseConv2d(relu(x), dw, { stride, dilation: DILATION });
  return pointwise([y], [pw]);
}
