/**
 * The network of a NAS-Bench-201 cell (Dong & Yang, ICLR 2020, §2.1): a stem, three stages of equal cells
 * separated by residual reduction blocks, and a classifier with bias.
 */
import type { Value } from "../../autodiff/tape.ts";
import { channels, convNorm, type Net, norm, pool3, stem } from "../../nn/layers.ts";
import { add, relu, scale } from "../../ops/mod.ts";
import {
  type BenchmarkSettings,
  cellName,
  denseHead,
  doubled,
  residualReduction,
} from "./benchmark.ts";
import type { Network, Sized } from "./child.ts";
import { type Nb201Arch, nb201Edges, nb201Ops } from "./nasbench201_arch.ts";

/** Number of stages; `layers` counts the cells of all of them. */
export const NB201_STAGES = 3;

export function nb201Network(
  arch: Nb201Arch,
  { config, classes }: Sized<BenchmarkSettings>,
): Network {
  const perStage = config.layers / NB201_STAGES;
  return (net, images) => {
    let x = stem(net, images, config.filters, config.stem);
    for (let stage = 0; stage < NB201_STAGES; stage++) {
      if (stage > 0) {
        x = net.scope(`reduce${stage}`, () => residualReduction(net, x, doubled(x)));
      }
      for (let i = 0; i < perStage; i++) {
        x = net.scope(cellName(stage, perStage, i), () => cell(net, x, arch));
      }
    }
    const y = net.scope("last", () => relu(norm(net, x)));
    return { logits: denseHead(net, y, classes) };
  };
}

/** Builds a cell. Node values are sums over their edges; each (edge, operation) has its own weights. */
function cell(net: Net, x: Value, { ops }: Nb201Arch): Value {
  const nodes = [x];
  for (let node = 1; node <= 3; node++) {
    let sum: Value | null = null;
    nb201Edges.forEach(([from, to], e) => {
      if (to !== node || nb201Ops[ops[e]] === "none") return;
      const y = net.scope(`edge${e}`, () => operation(net, nodes[from], nb201Ops[ops[e]]));
      sum = sum ? add(sum, y) : y;
    });
    // A node without inputs is a zero tensor, not absent: convolution and norm do not map zero to zero.
    nodes.push(sum ?? scale(x, 0));
  }
  return nodes[3];
}

function operation(net: Net, x: Value, name: (typeof nb201Ops)[number]): Value {
  if (name === "skip_connect") return x;
  if (name === "avg_pool_3x3") return pool3(x, "avg");
  const k = name === "nor_conv_3x3" ? 3 : 1;
  return convNorm(net, `conv${k}`, relu(x), { k, out: channels(x) });
}
