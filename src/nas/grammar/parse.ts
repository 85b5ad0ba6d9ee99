/** Reads and checks grammar files. Every error names its line. */
import { checkGrammar, MOST_DEPTH } from "./check.ts";
import { heightsOf } from "./heights.ts";
import type { Constraint, Grammar, NetworkSection, Production, Topology } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";
import { fieldsOf, grammarError, type Line, sectionsOf } from "./sections.ts";
import { parseTopology } from "./topology.ts";

const MOST_LEVELS = 16;
/** Most primitives of a stem, and of a head. */
const MOST_LAYERS = 16;
const kinds: readonly NetworkSection["kind"][] = ["classifier", "resnet20", "cells"];

/**
 * Reads a grammar file.
 * @param name of the file, for messages.
 * @throws DataError naming the line, what stands there and what was expected.
 */
export function parseGrammar(text: string, name: string, primitives: Primitives): Grammar {
  const sections = sectionsOf(text, name);
  const head = fieldsOf(sections.grammar, ["name", "summary", "start", "depth"] as const, name);
  const start = head.get("start") ?? missing("[grammar] has no start:", "start: SYMBOL");
  function missing(got: string, expected: string): never {
    throw grammarError(name, sections.grammar.at(-1)?.line ?? 1, got, expected);
  }
  const topologies = new Map<string, Topology>();
  for (const line of sections.topologies) {
    const topology = parseTopology(line, name);
    if (topologies.has(topology.name)) {
      throw grammarError(name, line.line, `${topology.name} a second time`, "each topology once");
    }
    topologies.set(topology.name, topology);
  }
  const productions = parseProductions(sections.productions, name);
  const shared = fieldsOf(sections.shared, ["network", "motif"] as const, name);
  const kernel = fieldsOf(sections.kernel, ["levels"] as const, name);
  const [network, motif] = [shared.get("network"), shared.get("motif")];
  const levels = numbersOf(kernel.get("levels") ?? { text: "", line: 0 }, name, 0, MOST_LEVELS);
  if (new Set(levels).size < levels.length) {
    const { line, text } = kernel.get("levels")!;
    throw grammarError(name, line, `levels: ${text}`, "each level once");
  }
  if (sections.shared.length > 0 && !(network && motif)) {
    throw grammarError(
      name,
      sections.shared[0].line,
      "[shared] without both fields",
      "network: START, motif: SYMBOL",
    );
  }
  const depth = head.get("depth");
  const grammar: Grammar = {
    name: head.get("name")?.text ?? name,
    summary: head.get("summary")?.text ?? `the grammar ${name}`,
    motifs: motifsOf(start, name),
    macro: network && motif ? { start: network.text, shared: motif.text } : null,
    depth: depth ? numbersOf(depth, name, 1, MOST_DEPTH)[0] : Infinity,
    topologies,
    productions,
    constraints: parseConstraints(sections.constraints, topologies, name),
    levels,
    network: parseNetwork(sections.network, name, primitives),
    heights: heightsOf(productions),
    text,
  };
  checkGrammar(grammar, primitives, name, start.line);
  return grammar;
}

/** `D2`, or `normal = CELL, reduce = CELL`. */
function motifsOf({ text, line }: Line, name: string): Grammar["motifs"] {
  const parts = text.split(",").map((part) => part.trim());
  const names = new Set<string>();
  return parts.map((part) => {
    const [, motif = "", start] = /^(?:(\w+)\s*=\s*)?(\w+)$/.exec(part) ?? [];
    if (start === undefined || motif === "" && parts.length > 1) {
      throw grammarError(name, line, `start: ${text}`, "SYMBOL, or NAME = SYMBOL, NAME = SYMBOL");
    }
    if (names.has(motif)) {
      throw grammarError(name, line, `${motif} a second time`, "each motif once");
    }
    names.add(motif);
    return { name: motif, start };
  });
}

