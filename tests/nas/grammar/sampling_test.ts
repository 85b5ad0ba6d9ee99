import assert from "node:assert/strict";
import fc from "fast-check";
import { Rng } from "../../../src/common/random.ts";
import { decisionsOf } from "../../../src/nas/decisions.ts";
import type { DerivationTree } from "../../../src/nas/grammar/grammar.ts";
import { nodesOf } from "../../../src/nas/grammar/grammar.ts";
import { sampleArch } from "../../../src/nas/grammar/variation.ts";
import { uniformArchitecture } from "../../../src/nas/sampling.ts";
import { grammarDefinition } from "../../../src/nas/spaces/grammar.ts";
import { cells, grammars, hierarchical } from "./_grammars.ts";
import { trees } from "./_trees.ts";

const SAMPLES = 20_000;

/** Fails where a share of samples differs from a probability by more than four standard errors. */
function near(count: number, probability: number, samples: number, what: string): void {
  const error = Math.sqrt(probability * (1 - probability) / samples);
  assert.ok(Math.abs(count / samples - probability) < 4 * error, `${what}: ${count} of ${samples}`);
}

const opsOf = (cell: DerivationTree) => cell.children.map(({ terminal }) => terminal);

Deno.test("cells are sampled with the probabilities of the constrained sampler", () => {
  const rng = new Rng(1, 0);
  const sampled = Array.from({ length: SAMPLES }, () => opsOf(sampleArch(cells, rng)[0]));
  const zeros = sampled.map((ops) => ops.filter((op) => op === "zero").length);
  [4096, 6144, 4032, 1216, 132, 5].forEach((n, k) => {
    near(zeros.filter((z) => z === k).length, n / 15_625, SAMPLES, `${k} zeros`);
  });
  [0.2, 0.2, 0.2, 0.192, 0.19872, 0.187456].forEach((p, slot) => {
    near(sampled.filter((ops) => ops[slot] === "zero").length, p, SAMPLES, `zero at ${slot}`);
  });
});

Deno.test("hierarchical networks have 15 to 42 cells, 26.07 on average, and 62.86 convolution blocks", () => {
  const rng = new Rng(2, 0);
  const samples = 1000;
  const count = (symbol: string) => (tree: DerivationTree) =>
    [...nodesOf(tree)].filter((node) => node.symbol === symbol).length;
  const sampled = Array.from({ length: samples }, () => sampleArch(hierarchical, rng)[0]);
  const mean = (values: number[], expected: number) => {
    const m = values.reduce((a, b) => a + b) / samples;
    const deviation = Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0) / samples);
    assert.ok(Math.abs(m - expected) < 4 * deviation / Math.sqrt(samples), `${m}, ${expected}`);
  };
  const numbers = sampled.map(count("CELL"));
  assert.ok(numbers.every((n) => n >= 15 && n <= 42));
  mean(numbers, 704 / 27);
  mean(sampled.map(count("CONVBLOCK")), 62.86);
  const zeros = sampled.flatMap((tree) =>
    [...nodesOf(tree)].filter(({ symbol }) => symbol === "CELL")
      .map((cell) => opsOf(cell).filter((op) => op === "zero").length)
  );
  near(zeros.filter((z) => z === 0).length, 4096 / 15_625, zeros.length, "cells without zero");
});

for (const grammar of grammars) {
  const space = grammarDefinition.open(grammarDefinition.settings.parse({ grammar: grammar.name }));

  Deno.test(`${grammar.name}: choices, trees and text are one architecture, ids are paths`, () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const arch = uniformArchitecture(space, new Rng(seed, 0));
        const choice = space.encode(arch);
        assert.deepEqual(space.decode(choice), arch);
        assert.deepEqual(space.notation!.parse(space.key(arch)), arch);
        const ids = decisionsOf(space, choice).map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length);
        assert.throws(() => space.decode([...choice, 0]), /got \d+ choices, expected \d+/);
        assert.throws(() => space.decode(choice.slice(0, -1)), { name: "UsageError" });
        assert.throws(() => space.decode(choice.with(0, 99)), /got 99, expected 0, /);
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("a decision keeps its id when choices elsewhere change", () => {
  const space = grammarDefinition.open(grammarDefinition.settings.parse({}));
  const [[first], [, ...second]] = [trees[0], trees[3]].map((text) => {
    const [tree] = space.notation!.parse(text);
    return [tree, ...tree.children];
  });
  const other = [{ ...first, children: first.children.with(0, second[0]) }];
  const last = (arch: DerivationTree[]) =>
    decisionsOf(space, space.encode(arch)).map(({ id }) => id).filter((id) =>
      id.startsWith("D2/2:D0")
    );
  assert.equal(last([first])[1], "D2/2:D0/0:C");
  assert.deepEqual(last(other), last([first]));
});
