import assert from "node:assert/strict";
import fc from "fast-check";
import { describe } from "../../src/nas/analysis/describe.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import type { SearchSpace } from "../../src/nas/space.ts";
import type { DartsArch } from "../../src/nas/spaces/darts.ts";
import { Rng } from "../../src/common/random.ts";
import { spaceAt } from "./child_config.ts";

const sizes = { layers: 20, filters: 36, blocks: 4, auxHead: false };
const space: SearchSpace<DartsArch> = spaceAt("darts", sizes);
const { format, parse } = space.notation!;

/** Genotypes as the released code prints them. */
const genotypes = {
  V1:
    `Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('sep_conv_3x3', 1),
    ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)],
    normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2),
    ('max_pool_3x3', 0), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2),
    ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])`,
  V2:
    `Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),
    ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)],
    normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2),
    ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2),
    ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])`,
};

Deno.test("darts: released genotypes have the published numbers of parameters", () => {
  const parameters = (genotype: string) =>
    describe({
      space,
      choice: space.encode(parse(genotype)),
      input: [32, 32, 3],
      classes: 10,
      form: "final",
    }).parameters;
  assert.equal(parameters(genotypes.V2), 3_349_342);
  assert.equal(parameters(genotypes.V1), 3_169_414);
});

Deno.test("darts: both inputs of a node differ, whatever is drawn, mutated or exchanged", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const rng = new Rng(seed, 0);
      const [a, b] = [uniformArchitecture(space, rng), uniformArchitecture(space, rng)];
      for (const arch of [a, space.mutate!(a, rng), ...space.crossover!(a, b, rng)]) {
        assert.deepEqual(space.decode(space.encode(arch)), arch);
        assert.deepEqual(parse(format(arch)), arch);
        for (const { x, y } of [...arch.normal, ...arch.reduce]) assert.notEqual(x.input, y.input);
      }
      const around = space.neighbours!(a);
      // Six other operations for 16 edges; of the inputs 0, 1, 2 and 3 others for both edges of a node.
      assert.equal(around.length, 16 * 6 + 2 * 2 * (0 + 1 + 2 + 3));
    }),
    { numRuns: 20 },
  );
  assert.throws(() => space.decode([0, 0, 0, 0, ...new Array(28).fill(0)]), {
    name: "UsageError",
    message: /normal cell, node 2, second input: got 0, expected another than the first/,
  });
});

Deno.test("darts: the order of a node's operations makes no other architecture", () => {
  const arch = uniformArchitecture(space, new Rng(3, 0));
  const swapped = { ...arch, normal: arch.normal.map(({ x, y }) => ({ x: y, y: x })) };
  assert.equal(space.key(swapped), space.key(arch));
});

Deno.test("darts: a wrong genotype is refused by the pair that is wrong", () => {
  const good = format(parse(genotypes.V2));
  const cases: [string, RegExp][] = [
    ["sep", /expected normal: … and reduce: …/],
    [good.replace("(skip_connect,0) ", ""), /the normal cell has 7 pairs, expected 8/],
    [
      good.replace("dil_conv_3x3", "conv"),
      /\(conv,2\) in the normal cell, expected an operation of/,
    ],
    [good.replace("dil_conv_3x3,2", "dil_conv_3x3,0"), /expected two different inputs of 0 … 4/],
    [good.replace("dil_conv_3x3,2", "dil_conv_3x3,5"), /expected two different inputs of 0 … 4/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parse(text), { name: "UsageError", message });
  }
});
