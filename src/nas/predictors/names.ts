/** Every predictor by name: what it is, and what of an architecture it sees. A new one is one line here, one in mod.ts. */
export const predictorNames = {
  gp: { summary: "Gaussian process on an encoding's distance", sees: "distance" },
  "gp-rbf": { summary: "Gaussian process on an encoding's features", sees: "features" },
  "gp-wl": { summary: "Gaussian process with the Weisfeiler-Lehman graph kernel", sees: "graph" },
  "gp-mixed": {
    summary: "Gaussian process on the graph and on each decision, clipping bad losses",
    sees: "graph",
  },
  "gp-graph": {
    summary: "the same on the graph alone, with nothing to choose",
    sees: "graph",
  },
  ensemble: { summary: "five feed-forward nets, as in BANANAS", sees: "features" },
  diverse: { summary: "five feed-forward nets of different shapes", sees: "features" },
  dngo: { summary: "Bayesian linear regression on a net's features", sees: "features" },
  bohamiann: { summary: "nets drawn from their posterior", sees: "features" },
  gcn: { summary: "graph convolutional net of four layers of 144", sees: "graph" },
  bonas: { summary: "Bayesian linear regression on a small graph net's features", sees: "graph" },
} as const;

export type PredictorName = keyof typeof predictorNames;

export const allPredictorNames = Object.keys(predictorNames) as PredictorName[];
