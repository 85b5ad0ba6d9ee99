/** Checks that every derivation gives a network, and that constraints always leave a production. */
import type { Constraint, Grammar, Production, Topology } from "./grammar.ts";
import { joins } from "./masks.ts";
import type { Primitives } from "./primitives.ts";

/** Reports a fault of a production: what was got and what was expected. */
type Fail = (production: Production, got: string, expected: string) => never;

/** The different terminals that a word of a production can become. */
export type TerminalsOf = (word: string) => readonly string[];

/** Each word is looked up once: a thousand productions may have a thousand options at each argument. */
export function terminalsOf(productions: Grammar["productions"]): TerminalsOf {
  const known = new Map<string, readonly string[]>();
  for (const [symbol, options] of productions) {
    known.set(symbol, [...new Set(options.map(({ terminal }) => terminal))]);
  }
  return (word) => known.get(word) ?? [word];
}

/** Checks the productions of a grammar whose words and numbers of arguments are right. */
export function checkConstraints(
  grammar: Grammar,
  primitives: Primitives,
  terminalsOf: TerminalsOf,
  fail: Fail,
): void {
  const isAbsent = (word: string) => primitives.get(word)?.role === "absent";
  for (const { start } of grammar.motifs) {
    const absent = grammar.productions.get(start)!.find(({ terminal }) => isAbsent(terminal));
    if (absent) fail(absent, `a network of ${absent.terminal} alone`, "an operation");
  }
  for (const production of [...grammar.productions.values()].flat()) {
    const topology = grammar.topologies.get(production.terminal);
    if (!topology) continue;
    const terminals = production.arguments.map(terminalsOf);
    const constraints = grammar.constraints.get(topology.name) ?? [];
    checkPaths(production, topology, terminals, constraints, isAbsent, fail);
    checkDistinct(production, terminals, constraints, fail);
  }
}

/** A topology whose edges may be absent needs a constraint that keeps a path, and one that can be kept. */
function checkPaths(
  production: Production,
  topology: Topology,
  terminals: readonly (readonly string[])[],
  constraints: readonly Constraint[],
  isAbsent: (word: string) => boolean,
  fail: Fail,
): void {
  const absent = [...new Set(terminals.flat().filter(isAbsent))];
  if (absent.length > 1) {
    fail(production, `edges that may be ${absent.join(" or ")}`, "one primitive without operation");
  }
  for (const { without } of constraints.filter((c) => c.kind === "path")) absent.push(without);
  for (const word of new Set(absent)) {
    if (!constraints.some((c) => c.kind === "path" && c.without === word)) {
      const rule = `${topology.name}: path without ${word}`;
      fail(production, `edges that may be ${word}`, `the constraint ${rule}`);
    }
    let forced = 0;
    topology.edges.forEach(({ argument }, e) => {
      if (terminals[argument].every((terminal) => terminal === word)) forced |= 1 << e;
    });
    if (!joins(topology, forced)) {
      fail(production, `no path without ${word}`, "edges that can hold something else");
    }
    if (forced !== 0) {
      // Choices before that argument could not know that the path there is closed.
      const edge = topology.edges.find((_, e) => forced >> e & 1)!;
      const got = `argument ${edge.argument + 1} is always ${word}`;
      fail(production, got, "a topology without its edge");
    }
  }
}

/** An argument has more terminals than arguments before it that it has to differ from. */
function checkDistinct(
  production: Production,
  terminals: readonly (readonly string[])[],
  constraints: readonly Constraint[],
  fail: Fail,
): void {
  terminals.forEach((own, slot) => {
    const others = constraints.flatMap((c) =>
      c.kind === "distinct" && c.arguments[1] === slot &&
        terminals[c.arguments[0]].some((terminal) => own.includes(terminal))
        ? [c.arguments[0] + 1]
        : []
    );
    if (own.length <= others.length) {
      const got = `argument ${slot + 1} cannot differ from ${others.join(", ")}`;
      fail(production, got, `more than ${others.length} terminals for it`);
    }
  });
}
