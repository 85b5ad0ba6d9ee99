/**
 * Built-in studies: the experiments of White, Neiswanger, Nolen and Savani, "A Study on Encodings for Neural
 * Architecture Search" (NeurIPS 2020), and those of naszilla, named as in their published code. Settings are
 * the same: ten initial samples, 150 queries, sampling and mutation by adjacency.
 */
import { UsageError } from "../../common/errors.ts";
import { parseStudy, type Study, type StudyInput } from "./definition.ts";

type AlgorithmInput = StudyInput["algorithms"][number];
type EncodingInput = NonNullable<AlgorithmInput["encoding"]>;

interface Group {
  /** One-line description. */
  summary: string;
  algorithms: AlgorithmInput[];
  /** Required space, where other spaces lack the encodings. */
  space?: string;
  queries?: number;
}

/** Default of all rows: sampling and perturbing by adjacency. */
const byAdjacency = { sample: "adj", perturb: "adj" };

const row = (
  strategy: string,
  name: string,
  encoding: EncodingInput = {},
  settings: Record<string, unknown> = {},
): AlgorithmInput => ({ name, strategy, encoding: { ...byAdjacency, ...encoding }, settings });

const random = row("random", "random");
const evolution = (name: string, encoding?: EncodingInput, initial = 10): AlgorithmInput =>
  row("evolution", name, encoding, {
    "strategy.population": 30,
    "strategy.tournament": 10,
    "strategy.initial": initial,
  });
const localSearch = (
  name: string,
  encoding?: EncodingInput,
  settings?: Record<string, unknown>,
): AlgorithmInput => row("local-search", name, encoding, { "strategy.initial": 10, ...settings });
const gp = (distance: string) => row("gp", `gp ${distance}`, { predictor: distance });
const bananas = (features: string) =>
  row("bananas", `bananas ${features}`, { predictor: features });
const alone = row("bananas", "bananas");

const main: AlgorithmInput[] = [
  alone,
  random,
  evolution("evolution"),
  row("gp", "gp"),
  row("dngo", "dngo", { predictor: "path" }, { "strategy.initial": 10 }),
  localSearch("local search"),
];

/** Algorithms of naszilla; each is also a group by itself. */
const algorithms: Record<string, AlgorithmInput> = {
  random,
  evolution: evolution("evolution"),
  bananas: alone,
  gp_bo: row("gp", "gp"),
  dngo: row("dngo", "dngo", { predictor: "adj" }, { "strategy.initial": 20 }),
  bohamiann: row("bohamiann", "bohamiann", { predictor: "adj" }, { "strategy.initial": 20 }),
  local_search: localSearch("local search"),
  nasbot: gp("nasbot"),
  gcn_predictor: row("gcn", "gcn"),
  bonas: row("bonas", "bonas"),
};

const cutoffs = [1, 2, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31];
const nb101 = "nasbench101";
const nb201 = "nasbench201";

