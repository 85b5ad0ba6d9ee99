/** The kernels of a space: of the whole graph, of each level of its hierarchy, and of degrees. */
import { Rng, Stream } from "../../common/random.ts";
import type { GraphTerm } from "../predictors/graph_process.ts";
import { graphOf } from "../predictors/graphs.ts";
import { uniformArchitecture } from "../sampling.ts";
import type { LabelledGraph, SearchSpace } from "../space.ts";
import { degreeKernel } from "./degrees.ts";
import { WlFeatures, wlKernel } from "./wl.ts";

/** Most rounds on the whole graph: 0 … 4, by likelihood. */
const MOST_ROUNDS = 4;
/** Rounds on the coarsest level and on the others. */
const COARSEST_ROUNDS = 1;
const LEVEL_ROUNDS = 2;

/** Architectures are objects in every space, though their type does not say so. */
type Space<A> = SearchSpace<A & WeakKey>;

/** The Weisfeiler–Lehman kernel on the whole graph; one kernel per cell where a space has several graphs. */
export const wholeTerms = <A>(space: SearchSpace<A>): GraphTerm<A>[] =>
  termsOf(space as never, false) as never;

/**
 * The same with a kernel per level of the hierarchy (Schrodi et al., NeurIPS 2023, §4). Spaces without levels
 * have the whole graph alone.
 */
export const hierarchicalTerms = <A>(space: SearchSpace<A>): GraphTerm<A>[] =>
  termsOf(space as never, true) as never;

/** The kernel of degrees and operations on the whole graph. */
export const degreeTerms = <A>(space: SearchSpace<A>): GraphTerm<A>[] => [{
  name: "degrees",
  family: degreeKernel<A & WeakKey>(graphOf(space)) as never,
  setting: 0,
}];

/** Terms by space, so that all searches in one share its histograms. */
const shared = [false, true].map(() => new WeakMap<SearchSpace<never>, GraphTerm<never>[]>());

function termsOf<A>(space: Space<A>, withLevels: boolean): GraphTerm<A & WeakKey>[] {
  const known = shared[Number(withLevels)];
  let terms = known.get(space as never);
  if (!terms) known.set(space as never, terms = makeTerms(space, withLevels) as never);
  return terms as never;
}

function makeTerms<A>(space: Space<A>, withLevels: boolean): GraphTerm<A & WeakKey>[] {
  // Every architecture of a space has as many graphs as any other.
  const some = uniformArchitecture(space, new Rng(1, Stream.search));
  const cells = space.graphs(some).length;
  const levels = withLevels ? space.levels?.(some).length ?? 0 : 0;
  const rounds = [
    ...new Array<number>(cells).fill(MOST_ROUNDS),
    ...Array.from({ length: levels * cells }, (_, i) => i < cells ? COARSEST_ROUNDS : LEVEL_ROUNDS),
  ];
  const graphs = (arch: A & WeakKey): LabelledGraph[] => [
    ...space.graphs(arch),
    ...levels > 0 ? space.levels!(arch).flat() : [],
  ];
  // Words of a hierarchical grammar are long, and no two of a search are equal.
  const key = space.levels ? null : (arch: A & WeakKey) => space.key(arch);
  const features = new WlFeatures<A & WeakKey>(key, graphs, rounds);
  return rounds.map((most, graph): GraphTerm<A & WeakKey> => {
    const family = wlKernel(features, { graph });
    const cell = cells > 1 ? ` of cell ${graph % cells}` : "";
    if (graph >= cells) {
      const name = `level ${Math.floor(graph / cells) - 1}${cell}`;
      return { name, family, setting: most };
    }
    const judge = cells > 1 ? wlKernel(features, { graph, raw: true }) : undefined;
    return { name: `graph${cell}`, family, judge };
  });
}
