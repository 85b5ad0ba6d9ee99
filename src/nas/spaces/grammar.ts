/**
 * Spaces given by a context-free grammar (Schrodi et al., NeurIPS 2023): an architecture is a derivation tree.
 * `choice` holds a production per non-terminal that has several, depth first and left to right.
 */
import * as z from "zod";
import { DataError, UsageError } from "../../common/errors.ts";
import { asOption } from "../config/as_option.ts";
import { limits, settingText, sizeOf } from "../config/limits.ts";
import { defineSpace, type SpaceDefinition } from "../definition.ts";
import { builtInGrammars, isGrammarText, openGrammar } from "../grammar/built_in.ts";
import { decodeTrees, Derivation, encodeTrees } from "../grammar/cursor.ts";
import { flatGraphs } from "../grammar/flat.ts";
import type { Grammar, GrammarArch } from "../grammar/grammar.ts";
import { foldGraphs, fullGraph } from "../grammar/kernel_graphs.ts";
import { countArchs, log10 } from "../grammar/language.ts";
import { grammarNetwork } from "../grammar/network.ts";
import { outlineOf } from "../grammar/outline.ts";
import { pictures } from "../grammar/pictures.ts";
import { type Primitive, type Primitives, primitivesWith } from "../grammar/primitives.ts";
import { looksLikeNb201, NB201_SPACE, type Nb201Strings, nb201Strings } from "../grammar/nb201.ts";
import { formatArch, formatTerm, formatTree, parseArch } from "../grammar/text.ts";
import { crossed, mutated } from "../grammar/variation.ts";
import type { Notation, SearchSpace } from "../space.ts";
import { WeightStore } from "../../nn/weights.ts";
import { filtersWithin } from "../grammar/width.ts";
import { toModel } from "./child.ts";
import { grammarPresets, ownGrammarPresets } from "./grammar_presets.ts";
import { cellSettings, FILTERS, layers, networkSettings } from "./settings.ts";

const HIERARCHICAL = "nb201_variable_multi_multi";
const CELLS = "nb201_fixed_1_none";

const names = [...builtInGrammars.keys()];
const expected = `one of ${names.join(", ")}`;

