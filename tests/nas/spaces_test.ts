import assert from "node:assert/strict";
import fc from "fast-check";
import type { SearchSpace } from "../../src/nas/space.ts";
import { looseEnds, type MicroArch } from "../../src/nas/spaces/micro_arch.ts";
import { allowed, decisionsOf, walk as walkDecisions } from "../../src/nas/decisions.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { releasedMacro, releasedMicro } from "../../src/nas/spaces/released.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { Rng } from "../../src/common/random.ts";
import { drawText } from "../../src/run/draw.ts";
import { assertThrows } from "../assert.ts";
import { spaceAt } from "./child_config.ts";

const small = {
  macro: spaceAt("macro", { layers: 5, filters: 4 }),
  "macro-range": spaceAt("macro-range", { layers: 4, filters: 6, branches: 4 }),
  micro: spaceAt("micro", { layers: 3, filters: 4, blocks: 4 }),
};

// deno-lint-ignore no-explicit-any
const walk = (space: SearchSpace<any>, rng: Rng): number[] =>
  walkDecisions(space, (decision) => rng.pick(allowed(decision)));

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

for (const [name, space] of Object.entries(small)) {
  Deno.test(`${name}: every walk through the decisions is an architecture, and comes back from it`, () => {
    fc.assert(fc.property(seeds, (seed) => {
      const choice = walk(space, new Rng(seed, 0));
      const arch = space.decode(choice);
      assert.deepEqual(space.encode(arch), choice);
      assert.deepEqual(space.decode(space.encode(arch)), arch);
      assert.deepEqual(JSON.parse(JSON.stringify(arch)), arch);
    }));
  });

  Deno.test(`${name}: each decision has an id of its own, whatever was chosen before`, () => {
    const idsOf = (seed: number) =>
      decisionsOf(space, walk(space, new Rng(seed, 0))).map(({ id }) => id);
    const ids = idsOf(1);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(idsOf(2), ids);
  });

  Deno.test(`${name}: a position may be left in two directions`, () => {
    const second = space.start().choose(0);
    const before = structuredClone(second.decision);
    const [a, b] = [0, 1].map((option) => second.choose(option).choose(0).decision);
    assert.deepEqual(second.decision, before);
    assert.deepEqual(second.choose(0).choose(0).decision, a);
    assert.equal(b?.id, a?.id);
  });

  Deno.test(`${name}: every single choice out of range is refused by its name`, () => {
    fc.assert(fc.property(seeds, fc.nat(), fc.constantFrom(-1, 0.5, 99), (seed, at, bad) => {
      const choice = walk(space, new Rng(seed, 0));
      const i = at % choice.length;
      const before = choice.slice(0, i).reduce((at, c) => at.choose(c), space.start());
      const decision = before.decision!;
      const last = allowed(decision).length - 1;
      const message = `Cannot decode ${name} architecture: ${decision.name}: got ${bad}, expected ${
        last ? `0 … ${last}` : "0"
      }`;
      assert.throws(() => space.decode(choice.with(i, bad)), { name: "UsageError", message });
      assert.throws(() => before.choose(bad), { message });
    }));
    const whole = walk(space, new Rng(1, 0));
    assertThrows(() => space.decode(whole.slice(1)), /got \d+ choices, expected \d+/);
    assertThrows(() => decisionsOf(space, [...whole, 0]), /got \d+ choices, expected \d+/);
  });

  Deno.test(`${name}: a mutation changes one choice, neighbours are all of them, crossover mixes parents`, () => {
    fc.assert(fc.property(seeds, (seed) => {
      const rng = new Rng(seed, 0);
      const [a, b] = [walk(space, rng), walk(space, rng)];
      const mutant = space.encode(space.mutate!(space.decode(a), rng));
      assert.equal(mutant.filter((c, i) => c !== a[i]).length, 1);
      space.decode(mutant);
      const child = space.encode(space.crossover!(space.decode(a), space.decode(b), rng)[0]);
      assert.ok(child.every((c, i) => c === a[i] || c === b[i]));
      space.decode(child);
    }));
    const choice = walk(space, new Rng(5, 0));
    const near = space.neighbours!(space.decode(choice)).map((n) => space.encode(n).join());
    const fits = (i: number, c: number) => {
      try {
        return Boolean(space.decode(choice.with(i, c)));
      } catch {
        return false;
      }
    };
    const others = choice.map((c, i) =>
      [0, 1, 2, 3, 4, 5, 6].filter((o) => o !== c && fits(i, o)).length
    );
    const expected = others.reduce((a, b) => a + b, 0);
    assert.equal(new Set(near).size, expected);
    assert.ok(!near.includes(choice.join()));
  });

  Deno.test(`${name}: the supernet has every weight that any architecture asks for, and no other`, () => {
    const declared = new WeightStore();
    const into = { input: [9, 8, 3] as const, classes: 7, form: "search" as const };
    space.supernet!({ ...into, weights: declared });
    const names = new Map(declared.params().map((p) => [p.name, p.shape]));
    const met = new Set<string>();
    for (let seed = 0; seed < 400 && met.size < names.size; seed++) {
      const own = new WeightStore();
      space.build(space.decode(walk(space, new Rng(seed, 0))), { ...into, weights: own });
      for (const { name, shape } of own.params()) {
        assert.deepEqual(names.get(name), shape, name);
        met.add(name);
      }
    }
    assert.deepEqual([...names.keys()].filter((n) => !met.has(n)), []);
  });

  Deno.test(`${name}: graphs draw, each node within reach of the first`, () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const graph of space.picture(space.decode(walk(space, new Rng(seed, 0))))) {
          const ids = new Set(graph.nodes.map(({ id }) => id));
          assert.equal(ids.size, graph.nodes.length);
          graph.edges.forEach(({ from, to }) => assert.ok(ids.has(from) && ids.has(to)));
          for (const { id, kind } of graph.nodes) {
            assert.equal(graph.edges.some(({ to }) => to === id), kind !== "input", id);
          }
          assert.ok(drawText([graph]).length > 0);
        }
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("a wrong choice names cell, block and side, or layer and source", () => {
  const micro = spaceAt("micro");
  assert.throws(() => micro.decode(releasedMicro.with(28, 9)), {
    name: "UsageError",
    message:
      "Cannot decode micro architecture: reduction cell, block 2, first input: got 9, expected 0 … 3",
  });
  const macro = spaceAt("macro", { layers: 24 });
  const skips = releasedMacro.with(10 + 1, 2).with(10 + 2, 2);
  assert.throws(() => macro.decode(skips), {
    message: "Cannot decode macro architecture: layer 4, skip from the stem: got 2, expected 0 … 1",
  });
  assert.throws(() => macro.decode(skips.with(11, 0)), {
    message: "Cannot decode macro architecture: layer 4, skip from layer 0: got 2, expected 0 … 1",
  });
});

Deno.test("sizes that do not fit a space are refused", () => {
  const refused = (kind: string, settings: object, message: RegExp) =>
    assert.throws(() => openSpace({ kind, ...settings }), { name: "UsageError", message });
  refused("macro", { layers: 2 }, /layers is 2, expected at least 3 layers/);
  refused("macro", { branches: 7 }, /branches is 7, expected at most 6/);
  refused("micro", { layers: 2 }, /layers is 2, expected at least 3 layers/);
  refused("micro", { branches: 5 }, /branches is unknown/);
  const into = { weights: new WeightStore(), input: [8, 8, 3] as const, classes: 2 };
  assert.throws(
    () => spaceAt("micro").supernet!({ ...into, form: "final" }),
    /got form final, expected search/,
  );
});

Deno.test("micro keys are equal for swapped sides and reordered blocks, and differ otherwise", () => {
  const space = small.micro;
  fc.assert(fc.property(seeds, (seed) => {
    const rng = new Rng(seed, 0);
    const arch = space.decode(walk(space, rng)) as MicroArch;
    const same = {
      normal: shuffled(arch.normal, rng),
      reduce: shuffled(arch.reduce, rng),
    };
    assert.equal(space.key(same), space.key(arch));
    const swapped = { normal: arch.reduce, reduce: arch.normal };
    if (space.key(swapped) === space.key(arch)) {
      assert.equal(looseEnds(arch.normal).length, looseEnds(arch.reduce).length);
    }
  }));
  // Node 4 reads one node twice, or two nodes of the same kind: not the same network.
  const twice = space.decode(
    [...[0, 0, 1, 0], ...[0, 0, 1, 0], ...[2, 4, 2, 4], ...[0, 0, 0, 0]].concat(
      new Array(16).fill(0),
    ),
  );
  const both = space.decode(
    [...[0, 0, 1, 0], ...[0, 0, 1, 0], ...[2, 4, 3, 4], ...[0, 0, 0, 0]].concat(
      new Array(16).fill(0),
    ),
  );
  assert.notEqual(space.key(twice), space.key(both));
});

/** The same cell with sides swapped at random and blocks in another order that still fits. */
function shuffled(cell: MicroArch["normal"], rng: Rng): MicroArch["normal"] {
  const place = new Map([[0, 0], [1, 1]]);
  const result: MicroArch["normal"] = [];
  while (result.length < cell.length) {
    const ready = cell.flatMap(({ x, y }, b) =>
      !place.has(b + 2) && place.has(x.input) && place.has(y.input) ? [b] : []
    );
    const b = rng.pick(ready);
    const sides = [cell[b].x, cell[b].y].map((s) => ({ op: s.op, input: place.get(s.input)! }));
    if (rng.next() < 0.5) sides.reverse();
    result.push({ x: sides[0], y: sides[1] });
    place.set(b + 2, result.length + 1);
  }
  return result;
}
