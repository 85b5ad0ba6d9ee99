/** Checks that every derivation gives a network, and that constraints always leave a production. */
import type { Constraint, Grammar, Production, Topology } from "./grammar.ts";
import { joins } from "./masks.ts";
import type { Primitives } from "./primitives.ts";

/** Reports a fault of a production: what was got and what was expected. */
type Fail = (production: Production, got: string, expected: string) => never;

/** Checks the productions of a grammar whose words and numbers of arguments are right. */
export function checkConstraints(grammar: Grammar, primitives: Primitives, fail: Fail): void {
  const isAbsent = (word: string) => primitives.get(word)?.role === "absent";
  for (const { start } of grammar.motifs) {
    const absent = grammar.productions.get(start)!.find(({ terminal }) => isAbsent(terminal));
    if (absent) fail(absent, `a network of ${absent.terminal} alone`, "an operation");
  }
  for (const production of [...grammar.productions.values()].flat()) {
    const topology = grammar.topologies.get(production.terminal);
    if (!topology) continue;
    const terminals = production.arguments.map((word) => [
      ...new Set(grammar.productions.get(word)?.map((p) => p.terminal) ?? [word]),
    ]);
    const constraints = grammar.constraints.get(topology.name) ?? [];
    checkPaths(production, topology, terminals, constraints, isAbsent, fail);
    checkDistinct(production, terminals, constraints, fail);
  }
}

/** A topology whose edges may be absent needs a constraint that keeps a path, and one that can be kept. */
function checkPaths(
  production: Production,
  topology: Topology,
  terminals: readonly string[][],
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
  }
}

/** An argument has more terminals than arguments before it that it has to differ from. */
function checkDistinct(
  production: Production,
  terminals: readonly string[][],
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
