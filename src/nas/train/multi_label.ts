/** Scores of predictions with several labels per image: exact matches, and figures for each class. */

export interface ClassScores {
  /** Images that have the label. */
  positives: number;
  /** True positives / predicted positives; null if no image is predicted to have the label. */
  precision: number | null;
  /** True positives / positives; null if no image has the label. */
  recall: number | null;
  /** 2 · true positives / (predicted positives + positives); null if the denominator is 0. */
  f1: number | null;
  /** Mean of the precisions at which recall rises, images ordered by their logits; null without positives. */
  averagePrecision: number | null;
}

export interface MultiLabelScores {
  /**
   * Share of images with every label right. A label is predicted where its logit is ≥ 0, its probability ≥ ½.
   */
  exactMatch: number;
  /** Exact matches of the best constant answer, which is the same for all images. */
  constantMatch: number;
  /** Mean over the classes with positives; null if there are none. */
  meanAveragePrecision: number | null;
  classes: ClassScores[];
}

/** @param logits and `targets` (0 or 1): a row of `classes` for each image. */
export function multiLabelScores(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  classes: number,
): MultiLabelScores {
  const n = targets.length / classes;
  let exact = 0;
  const answers = new Map<string, number>();
  for (let i = 0; i < n; i++) {
    let right = true;
    let answer = "";
    for (let c = 0; c < classes; c++) {
      const at = i * classes + c;
      right &&= (logits[at] >= 0) === (targets[at] === 1);
      answer += targets[at];
    }
    if (right) exact++;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
  const column = (rows: ArrayLike<number>, c: number) =>
    Float64Array.from({ length: n }, (_, i) => rows[i * classes + c]);
  const scores = Array.from(
    { length: classes },
    (_, c) => classScores(column(logits, c), column(targets, c)),
  );
  const known = scores.map((s) => s.averagePrecision).filter((p) => p !== null);
  return {
    exactMatch: exact / n,
    constantMatch: Math.max(...answers.values()) / n,
    meanAveragePrecision: ratio(known.reduce((a, b) => a + b, 0), known.length),
    classes: scores,
  };
}

function classScores(logits: Float64Array, targets: Float64Array): ClassScores {
  let positives = 0, said = 0, hits = 0;
  targets.forEach((target, i) => {
    const yes = logits[i] >= 0;
    positives += target;
    if (yes) said++;
    if (yes && target === 1) hits++;
  });
  return {
    positives,
    precision: ratio(hits, said),
    recall: ratio(hits, positives),
    f1: ratio(2 * hits, said + positives),
    averagePrecision: averagePrecision(logits, targets, positives),
  };
}

/**
 * Average precision of a class. Images with equal logits count as one position, so that their order does not
 * matter.
 */
function averagePrecision(
  logits: Float64Array,
  targets: Float64Array,
  positives: number,
): number | null {
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
  let hits = 0, sum = 0;
  for (let from = 0; from < order.length;) {
    let to = from, here = 0;
    while (to < order.length && logits[order[to]] === logits[order[from]]) {
      here += targets[order[to++]];
    }
    hits += here;
    sum += here * hits / to;
    from = to;
  }
  return ratio(sum, positives);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
