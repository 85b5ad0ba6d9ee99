/** Checks of a grammar: names, numbers of arguments, non-terminals without end or without use. */
import { checkConstraints } from "./check_constraints.ts";
import type { Grammar, Production } from "./grammar.ts";
import type { Primitives } from "./primitives.ts";
import { grammarError } from "./sections.ts";

/** Most productions of a grammar. */
const MOST_PRODUCTIONS = 2000;

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
  for (const [symbol, options] of productions) {
    for (const production of options) {
      checkProduction(grammar, primitives, symbol, production, name);
    }
  }
  for (const symbol of productions.keys()) {
    if (!heights.has(symbol)) {
      fail(symbol, `${symbol} never ends in primitives`, "a production without a cycle");
    }
  }
  const reached = new Set(starts);
  for (const symbol of reached) {
    for (const word of productions.get(symbol)!.flatMap((p) => p.arguments)) {
      if (productions.has(word)) reached.add(word);
    }
  }
  for (const symbol of productions.keys()) {
    if (!reached.has(symbol)) {
      fail(symbol, `${symbol} cannot be reached from ${starts.join(", ")}`, "a use, or no rule");
    }
  }
  const endless = cycleOf(grammar, starts);
  if (endless && depth === Infinity) {
    fail(endless, `${endless} derives itself without limit`, "depth: N in [grammar], or no cycle");
  }
  checkConstraints(grammar, primitives, ({ terminal, arguments: words, line }, got, expected) => {
    throw grammarError(name, line, `${[terminal, ...words].join(" ")}: ${got}`, expected);
  });
  const least = Math.max(...starts.map((start) => heights.get(start)!));
  if (depth < least) {
    fail(starts[0], `depth: ${depth}`, `at least ${least}, which the shortest derivation needs`);
  }
}

function checkProduction(
  { topologies, productions, macro }: Grammar,
  primitives: Primitives,
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
    if (!primitives.has(terminal) && !/^\d+$/.test(terminal)) {
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
      const options = productions.get(word)?.map((p) => p.terminal) ?? [word];
      const wrong = options.find((o) => !/^\d+$/.test(o) || +o + 1 >= to);
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
    for (const option of productions.get(word) ?? [{ terminal: word }]) {
      const taken = topologies.has(option.terminal) ? 1 : primitives.get(option.terminal)?.inputs;
      if (taken !== undefined && taken !== inputs) {
        fail(
          `argument ${i + 1} may be ${option.terminal}, which takes ${taken} of ${inputs} values`,
          `operations on ${inputs}`,
        );
      }
    }
  });
}

/** A non-terminal that can derive itself, or null. */
function cycleOf({ productions }: Grammar, starts: readonly string[]): string | null {
  const done = new Set<string>();
  const open = new Set<string>();
  const visit = (symbol: string): string | null => {
    if (done.has(symbol)) return null;
    if (open.has(symbol)) return symbol;
    open.add(symbol);
    for (const word of productions.get(symbol)!.flatMap((p) => p.arguments)) {
      const found = productions.has(word) ? visit(word) : null;
      if (found) return found;
    }
    open.delete(symbol);
    done.add(symbol);
    return null;
  };
  for (const start of starts) {
    const found = visit(start);
    if (found) return found;
  }
  return null;
}
