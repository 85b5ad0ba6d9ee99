/** Pools of modules: sampling, choosing, and reading their files. */
import assert from "node:assert/strict";
import { openSpace } from "../../src/nas/registry.ts";
import {
  choosePool,
  entryOf,
  moduleOf,
  moduleParameters,
  readModules,
  sampleModules,
} from "../../src/nas/spaces/modular_pool.ts";
import { nb101Dag, nb101Ops } from "../../src/nas/spaces/nasbench101_arch.ts";
import { parseNb101 } from "../../src/nas/spaces/nasbench101.ts";
import { cells, pool } from "./_modules.ts";

Deno.test("modular: sampled modules are valid cells, pruned, and the same for a seed", () => {
  const modules = sampleModules(200, 42);
  for (const { text, hash, dag } of modules) {
    const again = moduleOf(text);
    assert.deepEqual([again.hash, again.dag], [hash, dag]);
    assert.deepEqual(nb101Dag(parseNb101(text)), dag);
    assert.ok(dag.labels.slice(1, -1).every((label) => label in nb101Ops));
  }
  assert.deepEqual(sampleModules(20, 42), modules.slice(0, 20));
  assert.notDeepEqual(sampleModules(20, 43), modules.slice(0, 20));
});

Deno.test("modular: a pool holds the best cells, each once; ties enlarge it, and too few are refused", () => {
  const [a, b, c, d] = pool.map(moduleOf);
  const worth = new Map([[a.hash, 1], [b.hash, 3], [c.hash, 2], [d.hash, 3]]);
  const score = ({ hash }: { hash: string }) => worth.get(hash)!;
  assert.deepEqual(choosePool([a, b, c, d], 3, score), {
    modules: [b, c, d],
    duplicates: 0,
    ties: 0,
  });
  assert.deepEqual(choosePool([a, b, b, d], 1, score), {
    modules: [b, d],
    duplicates: 1,
    ties: 1,
  });
  assert.deepEqual(choosePool([a, b, c], 2, null).modules, [a, b]);
  assert.throws(() => choosePool([a, b, b], 3, score), {
    name: "UsageError",
    message:
      /^Cannot make a pool of 3 modules: 3 samples hold 2 different cells \(1 are isomorphic/,
  });
  assert.equal(moduleParameters(b, 4), (16 + 4) + 3 * (9 * 16 + 4));
});

Deno.test("modular: a wrong file of a pool is refused with its name, the field, its value and what is expected", () => {
  const entry = entryOf(moduleOf(cells.C), 0.9);
  const file = { format: "denas-modules", version: 1, source: "a table", seed: 1, samples: 4 };
  const withEntry = (change: object) =>
    JSON.stringify({ ...file, modules: [entry, { ...entry, ...change }] });
  const bad: [string, string][] = [
    [withEntry({}).slice(0, 200), "it is no JSON: "],
    ["[]", "it is [], expected an object"],
    [JSON.stringify({ ...file, seed: -1 }), "seed is -1, expected at least 0"],
    [JSON.stringify(file), "modules is missing, expected a list"],
    [withEntry({ matrix: [[0, 2], [0, 0]] }), "modules.1.matrix.0.1 is 2, expected one of 0, 1"],
    [withEntry({ score: "high" }), 'modules.1.score is "high", expected a number'],
    [
      withEntry({ operations: ["input", "conv3x3-bn-relu", "maxpool3x3", "out"] }),
      'vertex 3 is "out", expected output',
    ],
  ];
  for (const [text, message] of bad) {
    assert.throws(() => readModules(text, "pool mine.json"), (error: Error) => {
      assert.equal(error.name, "DataError");
      assert.ok(error.message.startsWith("Cannot read pool mine.json: "), error.message);
      assert.ok(error.message.includes(message), error.message);
      return true;
    });
    assert.throws(
      () => openSpace({ kind: "modular", modules: text }),
      (error: Error) => error.message.includes(message),
    );
  }
  assert.equal(readModules(withEntry({}), "pool").modules.length, 2);
});
