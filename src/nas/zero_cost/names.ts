/** Names of the scores of untrained networks, the simplest first: settings know them without loading the scores. */
export const zeroCostNames = [
  "params",
  "flops",
  "l2_norm",
  "grad_norm",
  "plain",
  "snip",
  "grasp",
  "fisher",
  "synflow",
  "nwot",
  "jacov",
  "epe_nas",
  "zen",
] as const;

export type ZeroCostName = typeof zeroCostNames[number];
