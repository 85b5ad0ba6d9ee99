/**
 * A grammar's decisions: one per non-terminal with several productions, depth first and left to right. The id
 * of a decision is its path in the tree, so that it stays when other choices change.
 */
import { TooLargeError, UsageError } from "../../common/errors.ts";
import type { Cursor, Decision } from "../space.ts";
import {
  type DerivationTree,
  type Grammar,
  type GrammarArch,
  type Production,
  productionsOf,
  type Topology,
} from "./grammar.ts";
import { maskOf, type Parent } from "./masks.ts";

/** Most nodes of a derivation tree. */
export const MOST_NODES = 20_000;

/** A topology node whose arguments are being derived. An immutable value. */
interface Frame {
  readonly topology: Topology;
  readonly words: readonly string[];
  /** Argument that is derived next. */
  readonly slot: number;
  /** Terminals of the arguments before `slot`, where the topology has constraints. */
  readonly terminals: readonly string[];
  readonly path: string;
  readonly level: number;
  readonly up: Frame | null;
}

/** Position of a derivation: the non-terminal that has to be decided; null at the end. */
interface Open {
  readonly symbol: string;
  readonly path: string;
  readonly level: number;
  /** The node whose argument the non-terminal is; null for the root of a motif. */
  readonly frame: Frame | null;
  readonly motif: number;
  readonly nodes: number;
}

/** Steps through derivations of one grammar. */
export class Derivation {
  readonly #labels: ReadonlyMap<string, readonly string[]>;

  constructor(readonly grammar: Grammar) {
    this.#labels = new Map(
      [...grammar.productions].map((
        [symbol, options],
      ) => [
        symbol,
        options.map(({ terminal, arguments: words }) => [terminal, ...words].join(" ")),
      ]),
    );
  }

  /** `SearchSpace.start`. */
  start = (): Cursor => this.#cursor(this.#root(0));

  #cursor(open: Open | null): Cursor {
    const decision = open && this.#decision(open);
    return {
      decision,
      choose: (option) => {
        if (open === null || decision === null) {
          throw new UsageError(
            `Cannot decode grammar architecture: got a choice after the last decision, expected none`,
          );
        }
        const allowed = Number.isInteger(option) && option >= 0 && option < decision.options &&
          decision.mask?.[option] !== false;
        if (!allowed) refuse(decision, option);
        return this.#cursor(this.#apply(open, productionsOf(this.grammar, open.symbol)[option]));
      },
    };
  }

  #decision({ symbol, path, level, frame }: Open): Decision {
    const labels = this.#labels.get(symbol)!;
    const mask = maskOf(this.grammar, symbol, frame, level);
    const decision: Decision = {
      id: path,
      name: `${symbol} at ${path}`,
      kind: "op",
      node: level,
      options: labels.length,
      labels,
    };
    return mask ? { ...decision, mask } : decision;
  }

  /** First decision of a motif and of those after it. */
  #root(motif: number): Open | null {
    const found = this.grammar.motifs[motif];
    if (!found) return null;
    const path = found.name === "" ? found.start : `${found.name}:${found.start}`;
    return this.#settle({ symbol: found.start, path, level: 0, frame: null, motif, nodes: 0 });
  }

  /** Applies single productions until there is a choice. */
  #settle(open: Open): Open | null {
    const options = productionsOf(this.grammar, open.symbol);
    return options.length > 1 ? open : this.#apply(open, options[0]);
  }

  #apply({ path, level, frame, motif, nodes }: Open, production: Production): Open | null {
    const { topologies } = this.grammar;
    const topology = topologies.get(production.terminal);
    if (nodes >= MOST_NODES) throw tooMany(this.grammar);
    const up = frame && done(frame, production.terminal, this.grammar);
    const next: Frame | null = topology
      ? {
        topology,
        words: production.arguments,
        slot: 0,
        terminals: [],
        path,
        level: level + 1,
        up,
      }
      : up;
    return this.#next(next, motif, nodes + 1);
  }

  /** The next non-terminal with a choice, at or above a frame. */
  #next(frame: Frame | null, motif: number, nodes: number): Open | null {
    while (frame) {
      const { words, slot, path, level } = frame;
      const word = words[slot];
      if (word === undefined) frame = frame.up;
      else if (this.grammar.productions.has(word)) {
        return this.#settle({
          symbol: word,
          path: `${path}/${slot}:${word}`,
          level,
          frame,
          motif,
          nodes,
        });
      } else {
        nodes++;
        frame = done(frame, word, this.grammar);
      }
    }
    return this.#root(motif + 1);
  }
}

