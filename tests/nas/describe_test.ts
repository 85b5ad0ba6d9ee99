import assert from "node:assert/strict";
import { describe, type Description } from "../../src/nas/describe.ts";
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
