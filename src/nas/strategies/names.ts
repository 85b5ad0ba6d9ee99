/** Every strategy by name, and what it is in a line. A new strategy is one file, one line here, one in mod.ts. */
export const strategyNames = {
  enas: "a controller that learns by REINFORCE, on the device",
  "enas-nnabla": "the same controller; only the best of its candidates is trained",
  random: "every architecture drawn anew",
  evolution: "regularised evolution: winners of tournaments are mutated, the oldest die",
  "local-search": "to a better neighbour, and anew where there is none",
  "successive-halving":
    "many train briefly, the best longer (where the evaluator has several lengths)",
  hyperband: "successive halving that begins at every length in turn",
  nsga2: "evolution towards the front of several objectives (--objectives)",
  gp: "Bayesian optimisation: a Gaussian process on an encoding's distance",
  "gp-rbf": "Bayesian optimisation: a Gaussian process on an encoding's features",
  "gp-wl": "Bayesian optimisation: a Gaussian process with a graph kernel",
  "gp-mixed": "Bayesian optimisation of a whole small space, by graph and by decisions",
  bananas: "BANANAS: an ensemble of nets on encodings rates mutations of the best",
  dngo: "DNGO: Bayesian linear regression on what a net learned",
  bohamiann: "BOHAMIANN: nets drawn from their posterior",
  gcn: "a graph net learns from some draws and ranks many others",
  bonas: "BONAS: Bayesian linear regression on what a graph net learned",
  npenas: "NPENAS: a graph net chooses among the offspring of the best",
} as const;

export type StrategyName = keyof typeof strategyNames;

export const allStrategyNames = Object.keys(strategyNames) as [StrategyName, ...StrategyName[]];