/** The frame after its current argument has got this terminal. */
function done(frame: Frame, terminal: string, grammar: Grammar): Frame {
  const kept = grammar.constraints.has(frame.topology.name);
  return {
    ...frame,
    slot: frame.slot + 1,
    terminals: kept ? [...frame.terminals, terminal] : frame.terminals,
  };
}

/** Picks a production of a non-terminal. */
export type PickProduction = (options: readonly Production[], mask: boolean[] | null) => Production;

/** Derives the trees of an architecture, asking once per decision. */
export function derive(grammar: Grammar, pick: PickProduction): DerivationTree[] {
  return grammar.motifs.map(({ start }) => deriveFrom(grammar, start, null, 0, pick));
}

/**
 * Derives one non-terminal.
 * @param parent the topology node that it is an argument of.
 * @param most nodes of the derivation.
 * @throws TooLargeError where it has more.
 */
export function deriveFrom(
  grammar: Grammar,
  symbol: string,
  parent: Parent | null,
  level: number,
  pick: PickProduction,
  most = MOST_NODES,
): DerivationTree {
  let nodes = 0;
  const one = (word: string, at: Parent | null, level: number): DerivationTree => {
    if (++nodes > most) throw tooMany(grammar);
    if (!grammar.productions.has(word)) return { symbol: null, terminal: word, children: [] };
    const options = productionsOf(grammar, word);
    const { terminal, arguments: words } = options.length === 1
      ? options[0]
      : pick(options, maskOf(grammar, word, at, level));
    const topology = grammar.topologies.get(terminal);
    const children: DerivationTree[] = [];
    if (topology) {
      const terminals: string[] = [];
      words.forEach((argument, slot) => {
        const child = one(argument, { topology, terminals, slot }, level + 1);
        children.push(child);
        terminals.push(child.terminal);
      });
    }
    return { symbol: word, terminal, children };
  };
  return one(symbol, parent, level);
}

/** `SearchSpace.decode`. @throws UsageError naming the decision. */
export function decodeTrees(derivation: Derivation, choice: readonly number[]): GrammarArch {
  let next = 0;
  const pick: PickProduction = (options, mask) => {
    const option = choice[next++];
    if (options[option] !== undefined && mask?.[option] !== false) return options[option];
    return refuseChoice(derivation, choice);
  };
  const arch = derive(derivation.grammar, pick);
  return next === choice.length ? arch : refuseChoice(derivation, choice);
}

/** Finds the decision that a list of choices does not fit, and throws. */
function refuseChoice({ grammar, start }: Derivation, choice: readonly number[]): never {
  let at = start();
  let used = 0;
  for (; used < choice.length && at.decision !== null; used++) at = at.choose(choice[used]);
  const expected = at.decision === null ? `${used}` : `one more for ${at.decision.name}`;
  throw new UsageError(
    `Cannot decode ${grammar.name} architecture: got ${choice.length} choices, expected ${expected}`,
  );
}

/** `SearchSpace.encode`: equal productions are encoded as the first one. */
export function encodeTrees(grammar: Grammar, arch: GrammarArch): number[] {
  const choice: number[] = [];
  const visit = (tree: DerivationTree) => {
    if (tree.symbol === null) return;
    const options = productionsOf(grammar, tree.symbol);
    if (options.length > 1) choice.push(options.findIndex((option) => derives(option, tree)));
    tree.children.forEach(visit);
  };
  arch.forEach(visit);
  return choice;
}

/** Whether a node was derived by this production. */
export const derives = (
  { terminal, arguments: words }: Production,
  tree: DerivationTree,
): boolean =>
  terminal === tree.terminal && words.length === tree.children.length &&
  words.every((word, i) => word === (tree.children[i].symbol ?? tree.children[i].terminal));

function refuse(decision: Decision, option: number): never {
  const allowed = Array.from({ length: decision.options }, (_, i) => i)
    .filter((i) => decision.mask?.[i] !== false);
  throw new UsageError(
    `Cannot decode grammar architecture: ${decision.name}: got ${option}, expected ${
      allowed.join(", ")
    }`,
  );
}

const tooMany = ({ name }: Grammar) =>
  new TooLargeError(
    `Cannot derive an architecture of grammar ${name}: it has more than ${MOST_NODES} nodes, ` +
      `expected fewer; try a smaller depth`,
  );
