/** Mutants that compute the same result, with the reason. Any other survivor shows a missing test. */
import type { Mutant } from "./operators.ts";

interface Equivalent {
  /** Matches the kernel's path. */
  file: RegExp;
  /** Parts of the line, before and after the mutation. */
  before: string | RegExp;
  after: string | RegExp;
  because: string;
}

const equivalents: readonly Equivalent[] = [
  {
    file: /self_test|batch_totals|weighted_sum|gradient_squares|clip_factors/,
    before: /^if \(local == 0u/,
    after: /^if \(local (!= 0u|== 1u)|^if \(local == 0u \|\| index < p.n/,
    because: "all invocations of a group hold the same total: any of them may write it, or all",
  },
  {
    file: /clip_factors|gradient_squares/,
    before: "[min(index, p.n - 1u)]",
    after: "[min(index, p.n + 1u)]",
    because: "groups past the last read something safe and write nothing",
  },
  {
    file: /batch_labels/,
    before: "p.n * p.width",
    after: "p.n * (p.width + 1)",
    because: "rows past the batch, in a buffer that nobody else uses",
  },
  {
    file: /batch_labels|batch_images/,
    before: />= p\.n.*return/,
    after: /> p\.n/,
    because: "one element past the batch, in a buffer that nobody else uses",
  },
  {
    file: /conv2d_dw|conv2d_small_cin_dw|depthwise_dw|pointwise_dw/,
    before: "if (split >= p.splits) { return; }",
    after: "if (split > p.splits)",
    because: "writes past the partial sums, in scratch memory that nobody else uses",
  },
  {
    file: /log_softmax_pick/,
    before: "top = max(top, logits[start + k])",
    after: "k <= p.options",
    because: "the top only keeps exponents small: one of the next row does as well",
  },
  {
    file: /adam/,
    before: "if (index >= p.n) { return; }",
    after: "if (index > p.n)",
    because: "the one chunk past the table reads as an empty one",
  },
  {
    file: /sliding/,
    before: "offset[$u] = u32(clamp(ix, 0, i32(p.iw) - 1))",
    after: "offset[$u] = u32(clamp(ix, 0, i32(p.iw) + 1)) * p.c + ch",
    because: "a safe place to read from: columns outside the image are replaced by `inside`",
  },
  {
    file: /dropout|drop_path|sample_bernoulli/,
    before: /uniform01\(.*\) < /,
    after: /uniform01\(.*\) <= /,
    because: "differs for one of 2^24 numbers",
  },
  {
    file: /sample_categorical/,
    before: "if (q > 0.0)",
    after: "if (q >= 0.0)",
    because: "an impossible last option is left standing for one of 2^24 numbers, after rounding",
  },
  {
    file: /./,
    before: /select\((.+), (least|0\.0), \1 < \2\)/,
    after: /select\((.+), (least|0\.0), \1 <= \2\)/,
    because: "chooses between equals",
  },
  {
    file: /batch_norm\.wgsl|lib\/moments/,
    before: "Moments(0.0, V(0.0), V(0.0))",
    after: "Moments(0.0, V(1.0), V(0.0))",
    because: "the mean of no pixels has no weight",
  },
  {
    file: /weighted_mean_dx/,
    before: "anchors_per_row + j], 1u)",
    after: "anchors_per_row + j], 2u)",
    because: "bits are 0 or 1",
  },
  {
    file: /max_pool\.wgsl/,
    before: "var cell = U(0u)",
    after: "U(1u)",
    because: "any finite value beats what the search starts from",
  },
  {
    file: /max_pool_sliding\.wgsl/,
    before: "ix < i32(p.iw)",
    after: "ix <= i32(p.iw)",
    because:
      "the column past the edge repeats the edge, which the window holds and which comes first",
  },
  {
    file: /lib\/group_sum/,
    before: "if (local < half)",
    after: "if (local <= half)",
    because: "a lane that is not read again; the race shows only where lanes run out of order",
  },
  {
    file: /lib\/math/,
    before: "x >= 0.0",
    after: "x > 0.0",
    because: "at 0 both branches are 1",
  },
  {
    file: /lib\/math/,
    before: "clamp(x, -15.0, 15.0)",
    after: "15.0 * 2.0",
    because: "tanh is 1 in float32 from 10 on, and exp(60) is finite",
  },
];

const matches = (text: string, part: string | RegExp) =>
  typeof part === "string" ? text.includes(part) : part.test(text);

/** Why a mutant survives; undefined when it should have been killed. */
export function whyEquivalent(m: Mutant): string | undefined {
  return equivalents.find((e) =>
    e.file.test(m.file) && matches(m.before, e.before) && matches(m.after, e.after)
  )?.because;
}
