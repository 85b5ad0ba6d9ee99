/**
 * What `--faithful` switches: where the released code does something else than this project does by default.
 * The numbers are those of the list of quirks in docs/recipes.md.
 */

/** Settings by dotted name. */
type Settings = Readonly<Record<string, unknown>>;

export interface Quirk {
  id: `Q${number}`;
  /** What the released code does. */
  what: string;
  /** What follows it; of a quirk without any, `why` says the reason. */
  search?: Settings;
  final?: Settings;
  /** Holds in this space or preset only. */
  space?: "micro" | "macro" | "macro, whole channels";
  preset?: "codebrim" | "nnabla";
  /** The reproduction in nnabla-examples does the same, in all of its spaces. */
  nnabla?: true;
  why?: string;
}

const always = "done so by default";

export const quirks: readonly Quirk[] = [
  { id: "Q1", what: "the macro search runs its last branch whatever was sampled", why: "a bug" },
  { id: "Q2", what: "skip bit j reads output j, the controller attends layer j", why: always },
  {
    id: "Q3",
    what:
      "separable operations of a final macro network are full convolutions, and reductions are made that " +
      "nothing reads",
    space: "macro, whole channels",
    final: { "child.legacyFixed": true },
  },
  { id: "Q4", what: "skips are summed in the search and concatenated at the end", why: always },
  {
    id: "Q5",
    what: "macro rewards use running statistics that all architectures share",
    space: "macro",
    search: { "child.rewardStatistics": "running" },
    nnabla: true,
  },
  {
    id: "Q6",
    what: "a reduction cell of the search sees h(l−1) twice",
    space: "micro",
    search: { "child.legacyReduce": true },
  },
  {
    id: "Q7",
    what: "micro rewards are taken with dropout on",
    space: "micro",
    search: { "child.rewardDropout": true },
  },
  {
    id: "Q8",
    what: "gradients are clipped to no effect",
    search: { "optimizer.clip": "none" },
    final: { "optimizer.clip": "none" },
  },
  {
    id: "Q9",
    what: "the auxiliary head is never trained",
    search: { "optimizer.freezeAux": true },
    final: { "optimizer.freezeAux": true },
  },
  {
    id: "Q10",
    what:
      "deviations of first weights count the rows of a bank, or the channels of a depthwise kernel",
    search: { "child.legacyInit": true },
    final: { "child.legacyInit": true },
  },
  {
    id: "Q11",
    what: "the skip penalty measures the sigmoid of each logit",
    search: { "controller.skipPenaltyCorrected": false },
  },
  {
    id: "Q12",
    what: "the baseline starts at 0",
    search: { "controller.baselineInit": "zero" },
  },
  {
    id: "Q13",
    what: "the entropy takes no gradient, and nothing else holds the policy back",
    search: { "controller.entropyBonus": 0, "controller.logitDecay": 0 },
  },
  {
    id: "Q14",
    what: "each step decays all weights, by 2λw",
    search: { "optimizer.decayAll": true, "optimizer.l2Half": false },
    final: { "optimizer.l2Half": false },
  },
  {
    id: "Q15",
    what: "momentum moves weights that a step does not use",
    search: { "optimizer.decayAll": true },
  },
  {
    id: "Q16",
    what: "the step on which a cycle restarts has a rate of its own",
    search: { "optimizer.restartTransient": true },
    final: { "optimizer.restartTransient": true },
  },
  {
    id: "Q17",
    what: "each architecture is scored on another minibatch",
    search: { ownBatches: true },
    nnabla: true,
  },
  {
    id: "Q18",
    what: "validation accuracy of a search is the policy's average over the whole set",
    search: { policyEvaluation: true },
  },
  {
    id: "Q19",
    what: "CutOut draws the square's top left corner",
    search: { "augment.cutoutLegacy": true },
    final: { "augment.cutoutLegacy": true },
  },
  { id: "Q20", what: "fewer than 3 layers never reduce", why: "such networks are refused" },
  { id: "Q21", what: "NHWC does not run", why: "a bug" },
  { id: "Q22", what: "nothing is seeded", why: "a run could not be repeated" },
  { id: "Q23", what: "10 classes, or 6", why: "the data set says how many" },
  {
    id: "Q24",
    what: "pictures of defects are not normalised, and augmented when evaluated as well",
    preset: "codebrim",
    search: { normalise: false, "augment.inEvaluation": true },
    final: { normalise: false, "augment.inEvaluation": true },
  },
  {
    id: "Q25",
    what: "a reward is the share of 16 images that have all labels right",
    preset: "codebrim",
    why: "done so by default; `rewardBatches` takes more",
  },
  { id: "Q26", what: "pictures swap the pools' names and move the skips", why: "a bug" },
  { id: "Q27", what: "operations have the original's numbers", why: always },
  { id: "Q28", what: "a reproduction validates on the test set", why: "a leak" },
  { id: "Q29", what: "average pools leave padding out", why: always },
  { id: "Q30", what: "each output has a reduction of its own", why: always },
  {
    id: "Q31",
    what: "the controller's optimiser is new in each iteration, so that it has no momentum",
    preset: "nnabla",
    search: { "controller.momentum": 0 },
  },
];

/** The settings of all quirks that hold for a command in a space with a preset. */
export function faithfulSettings(
  command: "search" | "final",
  space: string,
  preset: string,
): Settings {
  const held = quirks.filter((quirk) => holds(quirk, space, preset));
  return Object.assign({}, ...held.map((q) => q[command]));
}

/** Most quirks are of the released code and its fork; NNabla's reproduction shares a few of them. */
function holds(quirk: Quirk, space: string, preset: string): boolean {
  if (preset === "nnabla") return quirk.nnabla === true || quirk.preset === "nnabla";
  if (quirk.preset !== undefined && quirk.preset !== preset) return false;
  // Channel ranges are a variant of the macro space.
  if (quirk.space === "macro") return space === "macro" || space === "macro-range";
  if (quirk.space === "macro, whole channels") return space === "macro";
  return quirk.space === undefined || quirk.space === space;
}