function parseProductions(lines: readonly Line[], name: string): Map<string, Production[]> {
  const productions = new Map<string, Production[]>();
  for (const { text, line } of lines) {
    const [, symbol, right] = /^(\w+)\s*->\s*(.+)$/.exec(text) ?? [];
    if (symbol === undefined) {
      throw grammarError(name, line, JSON.stringify(text), "SYMBOL -> Topology ARGUMENT … | …");
    }
    const given = right.split("|").map((side): Production => {
      const [terminal, ...words] = side.trim().split(/\s+/);
      const wrong = [terminal, ...words].find((word) => !/^\w+$/.test(word));
      if (wrong !== undefined) {
        throw grammarError(name, line, `${symbol} -> ${JSON.stringify(side.trim())}`, "words");
      }
      return { terminal, arguments: words, line };
    });
    productions.set(symbol, [...productions.get(symbol) ?? [], ...given]);
  }
  return productions;
}

/** `Cell: path without zero`, or `DARTS: distinct 2 4, distinct 6 8`. */
function parseConstraints(
  lines: readonly Line[],
  topologies: ReadonlyMap<string, Topology>,
  name: string,
): Map<string, Constraint[]> {
  const constraints = new Map<string, Constraint[]>();
  for (const { text, line } of lines) {
    const [, topology, rules] = /^(\w+)\s*:\s*(.+)$/.exec(text) ?? [];
    const arity = topologies.get(topology)?.arity;
    if (arity === undefined) {
      throw grammarError(name, line, JSON.stringify(topology ?? text), "TOPOLOGY: RULE, RULE");
    }
    const parsed = rules.split(",").map((rule): Constraint => {
      const path = /^path without (\w+)$/.exec(rule.trim());
      if (path) return { kind: "path", without: path[1] };
      const pair = /^distinct (\d+) (\d+)$/.exec(rule.trim())?.slice(1).map(Number);
      if (pair && pair.every((i) => i >= 1 && i <= arity) && pair[0] < pair[1]) {
        return { kind: "distinct", arguments: [pair[0] - 1, pair[1] - 1] };
      }
      throw grammarError(
        name,
        line,
        JSON.stringify(rule.trim()),
        `path without PRIMITIVE, or distinct A B with arguments from 1 to ${arity}, ascending`,
      );
    });
    constraints.set(topology, [...constraints.get(topology) ?? [], ...parsed]);
  }
  return constraints;
}

/** Layers before and after a derived network whose grammar names none. */
const frame = { stem: "conv3x3 batch", head: "batch relu average linear" };

function parseNetwork(
  lines: readonly Line[],
  name: string,
  primitives: Primitives,
): NetworkSection {
  const fields = fieldsOf(lines, ["kind", "stem", "head"] as const, name);
  const kind = fields.get("kind");
  const found = kinds.find((known) => known === (kind?.text ?? "classifier"));
  if (!found) {
    throw grammarError(name, kind!.line, `kind: ${kind!.text}`, `one of ${kinds.join(", ")}`);
  }
  const [stem, head] = (["stem", "head"] as const).map((field) =>
    words(fields.get(field) ?? { text: frame[field], line: 0 })
  );
  const check = (field: "stem" | "head", ends: boolean, inner: string[], expected: string) => {
    const known = inner.every((layer) => primitives.get(layer)?.inputs === 1);
    if (ends && known && inner.length <= MOST_LAYERS) return;
    const { line, text } = fields.get(field)!;
    throw grammarError(name, line, `${field}: ${text}`, `${expected}, at most ${MOST_LAYERS}`);
  };
  check("stem", stem[0] === "conv3x3", stem.slice(1), "conv3x3 PRIMITIVE …");
  const end = head.slice(-2).join(" ");
  check("head", end === "average linear", head.slice(0, -2), "PRIMITIVE … average linear");
  return { kind: found, stem, head };
}

const words = (line: Line | undefined): string[] => line?.text.split(/\s+/).filter(Boolean) ?? [];

function numbersOf(line: Line, name: string, least: number, most: number): number[] {
  return words(line).map((word) => {
    if (/^\d+$/.test(word) && +word >= least && +word <= most) return +word;
    throw grammarError(
      name,
      line.line,
      JSON.stringify(word),
      `whole numbers from ${least} to ${most}`,
    );
  });
}
