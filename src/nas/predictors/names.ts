/**
 * Every predictor by name: its description, its input, and its settings (settings.ts). To add one, add an
 * entry here and a line in mod.ts.
 */
export const predictorNames = {
  gp: {
    summary: "Gaussian process on an encoding's distance",
    sees: "distance",
    settings: [],
  },
  "gp-rbf": {
    summary: "Gaussian process on an encoding's features",
    sees: "features",
    settings: [],
  },
  "gp-wl": {
    summary: "Gaussian process with the Weisfeiler-Lehman graph kernel",
    sees: "graph",
    settings: ["noise"],
  },
  "gp-hwl": {
    summary: "the same with a kernel per level of the space's hierarchy, which it weighs",
    sees: "graph",
    settings: ["noise"],
  },
  "gp-nasbot": {
    summary: "Gaussian process on degrees and counts of operations, as in NASBOT",
    sees: "graph",
    settings: ["noise"],
  },
  "gp-mixed": {
    summary: "Gaussian process on the graph and on each decision, clipping bad losses",
    sees: "graph",
    settings: [],
  },
  "gp-graph": {
    summary: "the same on the graph alone, with nothing to choose",
    sees: "graph",
    settings: [],
  },
  ensemble: {
    summary: "five feed-forward nets, as in BANANAS",
    sees: "features",
    settings: ["layers", "width", "epochs", "rate", "loss", "ensemble"],
  },
  diverse: {
    summary: "five feed-forward nets of different shapes",
    sees: "features",
    settings: ["epochs", "rate", "loss"],
  },
  dngo: {
    summary: "Bayesian linear regression on a net's features",
    sees: "features",
    settings: ["layers", "width", "epochs", "rate"],
  },
  bohamiann: {
    summary: "nets drawn from their posterior",
    sees: "features",
    settings: ["layers", "width", "steps", "rate"],
  },
  gcn: {
    summary: "graph convolutional net of four layers of 144",
    sees: "graph",
    settings: ["layers", "width", "epochs", "rate"],
  },
  bonas: {
    summary: "Bayesian linear regression on a small graph net's features",
    sees: "graph",
    settings: ["layers", "width", "epochs", "rate"],
  },
} as const;

export type PredictorName = keyof typeof predictorNames;

export const allPredictorNames = Object.keys(predictorNames) as PredictorName[];
