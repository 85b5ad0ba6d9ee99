import assert from "node:assert/strict";
import { nasbench201Encodings } from "../../../src/nas/encodings/nasbench201.ts";
import { fitGram } from "../../../src/nas/predictors/gaussian_process.ts";
import { graphOf } from "../../../src/nas/predictors/graphs.ts";
import {
  factorsOf,
  fitMixed,
  learnSetting,
  sameChoices,
} from "../../../src/nas/predictors/mixed_kernel.ts";
import { MixedProcess } from "../../../src/nas/predictors/mixed_process.ts";
import { clipLosses, standardise } from "../../../src/nas/predictors/targets.ts";
import { WlFeatures, wlKernel } from "../../../src/nas/graph_kernels/wl.ts";
import { formatNb201, type Nb201Arch } from "../../../src/nas/spaces/nasbench201.ts";
import { Rng, Stream } from "../../../src/common/random.ts";
import { spaceAt } from "../child_config.ts";

const space = spaceAt("nasbench201", { layers: 15, filters: 16 });
const { adj } = nasbench201Encodings();
const graphs = () =>
  wlKernel(new WlFeatures<Nb201Arch>(formatNb201, (arch) => [graphOf(space)(arch)], [4]));
const rng = new Rng(5, Stream.search);
const archs = Array.from({ length: 60 }, () => adj.sample!(rng));
const pool = Array.from({ length: 200 }, () => adj.sample!(rng));

/** A loss that depends on one edge, except for a small part. */
const byEdge = (edge: number) => (arch: Nb201Arch) =>
  [4, 3, 1.5, 1, 2][arch.ops[edge]] + 0.05 * arch.ops[(edge + 1) % 6];
const losses = (of: readonly Nb201Arch[], edge = 3) => Float64Array.from(of, byEdge(edge));
const knownOf = (of: readonly Nb201Arch[]) => ({
  graphs: graphs().all(of, of),
  choices: of.map(({ ops }) => ops),
});

Deno.test("the setting that is learned weighs the decision most that the loss depends on", () => {
  for (const edge of [0, 3, 5]) {
    const setting = learnSetting(knownOf(archs), standardise(losses(archs, edge)).values);
    const { keep } = factorsOf(setting);
    assert.equal(keep.indexOf(Math.min(...keep)), edge);
  }
});

Deno.test("the process is that of the mixture of both kernels", () => {
  const few = archs.slice(0, 12);
  const { values } = standardise(losses(few));
  const setting = { rounds: 1, at: [0.5, Math.log(0.03), -1, -2, 0, -1, -1, 1] };
  const [, graph] = graphs().all(few, few);
  const share = 1 / (1 + Math.exp(-0.5));
  const gram = graph.map((k, at) => {
    const [a, b] = [few[Math.floor(at / 12)], few[at % 12]];
    const distance = a.ops.reduce(
      (sum, op, d) => sum + (op === b.ops[d] ? 0 : Math.exp(setting.at[d + 2])),
      0,
    );
    return share * k + (1 - share) * Math.exp(-distance);
  });
  const expected = fitGram(gram, values, 0.03).negativeLogLikelihood;
  const { negativeLogLikelihood } = fitMixed(knownOf(few), values, setting);
  assert.ok(Math.abs(negativeLogLikelihood - expected) < 1e-9);
});

Deno.test("one weight serves all decisions where architectures differ in their number", () => {
  assert.equal(sameChoices([1, 2, 3], [1, 2], [0.5]), 0.5);
  assert.equal(sameChoices([1, 2, 3], [0, 2], [0.5]), 0.25);
});

Deno.test("what is kept of earlier fits changes no prediction", () => {
  const kept = new MixedProcess(space, graphs());
  for (let n = 2; n <= archs.length; n += n < 20 ? 1 : 7) {
    const known = archs.slice(0, n), targets = losses(known);
    kept.fit(known, targets);
    const fresh = new MixedProcess(space, graphs());
    fresh.fit(known, targets);
    assert.deepEqual(kept.predict(pool), fresh.predict(pool));
  }
  // Another past, and other candidates.
  const known = archs.slice(20, 40), targets = losses(known);
  const fresh = new MixedProcess(space, graphs());
  fresh.fit(known, targets);
  kept.fit(known, targets);
  assert.deepEqual(kept.predict(pool), fresh.predict(pool));
  assert.deepEqual(kept.predict(pool.slice(3, 9)), fresh.predict(pool.slice(3, 9)));
});

Deno.test("predictions come near what was learned, and are unsure elsewhere", () => {
  const process = new MixedProcess(space, graphs());
  process.fit(archs, losses(archs));
  const known = process.predict(archs), other = process.predict(pool);
  archs.forEach((arch, i) => assert.ok(Math.abs(known.mean[i] - byEdge(3)(arch)) < 0.3));
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;
  assert.ok(mean(other.deviation) > 1.5 * mean(known.deviation));
});

Deno.test("losses far above the median are clipped, ties and small sets are not", () => {
  assert.deepEqual([...clipLosses(Float64Array.of(1, 2, 3, 4, 90))], [1, 2, 3, 4, 7]);
  assert.deepEqual([...clipLosses(Float64Array.of(1, 1, 1, 5))], [1, 1, 1, 5]);
});