/** The fault of a grammar file's text; null for a sound one. */
function faultOf(text: string): string | null {
  try {
    opened(text);
    return null;
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
}

/** Message for a setting that is neither a name nor the text of a sound grammar. */
const wrongGrammar = ({ input }: { input?: unknown }): string =>
  typeof input === "string" && isGrammarText(input) && faultOf(input) ||
  `expected ${expected}, or a grammar file`;

const grammarText = settingText.refine(
  (text) => isGrammarText(text) && faultOf(text) === null,
  { error: wrongGrammar },
);

const settings = z.strictObject({
  /** Name of a built-in grammar, or the text of a grammar file. */
  grammar: z.union([z.enum(names), grammarText], { error: wrongGrammar }).default(HIERARCHICAL)
    .meta(asOption(`grammar file, or ${expected}`, { isContents: true })),
  /** Cells of a network made of normal and reduction cells. */
  layers: layers(3, 8),
  filters: sizeOf(limits.filters).default(16).meta(FILTERS),
  /** Number of parameters up to which each network is as wide as it can be, in place of `filters`; 0 = none. */
  parameters: z.number().int().nonnegative().max(1e12).default(0),
  ...networkSettings,
  ...cellSettings,
});

const sizes = settings.omit({ grammar: true });

/** Sizes of a grammar's networks. */
export type GrammarSizes = z.output<typeof sizes>;

/** A space of architectures of a grammar, with the grammar and the primitives behind it. */
export interface GrammarSpace extends SearchSpace<GrammarArch> {
  readonly grammar: Grammar;
  readonly primitives: Primitives;
}

/** Opens a grammar as a search space. */
export function grammarSpace(
  grammar: Grammar,
  primitives: Primitives,
  config: GrammarSizes,
  named: { name: string; published: Record<string, unknown> } = { name: "grammar", published: {} },
): GrammarSpace {
  const derivation = new Derivation(grammar);
  const format = (arch: GrammarArch) => formatArch(grammar, arch);
  const nb201 = nb201Strings(grammar);
  return {
    name: named.name,
    summary: grammar.summary,
    grammar,
    primitives,
    size: () => languageSize(grammar),
    start: () => derivation.start(),
    decode: (choice) => decodeTrees(derivation, choice),
    encode: (arch) => encodeTrees(grammar, arch),
    key: format,
    notation: {
      looks,
      format,
      parse: (text) => textIn(grammar, text),
      published: () => named.published,
    },
    texts: (arch) => ({
      tree: format(arch),
      term: formatTerm(grammar, arch),
      ...nb201 && { nb201: nb201.format(arch) },
    }),
    ...nb201 && { tables: { space: NB201_SPACE, read: (key) => wordOrNull(nb201, key) } },
    build: (arch, into) => {
      const graphs = flatGraphs(grammar, arch, primitives);
      const ofWidth = (filters: number, weights: WeightStore) => {
        const sized = { ...into, weights, config: { ...config, filters } };
        return toModel(sized, grammarNetwork(graphs, { grammar, primitives }, sized));
      };
      if (config.parameters === 0) return ofWidth(config.filters, into.weights);
      const parametersOf = (filters: number) => {
        const counted = new WeightStore();
        ofWidth(filters, counted);
        return counted.parameters();
      };
      return ofWidth(filtersWithin(config.parameters, config.filters, parametersOf), into.weights);
    },
    graphs: (arch) => arch.map((tree) => fullGraph(grammar, tree, primitives)),
    levels: (arch) => {
      const motifs = arch.map((tree) => foldGraphs(grammar, tree, primitives));
      return grammar.levels.map((_, level) => motifs.map((graphs) => graphs[level]));
    },
    outline: (arch) => outlineOf(grammar, arch),
    picture: (arch) => pictures(grammar, arch, primitives),
    mutate: (arch, rng) => mutated(grammar, arch, rng),
    ...grammar.motifs.length === 1 && {
      crossover: (a: GrammarArch, b: GrammarArch, rng) => crossed(grammar, a, b, rng),
    },
  };
}

/** Number of architectures that obey the constraints; null where there are too many to count. */
function languageSize(grammar: Grammar): { log10: number; log10Distinct: number } | null {
  try {
    return {
      log10: log10(countArchs(grammar, { constrained: true })),
      log10Distinct: log10(countArchs(grammar, { constrained: true, distinct: true })),
    };
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** Reads a tree, a term, or a string of NAS-Bench-201. @throws UsageError naming the node. */
function textIn(grammar: Grammar, text: string): GrammarArch {
  const strings = looksLikeNb201(text) ? nb201Strings(grammar) : null;
  return strings ? strings.parse(text) : parseArch(grammar, text);
}

/** A cell of a table; null for one that no path joins, which the grammar does not derive. */
function wordOrNull(strings: Nb201Strings, key: string): GrammarArch | null {
  try {
    return strings.parse(key);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** Whether a text looks like a derivation tree or a term; with the space's name, also like a cell's string. */
const looks = (text: string, named: boolean): boolean =>
  /^\s*(\w+:\s*)?\(\w+\s+\w+[\s)]/.test(text) || /^\s*(\w+:\s*)?[A-Z]\w*\(/.test(text) ||
  named && looksLikeNb201(text);

/**
 * The built-in grammar in which a text is a word; if there is none, the one with its start symbol and topology,
 * whose message then fits best.
 */
function grammarOf(text: string): string {
  if (looksLikeNb201(text)) return CELLS;
  const isWord = (name: string) => {
    try {
      return parseArch(opened(name), text).length > 0;
    } catch (error) {
      if (error instanceof UsageError) return false;
      throw error;
    }
  };
  const [, symbol, terminal] = /^\s*(?:\w+:\s*)?(?:\(\s*(\w+)\s+)?(\w+)/.exec(text) ?? [];
  const begins = (name: string) => {
    const { motifs: [{ start }], productions } = opened(name);
    return (symbol ?? start) === start &&
      productions.get(start)!.some((p) => p.terminal === terminal);
  };
  return names.find(isWord) ?? names.find(begins) ?? HIERARCHICAL;
}

const opened = (setting: string) => openGrammar(setting, primitivesWith());

const notation: Notation<GrammarArch> = {
  looks,
  format: (arch) => arch.map(formatTree).join("; "),
  parse: (text) => textIn(opened(grammarOf(text)), text),
  published: (text) => ({ grammar: grammarOf(text) }),
};

/** A grammar of a plug-in: its text, and the primitives that denas does not have. */
export interface GrammarPlugin {
  /** Name of the space: lower-case letters, digits and hyphens. */
  name: string;
  summary: string;
  /** Text of a grammar file. */
  grammar: string;
  primitives?: readonly Primitive[];
  /** Choices of a small network that tests build. */
  example: readonly number[];
}

/** The search space of a plug-in's own grammar. */
export function defineGrammar(plugin: GrammarPlugin): SpaceDefinition {
  const { name, summary, grammar, primitives, example } = plugin;
  const open = (config: GrammarSizes) => {
    const known = primitivesWith(primitives);
    return grammarSpace(openGrammar(grammar, known), known, config, { name, published: {} });
  };
  const notation = (): Notation<GrammarArch> => open(sizes.parse({})).notation!;
  return defineSpace({
    name,
    summary,
    settings: sizes,
    presets: ownGrammarPresets,
    open,
    carried: ({ stem, parameters }) => ({ stem, parameters }),
    notation: {
      looks: (text, given) => given && looks(text, true),
      format: (arch) => notation().format(arch),
      parse: (text) => notation().parse(text),
      published: () => ({}),
    },
    example: { settings: { filters: 2, stem: 2 }, choice: example },
  });
}

export const grammarDefinition = defineSpace({
  name: "grammar",
  summary: "architectures of a context-free grammar: a built-in one, or a file with --grammar",
  settings,
  presets: grammarPresets,
  open: (settings) => {
    const primitives = primitivesWith();
    const { grammar, ...config } = settings;
    return grammarSpace(openGrammar(grammar, primitives), primitives, config, {
      name: "grammar",
      published: { grammar },
    });
  },
  carried: ({ grammar, stem, parameters }) => ({ grammar, stem, parameters }),
  notation,
  example: {
    settings: { grammar: "nb201_fixed_1_none", filters: 2, stem: 2 },
    choice: [2, 1, 3, 0, 4, 2],
  },
});
