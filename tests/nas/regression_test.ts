import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Rng, Stream } from "../../src/common/random.ts";
import { negativeLogLikelihood, regression } from "../../src/nas/analysis/regression.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";

Deno.test("the negative log likelihood is that of each value under its own Gaussian", () => {
  const nll = negativeLogLikelihood(
    Float64Array.of(1, 2),
    Float64Array.of(0, 2),
    Float64Array.of(2, 0.5),
  );
  // ln√(8π) + 1/8 and ln√(π/2).
  assertAlmostEquals(nll, (0.5 * Math.log(8 * Math.PI) + 0.125 + 0.5 * Math.log(Math.PI / 2)) / 2);
});

Deno.test("a surrogate learns a figure of cells: the last of a shuffled pool are predicted", () => {
  const space = openSpace({ kind: "grammar", grammar: "nb201_fixed_1_none" });
  const rng = new Rng(3, Stream.search);
  const archs = Array.from({ length: 60 }, () => uniformArchitecture(space, rng));
  const convolutions = (arch: unknown) =>
    space.graphs(arch)[0].labels.filter((label) => label === "conv3x3").length;
  const targets = Float64Array.from(archs, (arch) => -Math.log(1 + convolutions(arch)));
  const options = { space, archs, targets, predictor: "gp-wl" as const, testSize: 30 };
  const found = regression({ ...options, trainSize: 30 }, 0);
  assertEquals([found.y_pred.length, found.y_test.length], [30, 30]);
  assert(found.kendalltau > 0.8 && found.pearson > 0.9, JSON.stringify(found));
  assertEquals(regression({ ...options, trainSize: 30 }, 0), found);
  assertThrows(() => regression({ ...options, trainSize: 61 }, 0), /the searches have 60/);
});
