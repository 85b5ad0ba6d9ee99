/** Sampling, mutation and crossover of derivation trees (Schrodi et al., NeurIPS 2023, §4). */
import { TooLargeError } from "../../common/errors.ts";
import type { Rng } from "../../common/random.ts";
import { derive, deriveFrom, MOST_NODES, type PickProduction } from "./cursor.ts";
import { type DerivationTree, type Grammar, type GrammarArch, isSwappable } from "./grammar.ts";
import { forbidden, type Parent } from "./masks.ts";

/** Redraws of one re-derivation, of a mutation that changed nothing, and of a crossover. */
const TRIES = 50;
/** Tries of a crossover before it draws another first node. */
const TRIES_PER_NODE = 10;

/** Picks uniformly among the productions that the mask allows, by listing. */
const uniformly = (rng: Rng): PickProduction => (options, mask) =>
  rng.pick(mask ? options.filter((_, i) => mask[i]) : options);

/** Samples an architecture. */
export const sampleArch = (grammar: Grammar, rng: Rng): GrammarArch =>
  derive(grammar, uniformly(rng));

/** A node of a tree by the child indices that lead to it. */
type Place = readonly number[];

/** The last step of the way from the root to a node, and the way before it; null at the root. */
type Way = { readonly before: Way; readonly index: number } | null;

/** A node with a choice. Its place is worked out where it is needed: few of hundreds of nodes are looked at. */
class Swappable {
  constructor(readonly tree: DerivationTree, private readonly way: Way) {}

  get place(): Place {
    const place: number[] = [];
    for (let way = this.way; way !== null; way = way.before) place.push(way.index);
    return place.reverse();
  }

  get isRoot(): boolean {
    return this.way === null;
  }
}

/** Swappable nodes in the order of the tree's string. */
function swappables(grammar: Grammar, tree: DerivationTree): Swappable[] {
  const found: Swappable[] = [];
  const visit = (node: DerivationTree, way: Way) => {
    if (isSwappable(grammar, node)) found.push(new Swappable(node, way));
    node.children.forEach((child, index) => {
      if (child.symbol !== null) visit(child, { before: way, index });
    });
  };
  visit(tree, null);
  return found;
}

/** Number of nodes where a derivation had a choice. */
export const swappableCount = (grammar: Grammar, tree: DerivationTree): number =>
  swappables(grammar, tree).length;

/** A tree with another subtree at a place. */
export function replaced(tree: DerivationTree, place: Place, by: DerivationTree): DerivationTree {
  if (place.length === 0) return by;
  const [first, ...rest] = place;
  return { ...tree, children: tree.children.with(first, replaced(tree.children[first], rest, by)) };
}

/** The topology node above a place and the terminals of its arguments; null for the root. */
function parentOf(grammar: Grammar, tree: DerivationTree, place: Place): Parent | null {
  if (place.length === 0) return null;
  const above = place.slice(0, -1).reduce((node, i) => node.children[i], tree);
  return {
    topology: grammar.topologies.get(above.terminal)!,
    terminals: above.children.map(({ terminal }) => terminal),
    slot: place.at(-1)!,
  };
}

/** Number of non-terminals above a place. */
const levelOf = (place: Place) => place.length;

/** Number of nodes of a tree. */
const sizeOf = ({ children }: DerivationTree): number =>
  children.reduce((sum, child) => sum + sizeOf(child), 1);

/** Number of nodes that may stand in place of a node. */
const roomFor = (tree: DerivationTree, node: DerivationTree): number =>
  MOST_NODES - sizeOf(tree) + sizeOf(node);

/** Derives the node at a place anew; null where the tree would be too large. */
function rederived(
  grammar: Grammar,
  tree: DerivationTree,
  { place, tree: node }: Swappable,
  rng: Rng,
): DerivationTree | null {
  const parent = parentOf(grammar, tree, place);
  const level = levelOf(place), room = roomFor(tree, node);
  try {
    return deriveFrom(grammar, node.symbol!, parent, level, uniformly(rng), room);
  } catch (error) {
    if (error instanceof TooLargeError) return null;
    throw error;
  }
}