const groups: Record<string, Group> = {
  main_experiments: { summary: "the main algorithms with their usual encodings", algorithms: main },
  test_algos: { summary: "the same with 30 queries", algorithms: main, queries: 30 },
  test_simple: { summary: "random search with 30 queries", algorithms: [random], queries: 30 },
  random_encodings: {
    summary: "random search, drawn by each encoding",
    space: nb101,
    algorithms: [
      "uniform",
      "adj",
      "cont_adj",
      ...["path", "trunc_path", "cont_path", "trunc_cont_path"].flatMap((p) => [p, `wtd_${p}`]),
    ].map((sample) => row("random", `random ${sample}`, { sample })),
  },
  evo_encodings: {
    summary: "evolution, mutated by each encoding",
    space: nb101,
    algorithms: ["adj", "cont_adj", "path", "trunc_path", "cont_path", "trunc_cont_path"]
      .map((perturb) => evolution(`evolution ${perturb}`, { perturb })),
  },
  evo_trunc: {
    summary: "evolution, mutated by ever longer parts of path and adjacency encoding, 300 queries",
    space: nb101,
    queries: 300,
    algorithms: [
      ...cutoffs.map((pathCutoff) =>
        evolution(
          `evolution path ${pathCutoff}`,
          { perturb: "trunc_path", pathCutoff },
          1,
        )
      ),
      ...cutoffs.map((edgeCutoff) =>
        evolution(
          `evolution adj ${edgeCutoff}`,
          { perturb: "trunc_adj", edgeCutoff },
          1,
        )
      ),
    ],
  },
  ls_encodings: {
    summary: "local search in each encoding's neighbourhood",
    space: nb101,
    algorithms: ["path", "trunc_path", "adj"]
      .map((perturb) => localSearch(`local search ${perturb}`, { perturb })),
  },
  bo_encodings: {
    summary: "Bayesian optimisation with each encoding's distance",
    space: nb101,
    algorithms: ["cont_path", "trunc_cont_path", "trunc_path", "cont_adj", "path", "adj", "nasbot"]
      .map(gp),
  },
  bananas_encodings: {
    summary: "BANANAS, with each encoding for its predictor",
    space: nb101,
    algorithms: [
      "cont_adj",
      "path",
      "trunc_path",
      "cat_path",
      "trunc_cat_path",
      "adj",
      "cat_adj",
    ].map(bananas),
  },
  bananas_all: {
    // The published first row mutates by cat_adj, which no code defines; adj is used here.
    summary: "BANANAS, with one encoding for everything",
    algorithms: [
      ["trunc_path", "adj"],
      ["trunc_path", "trunc_path"],
      ["adj", "adj"],
    ].map(([predictor, perturb]) =>
      row("bananas", `bananas ${predictor}, moves by ${perturb}`, {
        sample: perturb,
        perturb,
        predictor,
      })
    ),
  },
  ablation: {
    summary: "what BANANAS owes to its parts",
    algorithms: [
      alone,
      bananas("adj"),
      gp("path"),
      gp("adj"),
      row("bananas", "bananas, random candidates", undefined, {
        "strategy.candidates": "random",
      }),
    ],
  },
  predictors: {
    summary: "one search, guided by each predictor (a group of denas's own)",
    algorithms: ["bananas", "gp", "gp-wl", "dngo", "bohamiann", "gcn", "bonas", "npenas"]
      .map((strategy) => row(strategy, strategy)),
  },
  bo_encodings_201: {
    summary: "Bayesian optimisation with the distances that NAS-Bench-201 cells have",
    space: nb201,
    algorithms: ["trunc_path", "path", "adj", "nasbot"].map(gp),
  },
  bananas_201: {
    summary: "BANANAS with the encodings that NAS-Bench-201 cells have",
    space: nb201,
    algorithms: ["path", "trunc_path", "adj"].map(bananas),
  },
  evo_201: {
    summary: "evolution, mutated by the encodings that NAS-Bench-201 cells have",
    space: nb201,
    algorithms: ["adj", "path", "trunc_path"]
      .map((perturb) => evolution(`evolution ${perturb}`, { perturb })),
  },
  simple_algos: {
    summary: "random search, evolution, and local search that goes on after a minimum",
    algorithms: [
      random,
      evolution("evolution"),
      localSearch("local search", {}, { "strategy.atMinimum": "continue" }),
    ],
  },
  all_algos: {
    summary: "ten algorithms as naszilla sets them",
    algorithms: [
      "random",
      "evolution",
      "bananas",
      "gp_bo",
      "dngo",
      "bohamiann",
      "local_search",
      "nasbot",
      "gcn_predictor",
      "bonas",
    ].map((name) => algorithms[name]),
  },
  local_search_variants: {
    summary: "local search, going on after a minimum, or scoring whole neighbourhoods",
    algorithms: [
      localSearch("local search"),
      localSearch("local search, goes on", {}, { "strategy.atMinimum": "continue" }),
      localSearch("local search, whole neighbourhoods", {}, { "strategy.whole": true }),
    ],
  },
  ...Object.fromEntries(
    Object.entries(algorithms).map(([name, one]): [string, Group] => [name, {
      summary: `${one.name} alone, as naszilla sets it`,
      algorithms: [one],
    }]),
  ),
};

export const groupSummaries: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(groups).map(([name, { summary }]) => [name, summary]),
);

/** The space that a group requires, if any. */
export const groupSpace = (name: string): string | undefined => groups[name]?.space;

/**
 * Study of a group.
 * @throws UsageError listing the groups for an unknown name.
 */
export function groupNamed(name: string): Study {
  if (!Object.hasOwn(groups, name)) {
    throw new UsageError(
      `Cannot find study ${JSON.stringify(name)}: expected a file or one of ${
        Object.keys(groups).join(", ")
      }`,
    );
  }
  const { algorithms, queries } = groups[name];
  return parseStudy({ name, algorithms, queries }, name);
}
