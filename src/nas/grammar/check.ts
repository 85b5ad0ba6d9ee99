/** Checks of a grammar: names, numbers of arguments, non-terminals without end or without use. */
import { checkConstraints, type TerminalsOf, terminalsOf } from "./check_constraints.ts";
import type { Grammar, Production } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";
import { grammarError } from "./sections.ts";

/** Most productions of a grammar. */
const MOST_PRODUCTIONS = 2000;
/** Most nested non-terminals of a derivation: what walks a derivation calls itself so often. */
export const MOST_DEPTH = 64;

/** Whether a terminal is the number of a node that an edge starts at. */
const isState = (terminal: string): boolean => /^\d+$/.test(terminal);

/** @throws DataError naming the first fault and its line. */
export function checkGrammar(
  grammar: Grammar,
  primitives: Primitives,
  name: string,
  startLine: number,
): void {
  const { productions, motifs, macro, heights, depth } = grammar;
  const lineOf = (symbol: string) => productions.get(symbol)?.[0].line ?? startLine;
  const fail = (symbol: string, got: string, expected: string): never => {
    throw grammarError(name, lineOf(symbol), got, expected);
  };
  if ([...productions.values()].flat().length > MOST_PRODUCTIONS) {
    throw grammarError(name, startLine, "too many productions", `at most ${MOST_PRODUCTIONS}`);
  }
  const starts = [...motifs.map(({ start }) => start), ...macro ? [macro.start] : []];
  for (const start of starts) {
    if (!productions.has(start)) {
      throw grammarError(name, startLine, `start symbol ${start} without productions`, "a rule");
    }
  }
  if (macro && productions.has(macro.shared)) {
    fail(macro.shared, `a rule for ${macro.shared}`, "none: the motif takes its place");
  }
  for (const start of starts) {
    const state = productions.get(start)!.find(({ terminal }) => isState(terminal));
    if (state) fail(start, `${start} -> ${state.terminal}: a state alone`, "an operation");
  }
  const terminals = terminalsOf(productions);
  for (const [symbol, options] of productions) {
    for (const production of options) {
      checkProduction(grammar, primitives, terminals, symbol, production, name);
    }
  }
  for (const symbol of productions.keys()) {
    if (!heights.has(symbol)) {
      fail(symbol, `${symbol} never ends in primitives`, "a production without a cycle");
    }
  }
  const reached = reachedFrom(starts, productions);
  for (const symbol of productions.keys()) {
    if (!reached.has(symbol)) {
      fail(symbol, `${symbol} cannot be reached from ${starts.join(", ")}`, "a use, or no rule");
    }
  }
  const inMotifs = reachedFrom(motifs.map(({ start }) => start), productions);
  const circular = macro &&
    [...inMotifs].find((symbol) =>
      productions.get(symbol)!.some((p) => p.arguments.includes(macro.shared))
    );
  if (circular) {
    fail(circular, `the motif ${motifs[0].start} holds ${macro.shared}`, "it in the network only");
  }
  const { endless, deepest } = nestingOf(grammar, starts);
  if (endless && depth === Infinity) {
    fail(endless, `${endless} derives itself without limit`, "depth: N in [grammar], or no cycle");
  }
  if (!endless && deepest > MOST_DEPTH) {
    fail(starts[0], `derivations of ${deepest} nested non-terminals`, `at most ${MOST_DEPTH}`);
  }
  checkConstraints(
    grammar,
    primitives,
    terminals,
    ({ terminal, arguments: words, line }, got, expected) => {
      throw grammarError(name, line, `${[terminal, ...words].join(" ")}: ${got}`, expected);
    },
  );
  const least = Math.max(...starts.map((start) => heights.get(start)!));
  if (depth < least) {
    fail(starts[0], `depth: ${depth}`, `at least ${least}, which the shortest derivation needs`);
  }
}

/** The start symbols and all non-terminals below them. */
function reachedFrom(starts: string[], productions: Grammar["productions"]): Set<string> {
  const reached = new Set(starts);
  for (const symbol of reached) {
    for (const word of productions.get(symbol)!.flatMap((p) => p.arguments)) {
      if (productions.has(word)) reached.add(word);
    }
  }
  return reached;
}

function checkProduction(
  { topologies, productions, macro }: Grammar,
  primitives: Primitives,
  terminals: TerminalsOf,
  symbol: string,
  { terminal, arguments: words, line }: Production,
  name: string,
): void {
  const fail = (got: string, expected: string): never => {
    throw grammarError(
      name,
      line,
      `${symbol} -> ${[terminal, ...words].join(" ")}: ${got}`,
      expected,
    );
  };
  const topology = topologies.get(terminal);
  if (!topology) {
    if (words.length > 0) {
      const known = [...topologies.keys()].join(", ");
      fail(`${terminal} is no topology`, `one of ${known}, or a primitive alone`);
    }
    if (!primitives.has(terminal) && !isState(terminal)) {
      fail(`${terminal} is neither topology nor primitive`, "a registered primitive");
    }
    return;
  }
  if (words.length !== topology.arity) {
    fail(`${words.length} arguments for ${terminal}`, `${topology.arity}`);
  }
  const sources = new Map(
    topology.edges.filter(({ from }) => from === null).map((e) => [e.argument + 1, e.to]),
  );
  words.forEach((word, i) => {
    const to = sources.get(i);
    if (to !== undefined) {
      const wrong = terminals(word).find((o) => !isState(o) || +o + 1 >= to);
      if (wrong !== undefined) {
        fail(`argument ${i + 1}, ${word}, may be ${wrong}`, `states from 0 to ${to - 2}`);
      }
      return;
    }
    if (!productions.has(word) && !primitives.has(word) && word !== macro?.shared) {
      fail(`${word} is neither non-terminal nor primitive`, "a rule for it, or its primitive");
    }
    const { from } = topology.edges.find(({ argument }) => argument === i)!;
    const inputs = from !== null && topology.merges.get(from) === "stack" ? 2 : 1;
    for (const option of terminals(word)) {
      if (isState(option)) fail(`argument ${i + 1} may be the state ${option}`, "operations");
      const taken = topologies.has(option) ? 1 : primitives.get(option)?.inputs;
      if (taken !== undefined && taken !== inputs) {
        fail(
          `argument ${i + 1} may be ${option}, which takes ${taken} of ${inputs} values`,
          `operations on ${inputs}`,
        );
      }
    }
  });
}

/** The most nested non-terminals of a derivation, and a non-terminal that can derive itself, or null. */
function nestingOf(
  { productions }: Grammar,
  starts: readonly string[],
): { endless: string | null; deepest: number } {
  let endless: string | null = null;
  /** By non-terminal; Infinity while it is open, which only a cycle meets. */
  const nested = new Map<string, number>();
  const visit = (symbol: string): number => {
    const known = nested.get(symbol);
    if (known === Infinity) endless ??= symbol;
    if (known !== undefined) return known;
    nested.set(symbol, Infinity);
    let below = 0;
    for (const word of productions.get(symbol)!.flatMap((p) => p.arguments)) {
      if (productions.has(word)) below = Math.max(below, visit(word));
    }
    nested.set(symbol, below + 1);
    return below + 1;
  };
  const deepest = Math.max(...starts.map(visit));
  return { endless, deepest };
}
