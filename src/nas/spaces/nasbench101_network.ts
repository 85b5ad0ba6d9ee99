/**
 * The network of a NAS-Bench-101 cell (Ying et al., ICML 2019, §2.1–2.3): three stacks of cells, separated by
 * max pools after which the channels double.
 */
import type { Value } from "../../autodiff/tape.ts";
import { channels, convNormRelu, type Net } from "../../nn/layers.ts";
import { add, concat, maxPool2d, slice } from "../../ops/mod.ts";
import { type BenchmarkSettings, cellName, denseHead, plainStem } from "./benchmark.ts";
import type { Network, Sized } from "./child.ts";
import { type Dag, NB101_VERTICES, predecessors } from "./nasbench101_arch.ts";

/** Number of stacks; `layers` counts the cells of all of them. */
export const NB101_STACKS = 3;
/** Most vertices that can feed the output at once: each costs two of nine edges. */
const MAX_BRANCHES = 4;

/**
 * Channels of every vertex of a pruned graph. The output's channels are divided among the vertices that feed
 * it; the first ones get the remainder. Other vertices are as wide as the widest vertex that they feed
 * (`compute_vertex_channels` of the release).
 */
export function nb101Channels({ out }: Pick<Dag, "out">, cin: number, cout: number): number[] {
  const last = out.length - 1;
  const result = out.map(() => 0);
  result[0] = cin;
  result[last] = cout;
  const ends = out.flatMap((set, v) => v > 0 && set >> last & 1 ? [v] : []);
  ends.forEach((v, i) => {
    result[v] = Math.floor(cout / ends.length) + (i < cout % ends.length ? 1 : 0);
  });
  for (let v = last - 1; v > 0; v--) {
    if (ends.includes(v)) continue;
    for (let w = v + 1; w < last; w++) {
      if (out[v] >> w & 1) result[v] = Math.max(result[v], result[w]);
    }
  }
  return result;
}

type CellBody = (net: Net, x: Value, cout: number) => Value;

function stacks({ config, classes }: Sized<BenchmarkSettings>, cell: CellBody): Network {
  const perStack = config.layers / NB101_STACKS;
  return (net, images) => {
    let x = plainStem(net, images, config);
    let width = config.filters;
    for (let stack = 0; stack < NB101_STACKS; stack++) {
      if (stack > 0) {
        x = maxPool2d(x, { k: 2, stride: 2, padding: "same" });
        width *= 2;
      }
      for (let i = 0; i < perStack; i++) {
        x = net.scope(cellName(stack, perStack, i), () => cell(net, x, width));
      }
    }
    return { logits: denseHead(net, x, classes) };
  };
}

/** Network of one cell. @param dag pruned. */
export function nb101Network(dag: Dag, into: Sized<BenchmarkSettings>): Network {
  return stacks(into, (net, x, cout) => nb101Cell(net, dag, x, cout));
}

/** The layers of one cell. @param dag pruned; @param cout output channels, at least one per branch. */
export function nb101Cell(net: Net, dag: Dag, x: Value, cout: number): Value {
  const inputs = predecessors(dag);
  const last = dag.out.length - 1;
  const width = nb101Channels(dag, channels(x), cout);
  const values: Value[] = [x];
  for (let v = 1; v < last; v++) {
    values.push(net.scope(`vertex${v}`, () => {
      const sources = values.flatMap((value, u) => {
        if (!(inputs[v] >> u & 1)) return [];
        return [u === 0 ? projection(net, x, width[v]) : first(value, width[v])];
      });
      return vertex(net, sources.reduce((a, b) => add(a, b)), dag.labels[v]);
    }));
  }
  const ends = values.filter((_, v) => v > 0 && inputs[last] >> v & 1);
  const joined = ends.length > 1 ? concat(ends) : ends[0];
  if (!(inputs[last] & 1)) return joined;
  const direct = net.scope("output", () => projection(net, x, cout));
  return joined ? add(joined, direct) : direct;
}

/**
 * Network that reaches every weight of any cell: a vertex's weights depend on its operation and its channels.
 */
export function nb101Supernet(into: Sized<BenchmarkSettings>): Network {
  return stacks(into, (net, x, cout) => {
    for (let v = 1; v < NB101_VERTICES - 1; v++) {
      net.scope(`vertex${v}`, () => {
        for (const width of widths(cout)) {
          const y = projection(net, x, width);
          for (const op of [0, 1]) vertex(net, y, op);
        }
      });
    }
    return net.scope("output", () => projection(net, x, cout));
  });
}

/** Channels that a vertex can have in a cell with `cout` output channels. */
function widths(cout: number): number[] {
  const found = new Set<number>();
  for (let k = 1; k <= MAX_BRANCHES; k++) {
    found.add(Math.floor(cout / k));
    found.add(Math.ceil(cout / k));
  }
  return [...found];
}

/** The first `width` channels of a value. */
const first = (x: Value, width: number): Value => channels(x) === width ? x : slice(x, 0, width);

/** Projects the cell's input to another number of channels. */
function projection(net: Net, x: Value, out: number): Value {
  return convNormRelu(net, `project${out}`, x, { k: 1, out });
}

function vertex(net: Net, x: Value, op: number): Value {
  if (op === 2) return maxPool2d(x, { k: 3, stride: 1, padding: "same" });
  const k = op === 0 ? 3 : 1, out = channels(x);
  return convNormRelu(net, `conv${k}x${out}`, x, { k, out });
}
