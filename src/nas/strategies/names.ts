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
} as const;

export type StrategyName = keyof typeof strategyNames;

export const allStrategyNames = Object.keys(strategyNames) as [StrategyName, ...StrategyName[]];
