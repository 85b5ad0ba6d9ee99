/** The networks of a macro architecture: the child of the supernet, and the one trained from scratch. */
import type { Value } from "../../autodiff/tape.ts";
import {
  channels,
  conv,
  convNorm,
  convNormRelu,
  factorisedReduction,
  head,
  joinNorm,
  type Net,
  norm,
  pool3,
  separable,
  stem,
} from "../../nn/layers.ts";
import { add, relu } from "../../ops/mod.ts";
import type { Network, Sized } from "./child.ts";
import {
  type Chain,
  type ChainSettings,
  type MacroArch,
  macroOps,
  type MacroSettings,
  neededFrom,
  reducesAfter,
} from "./macro_arch.ts";

/**
 * The child of the shared-weight supernet (Pham et al. 2018, §2.3, as released): convolution, then norm, then
 * ReLU. Skips are summed and normalised; every width is `filters`. Each (layer, operation) has its own
 * weights. An earlier output is reduced only if a later layer reads it.
 */
export const macroSearchNetwork = (arch: MacroArch, into: Sized<MacroSettings>): Network =>
  searchChain(arch, into, (net, x, i) => {
    const { op } = arch.layers[i];
    return net.scope(`op${op}`, () => searchOp(net, x, op, into.config));
  });

/** A search child whose layers run `body` before their skips. */
export function searchChain(
  chain: Chain,
  { config, classes }: Sized<ChainSettings>,
  body: (net: Net, x: Value, layer: number) => Value,
): Network {
  return (net, images) => {
    const out = config.filters;
    const outputs: (Value | null)[] = [stem(net, images, out, config.stem)];
    chain.layers.forEach(({ skips }, i) => {
      const y = net.scope(`layer${i}`, () => {
        const sum = skips.reduce(
          (sum, bit, j) => bit ? add(sum, outputs[j]!) : sum,
          body(net, outputs[i]!, i),
        );
        return i === 0 ? sum : net.scope("skip", () => norm(net, sum));
      });
      outputs.push(y);
      if (reducesAfter(i, config.layers)) reduce(net, outputs, i, out, readIn(chain, i + 1));
    });
    return { logits: head(net, outputs.at(-1)!, { classes, keep: config.keep }) };
  };
}

export function searchOp(
  net: Net,
  x: Value,
  op: number,
  { opBnEpsilon }: Pick<MacroSettings, "opBnEpsilon">,
): Value {
  const { kind, k } = macroOps[op];
  const out = channels(x);
  const y = convNormRelu(net, "in", x, { k: 1, out });
  if (kind === "avg" || kind === "max") return pool3(y, kind);
  const wide = kind === "conv" ? conv : separable;
  return net.scope(
    "out",
    () => relu(norm(net, wide(net, y, { k, out }), { epsilon: opBnEpsilon, debias: false })),
  );
}

/** Predicate: whether layer `from` or a later one reads output j. */
const readIn = (chain: Chain, from: number) => (j: number) => neededFrom(chain, from, j);

/** Halves the outputs to be kept after layer i and drops the others. */
function reduce(
  net: Net,
  outputs: (Value | null)[],
  i: number,
  out: number,
  keeps: (j: number) => boolean,
): void {
  net.scope(`reduce${i}`, () => {
    outputs.forEach((x, j) => {
      outputs[j] = x && keeps(j) ? factorisedReduction(net, String(j), x, { out }) : null;
    });
  });
}

/**
 * The network trained from scratch: ReLU before each convolution. Skips are concatenated with the operation's
 * output and go through a 1×1 convolution. The width doubles at each reduction. Pools have neither norm nor
 * convolution.
 */
export const macroFinalNetwork = (arch: MacroArch, into: Sized<MacroSettings>): Network =>
  finalChain(arch, into, (net, x, i) => finalOp(net, x, arch.layers[i].op, into.config));

/**
 * A final network whose layers run `body` before their skips. With `legacyFixed` all outputs are halved at a
 * reduction, as released. This adds weights that nothing reads to the count; they are not computed.
 */
export function finalChain(
  chain: Chain,
  { config, classes }: Sized<ChainSettings>,
  body: (net: Net, x: Value, layer: number, width: number) => Value,
): Network {
  return (net, images) => {
    let width = config.filters;
    const outputs: (Value | null)[] = [stem(net, images, width, config.stem)];
    chain.layers.forEach(({ skips }, i) => {
      const y = net.scope(`layer${i}`, () => {
        const own = body(net, outputs[i]!, i, width);
        if (i === 0) return own;
        const joined = skips.flatMap((bit, j) => bit ? [{ x: outputs[j]!, row: j }] : []);
        joined.push({ x: own, row: i });
        const fanIn = joined.reduce((sum, { x }) => sum + channels(x), 0);
        return joinNorm(net, "skip", joined, { out: width, fanIn });
      });
      outputs.push(y);
      if (reducesAfter(i, config.layers)) {
        const keeps = config.legacyFixed ? () => true : readIn(chain, i + 1);
        reduce(net, outputs, i, width *= 2, keeps);
      }
    });
    return { logits: head(net, outputs.at(-1)!, { classes, keep: config.keep }) };
  };
}

function finalOp(
  net: Net,
  x: Value,
  op: number,
  { legacyFixed }: Pick<MacroSettings, "legacyFixed">,
): Value {
  const { kind, k } = macroOps[op];
  if (kind === "avg" || kind === "max") return net.scope("op", () => pool3(x, kind));
  const out = channels(x);
  const y = convNorm(net, "in", relu(x), { k: 1, out });
  const wide = kind === "conv" || legacyFixed ? conv : separable;
  return net.scope("op", () => norm(net, wide(net, relu(y), { k, out })));
}
