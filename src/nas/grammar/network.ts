/** Networks of a grammar's architectures: derived graphs in the frame that the grammar's file names. */
import type { Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../common/errors.ts";
import { torchInit } from "../../nn/init.ts";
import { conv, convNorm, type Net } from "../../nn/layers.ts";
import { add, concat, globalAvgPool, relu } from "../../ops/mod.ts";
import { linearWithBias } from "../spaces/benchmark.ts";
import type { Network } from "../spaces/child.ts";
import { dartsOps, type DartsSettings } from "../spaces/darts_arch.ts";
import { dartsNetwork } from "../spaces/darts_network.ts";
import type { Cell } from "../spaces/micro_arch.ts";
import type { FlatEdge, FlatGraph } from "./flat.ts";
import type { Grammar } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";
import { resnet20 } from "./resnet20.ts";

/** Sizes of a grammar's networks. */
export type GrammarNetworkSettings = Pick<
  DartsSettings,
  "layers" | "filters" | "stem" | "dropPathKeep" | "auxHead"
>;

/** Size of the network, and its number of classes. */
export interface FrameContext {
  config: GrammarNetworkSettings;
  classes: number;
}

/** A grammar, and the layers behind its primitives. */
export interface Derived {
  grammar: Grammar;
  primitives: Primitives;
}

/**
 * The network of an architecture.
 * @param graphs the derived graphs, one per motif, without dead edges.
 * @throws UsageError where the frame cannot hold the graphs.
 */
export function grammarNetwork(
  graphs: readonly FlatGraph[],
  derived: Derived,
  into: FrameContext,
): Network {
  const { kind } = derived.grammar.network;
  if (kind === "cells") {
    const [normal, reduce] = [graphs[0], graphs.at(-1)!].map((g) => cellOf(g, derived.grammar));
    return dartsNetwork({ normal, reduce }, into);
  }
  const inner = (net: Net, x: Value) => derivedValue(net, graphs[0], x, derived);
  return kind === "resnet20" ? resnet20(inner, into) : classifier(inner, derived, into);
}

/** Value of the derived graph's output. Weights of an edge lie in a scope named by its path and primitive. */
function derivedValue(
  net: Net,
  { nodes, inputs, edges }: FlatGraph,
  x: Value,
  { grammar, primitives }: Derived,
): Value {
  if (inputs !== 1) {
    throw new UsageError(
      `Cannot build ${grammar.name} architecture: its start has ${inputs} inputs, expected 1`,
    );
  }
  const into = Map.groupBy(edges, ({ to }) => to);
  // The values that each node hands on: two where it stacks, else one.
  const operands: (readonly Value[])[] = [[x]];
  for (let node = 1; node < nodes.length; node++) {
    const leading = into.get(node)!, { merge } = nodes[node];
    const terms = leading.map(({ from, label, path }) =>
      net.scope(`${path}.${label}`, () => {
        const [first, second = first] = operands[from];
        return primitives.get(label)!.layer(net, first, second);
      })
    );
    expectOneShape(terms, leading, merge === "concat", grammar);
    operands.push(
      merge === "stack" ? terms : [merge === "concat" ? concat(terms) : terms.reduce(add)],
    );
  }
  return operands.at(-1)![0];
}

/** @throws UsageError naming two edges into one node whose values do not fit each other. */
function expectOneShape(
  terms: readonly Value[],
  edges: readonly FlatEdge[],
  anyChannels: boolean,
  grammar: Grammar,
): void {
  const sizeOf = ({ shape }: Value) => shape.slice(1, anyChannels ? -1 : undefined).join(" × ");
  const odd = terms.findIndex((term) => sizeOf(term) !== sizeOf(terms[0]));
  if (odd < 0) return;
  const named = (i: number) => `${edges[i].label} at ${edges[i].path} gives ${sizeOf(terms[i])}`;
  throw new UsageError(
    `Cannot build ${grammar.name} architecture: ${named(0)} and ${
      named(odd)
    }, expected one size, since ` +
      "they are joined",
  );
}

/** Applies primitives one after the other, each in a scope of its own. */
const chain = (net: Net, x: Value, names: readonly string[], primitives: Primitives): Value =>
  names.reduce(
    (y, name) => net.scope(name, () => primitives.get(name)!.layer(net, y, y)),
    x,
  );

/** The network of a derived graph between a stem and a head. */
function classifier(
  inner: (net: Net, x: Value) => Value,
  { grammar: { network }, primitives }: Derived,
  { config, classes }: FrameContext,
): Network {
  return (net, images) => {
    const x = net.scope("stem", () => {
      const wide = firstConv(net, images, config);
      return chain(net, wide, network.stem.slice(1), primitives);
    });
    const body = net.scope("body", () => inner(net, x));
    return {
      logits: net.scope("head", () => {
        const y = chain(net, body, network.head.slice(0, -2), primitives);
        return linearWithBias(net, globalAvgPool(y), classes, torchInit);
      }),
    };
  };
}

/** The convolution of a stem, to `filters` channels; a stride of four takes two of them, as in other spaces. */
function firstConv(net: Net, images: Value, { filters, stem }: GrammarNetworkSettings): Value {
  const options = { k: 3, out: filters, init: torchInit };
  const x = stem === 4 ? relu(convNorm(net, "half", images, { ...options, stride: 2 })) : images;
  return net.scope("conv3x3", () => conv(net, x, { ...options, stride: Math.min(stem, 2) }));
}

/**
 * A derived graph as a DARTS cell.
 * @throws UsageError unless it has two inputs, two operations of DARTS into each inner node, and joins all of them.
 */
function cellOf({ nodes, inputs, edges }: FlatGraph, { name }: Grammar): Cell {
  const refuse = (got: string): never => {
    throw new UsageError(
      `Cannot build ${name} architecture as a cell: ${got}, expected two inputs and two operations of ` +
        `${dartsOps.map((op) => op.name).join(", ")} into each node, all nodes joined`,
    );
  };
  const output = nodes.length - 1;
  if (inputs !== 2) refuse(`it has ${inputs} inputs`);
  const into = Map.groupBy(edges, ({ to }) => to);
  if (into.get(output)!.length !== output - inputs) refuse("some nodes are not joined");
  return nodes.slice(inputs, -1).map((_, i) => {
    const leading = into.get(inputs + i) ?? [];
    if (leading.length !== 2) refuse(`a node has ${leading.length} operations`);
    const [x, y] = leading.map(({ from, label }) => {
      const op = dartsOps.findIndex((known) => known.name === label);
      return op < 0 ? refuse(label) : { input: from, op };
    });
    return { x, y };
  });
}
