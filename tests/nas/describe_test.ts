import assert from "node:assert/strict";
import {
  describe,
  type Description,
  releasedCount,
  unreadParameters,
} from "../../src/nas/analysis/describe.ts";
import { openSpace } from "../../src/nas/registry.ts";
import type { SearchSpace } from "../../src/nas/space.ts";
import { releasedMacro, releasedMicro } from "../../src/nas/spaces/released.ts";
import { spaceAt } from "./child_config.ts";

function cifar(
  space: SearchSpace<unknown>,
  choice: readonly number[],
  batch = 1,
): Description {
  return describe({ space, choice, input: [32, 32, 3], classes: 10, form: "final", batch });
}

const finalMacro = spaceAt("macro", { layers: 24, filters: 96, branches: 4 });
const finalMicro = spaceAt("micro", { layers: 15, filters: 36 });

Deno.test("separable operations of a final macro network are separable unless asked otherwise", () => {
  const { parameters } = cifar(finalMacro, releasedMacro);
  assert.ok(parameters < 42_559_392);
});

/** Options of the fork's final script for concrete defects: 64 filters, 6 labels, images of 224 × 224. */
const codebrim = [
  ...[0, 5, 0, 3, 1, 1, 4, 0, 0, 1, 4, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
];

Deno.test("the published network for defects has 2,718,144 weights as released, 99,840 of them unread", () => {
  const settingsAt = (legacyFixed: boolean) => {
    return { kind: "macro", layers: 7, filters: 64, legacyFixed };
  };
  const at = (legacyFixed: boolean) => {
    const space = openSpace(settingsAt(legacyFixed));
    const input = [224, 224, 3] as const;
    return { space, choice: codebrim, input, classes: 6, form: "final" as const };
  };
  const countAt = (legacyFixed: boolean) => releasedCount(at(legacyFixed), settingsAt(legacyFixed));
  const released = describe(at(true));
  assert.equal(released.parameters, 2_718_144);
  assert.equal(unreadParameters(released), 99_840);
  assert.equal(countAt(true), null);
  const own = describe(at(false));
  assert.ok(own.parameters < 2_718_144 - 99_840, "separable convolutions are smaller");
  assert.equal(unreadParameters(own), 0);
  assert.deepEqual(countAt(false), { parameters: 2_718_144, unread: 99_840 });
  // Layers whose output is unused cost nothing.
  for (const { unread, macs } of released.layers!) if (unread) assert.equal(macs, 0);
});

Deno.test("a network that the released code would build alike has no other published count", () => {
  const settings = { kind: "micro", layers: 3, filters: 8 };
  const built = { space: openSpace(settings), choice: releasedMicro, form: "final" as const };
  const options = { ...built, input: [32, 32, 3] as const, classes: 10 };
  assert.equal(releasedCount(options, settings), null);
});

Deno.test("layers add up to the whole", () => {
  const space = spaceAt("micro", { layers: 3, filters: 8 });
  const { layers, parameters, auxParameters, macs } = cifar(space, releasedMicro);
  const sum = (of: "parameters" | "macs", aux: boolean) =>
    layers!.filter(({ scope }) => scope.startsWith("aux/") === aux).reduce((s, l) => s + l[of], 0);
  assert.equal(sum("parameters", false), parameters);
  assert.equal(sum("parameters", true), auxParameters);
  assert.equal(sum("macs", false), macs);
});

Deno.test("memory of a step grows with the batch, that of the weights does not", () => {
  const one = cifar(finalMicro, releasedMicro, 1).memory;
  const eight = cifar(finalMicro, releasedMicro, 8).memory;
  assert.equal(one.weights, eight.weights);
  assert.ok(one.weights >= 4 * (3_894_372 + 494_848));
  assert.ok(eight.step! > 6 * one.step! && eight.step! < 8.5 * one.step!);
});

Deno.test("classes and filters are taken from the call", () => {
  const space = spaceAt("macro", { layers: 3, filters: 10 });
  const at = (classes: number) =>
    describe({ space, supernet: true, input: [28, 28, 1], classes, form: "search" }).parameters;
  assert.equal(at(17) - at(7), 100);
});
