/**
 * The settings that `--faithful` changes: quirks of the released code, where it differs from the defaults.
 * Numbers are those of the quirks in docs/recipes.md.
 */

import type { SpaceDefinition } from "../definition.ts";
import type { SectionQuirks } from "./preset_sections.ts";

/** Settings by dotted name. */
type Settings = Readonly<Record<string, unknown>>;

export interface Quirk {
  id: `Q${number}`;
  /** The behaviour of the released code. */
  what: string;
  /** Settings that reproduce it; a quirk without any has a reason in `why`. */
  search?: Settings;
  final?: Settings;
  /** Holds only for a space or preset that names the quirk; this text says which. */
  where?: string;
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
    where: "space macro",
    final: { "space.legacyFixed": true },
  },
  { id: "Q4", what: "skips are summed in the search and concatenated at the end", why: always },
  {
    id: "Q5",
    what: "macro rewards use running statistics that all architectures share",
    where: "macro spaces",
    search: { "evaluator.rewardStatistics": "running" },
  },
  {
    id: "Q6",
    what: "a reduction cell of the search sees h(l−1) twice",
    where: "the micro space",
    search: { "space.legacyReduce": true },
  },
  {
    id: "Q7",
    what: "micro rewards are taken with dropout on",
    where: "the micro space",
    search: { "evaluator.rewardDropout": true },
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
    search: { "space.legacyInit": true },
    final: { "space.legacyInit": true },
  },
  {
    id: "Q11",
    what: "the skip penalty measures the sigmoid of each logit",
    search: { "strategy.controller.skipPenaltyCorrected": false },
  },
  {
    id: "Q12",
    what: "the baseline starts at 0",
    search: { "strategy.controller.baselineInit": "zero" },
  },
  {
    id: "Q13",
    what: "the entropy takes no gradient, and nothing else holds the policy back",
    search: { "strategy.controller.entropyBonus": 0, "strategy.controller.logitDecay": 0 },
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
    search: { "evaluator.ownBatches": true },
  },
  {
    id: "Q18",
    what: "validation accuracy of a search is the policy's average over the whole set",
    search: { "evaluator.policyEvaluation": true },
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
    where: "preset codebrim",
    search: { normalise: false, "augment.inEvaluation": true },
    final: { normalise: false, "augment.inEvaluation": true },
  },
  {
    id: "Q25",
    what: "a reward is the share of 16 images that have all labels right",
    where: "preset codebrim",
    why: "done so by default; `evaluator.rewardBatches` takes more",
  },
  { id: "Q26", what: "pictures swap the pools' names and move the skips", why: "a bug" },
  { id: "Q27", what: "operations have the original's numbers", why: always },
  { id: "Q28", what: "a reproduction validates on the test set", why: "a leak" },
  { id: "Q29", what: "average pools leave padding out", why: always },
  { id: "Q30", what: "each output has a reduction of its own", why: always },
  {
    id: "Q31",
    what: "the controller's optimiser is new in each iteration, so that it has no momentum",
    where: "preset nnabla",
    search: { "strategy.controller.momentum": 0 },
  },
  {
    id: "Q32",
    what: "the fitness of a search is the accuracy on the test set",
    where: "presets of the modular space",
    search: { "evaluator.fitness": "test" },
  },
];

/**
 * Settings of all quirks that hold for a command: general ones, and those of the space and the preset. A
 * preset that follows another program has its own list instead.
 */
export function faithfulSettings(
  command: "search" | "final",
  definition: Pick<SpaceDefinition, "quirks">,
  { more = [], instead }: SectionQuirks = {},
): Settings {
  const own = [...definition.quirks ?? [], ...more];
  const held = quirks.filter(({ id, where }) =>
    instead ? instead.includes(id) : where === undefined || own.includes(id)
  );
  return Object.assign({}, ...held.map((quirk) => quirk[command]));
}