/**
 * Mutates a tree: each swappable node, in the order of the string, is derived anew with probability 1/n, where n
 * is their number in the tree as it stands. The result differs, unless no re-derivation can.
 */
export function mutatedTree(grammar: Grammar, tree: DerivationTree, rng: Rng): DerivationTree {
  for (let t = 0; t < TRIES; t++) {
    let current = tree;
    let nodes = swappables(grammar, current);
    for (let i = 0; i < nodes.length; i++) {
      if (rng.next() >= 1 / nodes.length) continue;
      for (let r = 0; r < TRIES; r++) {
        const by = rederived(grammar, current, nodes[i], rng);
        if (by === null || equal(by, nodes[i].tree)) continue;
        current = replaced(current, nodes[i].place, by);
        nodes = swappables(grammar, current);
        break;
      }
    }
    if (!equal(current, tree)) return current;
  }
  return tree;
}

/** Derives one uniformly drawn swappable node anew, but never the first. */
export function simplyMutatedTree(grammar: Grammar, tree: DerivationTree, rng: Rng) {
  const nodes = swappables(grammar, tree).slice(1);
  if (nodes.length === 0) return tree;
  const node = rng.pick(nodes);
  const by = rederived(grammar, tree, node, rng);
  return by === null ? tree : replaced(tree, node.place, by);
}

/** Mutates one motif, drawn uniformly. */
export function mutated(grammar: Grammar, arch: GrammarArch, rng: Rng): GrammarArch {
  const motif = arch.length === 1 ? 0 : rng.below(arch.length);
  return arch.with(motif, mutatedTree(grammar, arch[motif], rng));
}

/**
 * Crossover: each child is a copy of its parent with the other's subtree in one place; together they hold
 * the terminals of both parents. With a = b it is a self-crossover.
 * @returns two children, or none where no exchange was found.
 */
export function crossedTrees(
  grammar: Grammar,
  a: DerivationTree,
  b: DerivationTree,
  rng: Rng,
): DerivationTree[] {
  const ofA = swappables(grammar, a).filter(({ isRoot }) => !isRoot);
  const ofB = swappables(grammar, b);
  if (ofA.length === 0) return [];
  let first = rng.pick(ofA);
  for (let t = 0; t < TRIES; t++) {
    if (t > 0 && t % TRIES_PER_NODE === 0) first = rng.pick(ofA);
    const partners = ofB.filter(({ tree }) => tree.symbol === first.tree.symbol);
    if (partners.length === 0) continue;
    const second = rng.pick(partners);
    if (equal(first.tree, second.tree)) continue;
    if (!fits(grammar, a, first, second.tree) || !fits(grammar, b, second, first.tree)) continue;
    return [replaced(a, first.place, second.tree), replaced(b, second.place, first.tree)];
  }
  return [];
}

/** Crossover of architectures with one motif; those with several have none. */
export const crossed = (
  grammar: Grammar,
  [a]: GrammarArch,
  [b]: GrammarArch,
  rng: Rng,
): GrammarArch[] => crossedTrees(grammar, a, b, rng).map((tree) => [tree]);

/** Whether a subtree may stand in place of a node: size, depth and the constraints of the node above hold. */
function fits(
  grammar: Grammar,
  tree: DerivationTree,
  { place, tree: node }: Swappable,
  by: DerivationTree,
): boolean {
  if (sizeOf(by) > roomFor(tree, node)) return false;
  if (levelOf(place) + heightOfTree(by) > grammar.depth) return false;
  const parent = parentOf(grammar, tree, place);
  if (!parent) return true;
  const { topology, terminals, slot } = parent;
  const constraints = grammar.constraints.get(topology.name) ?? [];
  return constraints.every((c) => forbidden(topology, c, terminals, slot) !== by.terminal);
}

const heightOfTree = ({ symbol, children }: DerivationTree): number =>
  (symbol === null ? 0 : 1) + Math.max(0, ...children.map(heightOfTree));

/** Whether two trees are the same derivation. */
export const equal = (a: DerivationTree, b: DerivationTree): boolean =>
  a === b || a.symbol === b.symbol && a.terminal === b.terminal &&
    a.children.length === b.children.length &&
    a.children.every((child, i) => equal(child, b.children[i]));
