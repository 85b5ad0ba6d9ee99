import assert from "node:assert/strict";
import {
  describe,
  type Description,
  releasedCount,
  unreadParameters,
} from "../../src/nas/describe.ts";
import type { ChildConfig } from "../../src/nas/space.ts";
import { spaces } from "../../src/nas/spaces/mod.ts";
import { releasedMacro, releasedMicro } from "../../src/nas/spaces/released.ts";
import { childConfig, macroConfig } from "./child_config.ts";

function cifar(
  name: string,
  config: ChildConfig,
  choice?: readonly number[],
  batch = 1,
): Description {
  const what = choice ? { choice } : { supernet: true };
  const space = spaces[name](config);
  return describe({ space, ...what, input: [32, 32, 3], classes: 10, config, batch });
}

const finalMacro = macroConfig({ form: "final", layers: 24, filters: 96, branches: 4 });
const finalMicro = childConfig({ form: "final", layers: 15, filters: 36 });

Deno.test("separable operations of a final macro network are separable unless asked otherwise", () => {
  const { parameters } = cifar("macro", finalMacro, releasedMacro);
  assert.ok(parameters < 42_559_392);
});

/** Of the final script of the fork for defects: 64 filters, 6 labels, images of 224 × 224. */
const codebrim = [
  ...[0, 5, 0, 3, 1, 1, 4, 0, 0, 1, 4, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
];

Deno.test("the published network for defects has 2,718,144 weights as released, 99,840 of them unread", () => {
  const at = (legacyFixed: boolean) => {
    const config = macroConfig({ form: "final", layers: 7, filters: 64, legacyFixed });
    const input = [224, 224, 3] as const;
    return { space: spaces.macro(config), choice: codebrim, input, classes: 6, config };
  };
  const released = describe(at(true));
  assert.equal(released.parameters, 2_718_144);
  assert.equal(unreadParameters(released), 99_840);
  assert.equal(releasedCount(at(true)), null);
  const own = describe(at(false));
  assert.ok(own.parameters < 2_718_144 - 99_840, "separable convolutions are smaller");
  assert.equal(unreadParameters(own), 0);
  assert.deepEqual(releasedCount(at(false)), { parameters: 2_718_144, unread: 99_840 });
  // What nothing reads costs no work.
  for (const { unread, macs } of released.layers!) if (unread) assert.equal(macs, 0);
});

Deno.test("a network that the released code would build alike has no other published count", () => {
  const config = childConfig({ form: "final", layers: 3, filters: 8 });
  const common = { space: spaces.micro(config), input: [32, 32, 3] as const, classes: 10, config };
  assert.equal(releasedCount({ ...common, choice: releasedMicro }), null);
});

Deno.test("layers add up to the whole", () => {
  const config = childConfig({ form: "final", layers: 3, filters: 8 });
  const { layers, parameters, auxParameters, macs } = cifar("micro", config, releasedMicro);
  const sum = (of: "parameters" | "macs", aux: boolean) =>
    layers!.filter(({ scope }) => scope.startsWith("aux/") === aux).reduce((s, l) => s + l[of], 0);
  assert.equal(sum("parameters", false), parameters);
  assert.equal(sum("parameters", true), auxParameters);
  assert.equal(sum("macs", false), macs);
});

Deno.test("memory of a step grows with the batch, that of the weights does not", () => {
  const one = cifar("micro", finalMicro, releasedMicro, 1).memory;
  const eight = cifar("micro", finalMicro, releasedMicro, 8).memory;
  assert.equal(one.weights, eight.weights);
  assert.ok(one.weights >= 4 * (3_894_372 + 494_848));
  assert.ok(eight.step! > 6 * one.step! && eight.step! < 8.5 * one.step!);
});

Deno.test("classes and filters are taken from the call", () => {
  const config = macroConfig({ layers: 3, filters: 10 });
  const space = spaces.macro(config);
  const at = (classes: number) =>
    describe({ space, supernet: true, input: [28, 28, 1], classes, config }).parameters;
  assert.equal(at(17) - at(7), 100);
});
