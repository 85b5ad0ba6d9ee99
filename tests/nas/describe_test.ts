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

Deno.test("the macro supernet has as many parameters as the released one", () => {
  assert.equal(cifar("macro", macroConfig()).parameters, 697_860);
});

Deno.test("the released macro architecture has its parameters and multiply-adds", () => {
  const { parameters, macs } = cifar("macro", { ...finalMacro, legacyFixed: true }, releasedMacro);
  assert.equal(parameters, 42_559_392);
  assert.ok(Math.abs(macs! / 5.65e9 - 1) < 0.01, `${macs}`);
});

Deno.test("separable operations of a final macro network are separable unless asked otherwise", () => {
  const { parameters } = cifar("macro", finalMacro, releasedMacro);
  assert.ok(parameters < 42_559_392);
});

Deno.test("the micro supernet has as many parameters as the released one, whatever its reductions read", () => {
  for (const legacyReduce of [false, true]) {
    const { parameters, auxParameters } = cifar("micro", childConfig({ legacyReduce }));
    assert.equal(parameters, 5_373_140);
    assert.equal(auxParameters, 412_928);
  }
});

Deno.test("the released micro architecture has its parameters, multiply-adds and shapes", () => {
  const { parameters, auxParameters, macs, layers } = cifar("micro", finalMicro, releasedMicro);
  assert.equal(parameters, 3_894_372);
  assert.equal(auxParameters, 494_848);
  assert.ok(Math.abs(macs! / 0.62e9 - 1) < 0.01, `${macs}`);
  const outputs = Array.from(
    { length: 17 },
    (_, l) => layers!.findLast(({ scope }) => scope.split("/")[0] === `layer${l}`)!.shape.join(),
  );
  const stage = (n: number, shape: string) => new Array(n).fill(shape);
  assert.deepEqual(outputs, [
    ...stage(5, "1,32,32,180"),
    "1,16,16,288",
    ...stage(5, "1,16,16,360"),
    "1,8,8,576",
    ...stage(5, "1,8,8,720"),
  ]);
});

Deno.test("macro search children take 10.4 million (pools) to 184.6 million (5×5) multiply-adds", () => {
  const of = (op: number) =>
    cifar(
      "macro",
      macroConfig(),
      Array.from({ length: 12 }, (_, i) => [op, ...new Array(i).fill(1)]).flat(),
    ).macs!;
  // With every skip taken all reductions run, which is what the published estimates count.
  assert.ok(Math.abs(of(4) / 10.4e6 - 1) < 0.005, `${of(4)}`);
  assert.ok(Math.abs(of(2) / 184.6e6 - 1) < 0.005, `${of(2)}`);
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
