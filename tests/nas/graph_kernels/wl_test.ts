import assert from "node:assert/strict";
import fc from "fast-check";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { fromEdges, graphOf } from "../../../src/nas/predictors/graphs.ts";
import { WlFeatures, wlKernel } from "../../../src/nas/graph_kernels/wl.ts";
import { formatNb201, type Nb201Arch, parseNb201 } from "../../../src/nas/spaces/nasbench201.ts";
import { spaces } from "../../../src/nas/registry.ts";
import { uniformArchitecture } from "../../../src/nas/sampling.ts";
import { Rng, Stream } from "../../../src/common/random.ts";
import { spaceAt } from "../child_config.ts";

const space = spaceAt("nasbench201", { layers: 15, filters: 16 });
const features = (rounds: number) =>
  new WlFeatures<Nb201Arch>(formatNb201, (arch) => [graphOf(space)(arch)], [rounds]);

const word = { c1: "nor_conv_1x1", c3: "nor_conv_3x3", avg: "avg_pool_3x3", skip: "skip_connect" };
const cell = (text: string) =>
  parseNb201(text.replace(/\|(\w+)~/g, (all, op) => op in word ? `|${word[op as "c1"]}~` : all));
const three = [
  cell("|c3~0|+|c3~0|avg~1|+|skip~0|c3~1|skip~2|"),
  cell("|c3~0|+|c3~0|c3~1|+|skip~0|c3~1|c1~2|"),
  cell("|c3~0|+|none~0|c3~1|+|skip~0|none~1|skip~2|"),
];

Deno.test("the Weisfeiler–Lehman kernel of three cells is the known one", () => {
  const known = [
    [12, 14, 8, 14, 19, 10, 8, 10, 6],
    [20, 18, 11, 18, 28, 12, 11, 12, 10],
    [28, 21, 14, 21, 37, 14, 14, 14, 14],
  ];
  const raw = wlKernel(features(2), { raw: true });
  raw.all(three, three).forEach((gram, h) => {
    assert.deepEqual([...gram], known[h]);
    assert.deepEqual(raw.one(h, three, three), gram);
  });
  const normal = wlKernel(features(2)).one(2, three, three);
  for (const [at, value] of [[1, 0.652438], [2, 0.707107], [5, 0.615125], [0, 1]]) {
    assert.ok(Math.abs(normal[at] - value) < 1e-6, `${at}: ${normal[at]}`);
  }
});

Deno.test("all cells of NAS-Bench-201 have 5, 100, 2,517 features after 0, 1, 2 rounds", () => {
  for (const [rounds, count] of [5, 100, 2517].entries()) {
    const all = features(rounds), distinct = new Set<string>();
    for (let i = 0; i < 15_625; i++) {
      const ops = [0, 1, 2, 3, 4, 5].map((e) => Math.floor(i / 5 ** e) % 5);
      const [{ labels }] = all.of({ ops });
      labels.low.forEach((low, at) => distinct.add(`${low},${labels.high[at]}`));
    }
    assert.equal(distinct.size, count);
  }
});

Deno.test("numbering the vertices anew does not change the kernel", () => {
  const original = {
    labels: ["in", "a", "b", "a", "out"],
    successors: [[1, 2], [3], [3, 4], [4], []],
  };
  const order = [4, 2, 0, 3, 1];
  const place = order.map((_, v) => order.indexOf(v));
  const renumbered = {
    labels: order.map((v) => original.labels[v]),
    successors: order.map((v) => original.successors[v].map((w) => place[w])),
  };
  const both = new WlFeatures<typeof original>((g) => JSON.stringify(g), (g) => [g], [4]);
  const kernel = wlKernel(both, { raw: true });
  for (const gram of kernel.all([original], [original, renumbered])) {
    assert.equal(gram[0], gram[1]);
  }
});

Deno.test("kernels of random cells are symmetric and positive semi-definite, with ones on the diagonal", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), (seed, n) => {
      const rng = new Rng(seed, Stream.search);
      const archs = Array.from({ length: n }, () => uniformArchitecture(space, rng));
      for (const gram of wlKernel(features(4)).all(archs, archs)) {
        archs.forEach((_, i) => {
          assert.ok(Math.abs(gram[i * n + i] - 1) < 1e-12);
          archs.forEach((_, j) => assert.ok(Math.abs(gram[i * n + j] - gram[j * n + i]) < 1e-15));
        });
        const rows = Array.from({ length: n }, (_, i) => gram.subarray(i * n, (i + 1) * n));
        const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(rows), {
          assumeSymmetric: true,
        });
        const least = Math.min(...realEigenvalues);
        assert.ok(least > -1e-10 * n, `eigenvalue ${least} of ${n} cells`);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("skips are contracted, edges without operation and dead ends go", () => {
  const edges = [
    { from: 0, to: 1, label: "a" },
    { from: 1, to: 2, label: "id" },
    { from: 0, to: 2, label: "b" },
    { from: 2, to: 3, label: "zero" },
    { from: 1, to: 3, label: "c" },
  ];
  assert.deepEqual(fromEdges(edges, { none: "zero", skip: "id" }), {
    labels: ["input", "a", "c", "output"],
    successors: [[1], [2], [3], []],
  });
});

for (const name of spaces.names) {
  Deno.test(`${name}: every architecture has a graph with edges`, () => {
    const small = { layers: name.includes("macro") ? 8 : 15, filters: 16, blocks: 4, branches: 5 };
    const any = spaceAt(name, small);
    const arch = uniformArchitecture(any, new Rng(1, Stream.search));
    const { labels, successors } = graphOf(any as never)(arch as never);
    assert.equal(labels.length, successors.length);
    assert.ok(labels.length >= 2 && successors.flat().every((v) => v < labels.length));
  });
}
