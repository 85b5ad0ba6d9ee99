import assert from "node:assert/strict";
import { nasbench101Encodings } from "../../../src/nas/encodings/nasbench101.ts";
import { pathDraws, pathLength } from "../../../src/nas/encodings/nasbench101_paths.ts";
import {
  nasbench201Encodings,
  nb201EncodingNumber,
  nb201Paths,
} from "../../../src/nas/encodings/nasbench201.ts";
import { topK } from "../../../src/nas/encodings/paths.ts";
import {
  type Nb101Arch,
  nb101Dag,
  nb101Edges,
  nb101Hash,
} from "../../../src/nas/spaces/nasbench101_arch.ts";
import { enumerateCells } from "../../../src/nas/spaces/nasbench101_cells.ts";
import { Nb101Cells } from "../../../src/nas/spaces/nasbench101_index.ts";
import { unpackDag } from "../../../src/nas/spaces/nasbench101_cells.ts";
import { nb101Paths } from "../../../src/nas/spaces/nasbench101_paths.ts";
import { parseNb201 } from "../../../src/nas/spaces/nasbench201_arch.ts";
import { Rng, Stream } from "../../../src/common/random.ts";

/** All cells of up to five vertices: 2,532 of them, enough to look paths up. */
function smallCells(): Nb101Cells {
  const seen = new Set<number>();
  const packed = [2, 3, 4, 5].flatMap((n) => [...enumerateCells(n, seen)].flat());
  const hashes = new Uint8Array(16 * packed.length);
  packed.forEach((p, i) => hashes.set(Uint8Array.fromHex(nb101Hash(unpackDag(p))), 16 * i));
  return new Nb101Cells(Uint32Array.from(packed), hashes);
}

const cells = smallCells();
const nb101 = nasbench101Encodings({ cells });
const nb201 = nasbench201Encodings();
const rng = () => new Rng(1, Stream.search, 5);

/** The Inception-like cell of the NAS-Bench-101 paper: conv 1×1, three conv 3×3 and a max pool. */
const inception: Nb101Arch = {
  edges: [1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1],
  ops: [1, 0, 0, 0, 2],
};

Deno.test("encodings of the Inception cell are the published ones", () => {
  const strict = nasbench101Encodings({ cells, strict: true });
  const scalars = [1, 0.5, 0.5, 0.5, 0];
  assert.deepEqual([...nb101.adj.features!(inception)], [...inception.edges, ...scalars]);
  const edges = [0, 1, 2, 4, 10, 14, 15, 19, 20];
  assert.deepEqual(
    [...nb101.cat_adj.features!(inception)],
    [...edges, ...new Array(12).fill(0), ...scalars],
  );
  assert.deepEqual([...nb101.cont_adj.features!(inception)].slice(20), [1, ...scalars, 9]);
  assert.deepEqual([...strict.cont_adj.features!(inception)].slice(20), [
    1,
    0,
    1,
    0.5,
    0.5,
    0.5,
    9,
  ]);
});

Deno.test("path encodings of a cell switch on the indices of its paths", () => {
  const paths = nb101Paths(nb101Dag(inception)!);
  assert.deepEqual(paths, [1, 2, 3, 4]);
  const bits = [...nb101.path.features!(inception)];
  assert.equal(bits.length, 364);
  assert.deepEqual(bits.flatMap((bit, i) => bit ? [i] : []), paths);
  const short = paths.filter((p) => p < 40);
  assert.deepEqual(
    [...nb101.trunc_path.features!(inception)].flatMap((b, i) => b ? [i] : []),
    short,
  );
  assert.equal(nb101.trunc_path.features!(inception).length, 40);
  assert.deepEqual([...nb101.cat_path.features!(inception)].slice(0, paths.length), paths);
  assert.equal(nb101.trunc_cat_path.features!(inception).length, 20);
});

Deno.test("paths are ordered by length: 1, 3, 9 … of them", () => {
  const lengths = Array.from({ length: 364 }, (_, i) => pathLength(i));
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((l) => lengths.filter((x) => x === l).length), [
    1,
    3,
    9,
    27,
    81,
    243,
  ]);
  assert.deepEqual(lengths, lengths.toSorted((a, b) => a - b));
});

for (const [name, encoding] of Object.entries(nb101)) {
  Deno.test(`NAS-Bench-101, ${name}: draws are cells, perturbed ones as well, distances are distances`, () => {
    const r = rng();
    const start = encoding.sample?.(r) ?? nb101.adj.sample!(r);
    assert.notEqual(nb101Dag(start), null);
    // The paths of a cell are looked up among the small ones: stay inside.
    let arch = encoding.name.includes("path") ? cells.arch(1200) : start;
    let changed = 0;
    for (let i = 0; i < 20; i++) {
      const next = encoding.perturb?.(arch, r) ?? arch;
      assert.notEqual(nb101Dag(next), null);
      changed += Number(JSON.stringify(next) !== JSON.stringify(arch));
      const d = encoding.distance?.(arch, next);
      if (d !== undefined) {
        assert.equal(encoding.distance!(next, arch), d);
        assert.equal(encoding.distance!(arch, arch), 0);
        assert.ok(d >= 0);
      }
      arch = next;
    }
    // As published, a perturbation may change nothing: most path perturbations do, since few sets of paths
    // are cells.
    if (encoding.perturb) assert.ok(changed > (/^(trunc_)?path$/.test(name) ? 0 : 4), `${changed}`);
    for (const next of encoding.neighbours?.(arch) ?? []) {
      assert.notEqual(nb101Dag(next), null);
      if (name === "adj") assert.ok(encoding.distance!(arch, next) === 1);
    }
  });
}

Deno.test("neighbours by paths have one path more or less", () => {
  const arch = cells.arch(1500);
  const own = nb101Paths(nb101Dag(arch)!);
  const found = nb101.path.neighbours!(arch);
  assert.ok(found.length > 3, `only ${found.length}`);
  for (const next of found) assert.equal(nb101.path.distance!(arch, next), 1, `${own}`);
});

/** The 21 edges as a path 0 → 1 → … → 6 beside the direct edge: any flip leaves a cell, but that of the direct edge. */
const chain: Nb101Arch = {
  edges: nb101Edges.map(([from, to]) => Number(to === from + 1 || (from === 0 && to === 6))),
  ops: [0, 1, 2, 0, 1],
};

/** How often each edge and each operation changed in so many perturbations. */
function changes(perturb: NonNullable<typeof nb101.adj.perturb>, arch: Nb101Arch, times: number) {
  const r = rng();
  const edges = arch.edges.map(() => 0), ops = arch.ops.map(() => 0);
  const counts = new Set<number>();
  let unchanged = 0;
  for (let i = 0; i < times; i++) {
    const next = perturb(arch, r);
    const flips = next.edges.flatMap((bit, e) => bit === arch.edges[e] ? [] : [e]);
    const others = next.ops.flatMap((op, v) => op === arch.ops[v] ? [] : [v]);
    for (const e of flips) edges[e]++;
    for (const v of others) ops[v]++;
    counts.add(flips.length);
    if (flips.length + others.length === 0) unchanged++;
  }
  return { edges, ops, unchanged, counts };
}

Deno.test("trunc_adj flips the first cutoff − 1 edges, and changes one more operation with every two further places", () => {
  const reached = (edgeCutoff: number) => {
    const { edges, ops } = changes(
      nasbench101Encodings({ cells, edgeCutoff }).trunc_adj.perturb!,
      chain,
      1500,
    );
    const last = (counts: number[]) => counts.findLastIndex((count) => count > 0) + 1;
    return [last(edges), last(ops)];
  };
  const cutoffs = [1, 2, 4, 7, 10, 19, 21, 22, 25, 28, 31];
  assert.deepEqual(cutoffs.map(reached), [
    [0, 0],
    [1, 0],
    [3, 0],
    [6, 0],
    [9, 0],
    [18, 0],
    [20, 0],
    // Even ones grow by one where a first draw is no cell.
    [21, 1],
    [21, 2],
    [21, 4],
    [21, 5],
  ]);
  // With 25 places an edge flips with probability 1/25, and one of the two free operations is expected to change.
  const { edges, ops } = changes(
    nasbench101Encodings({ cells, edgeCutoff: 25 }).trunc_adj.perturb!,
    chain,
    4000,
  );
  const flips = edges.slice(7).reduce((a, b) => a + b) / 4000;
  assert.ok(Math.abs(flips - 14 / 25) < 0.06, `${flips} of the last 14 edges`);
  assert.ok(Math.abs(ops[0] / 4000 - 0.5) < 0.04 && ops[2] === 0, `${ops}`);
});

Deno.test("cont_adj drops an edge, adds one, or does both; nothing else flips", () => {
  const { counts } = changes(nb101.cont_adj.perturb!, chain, 300);
  assert.deepEqual([...counts].sort(), [1, 2]);
  const r = rng();
  const difference = [0, 0, 0];
  for (let i = 0; i < 3000; i++) {
    const { edges } = nb101.cont_adj.perturb!(chain, r);
    difference[1 + edges.reduce((a, b) => a + b) - chain.edges.reduce((a, b) => a + b)]++;
  }
  // The direct edge makes all of them cells, but for one that loses it and a link.
  for (const count of difference) assert.ok(Math.abs(count / 3000 - 1 / 3) < 0.04, `${difference}`);
});

Deno.test("adj flips each edge with 1/21, changes each operation with 1/5, and may change nothing", () => {
  const times = 4000;
  const { edges, ops, unchanged } = changes(nb101.adj.perturb!, chain, times);
  // Flips of the links of the chain are cells, alone and together, as long as the direct edge stays.
  const links = nb101Edges.flatMap(([from, to], e) => to === from + 1 ? [e] : []);
  for (const e of links) assert.ok(Math.abs(edges[e] / times - 1 / 21) < 0.015, `edge ${e}`);
  // An operation that is redrawn is never the same again: 1/5, not 2/3 of it.
  for (const count of ops) assert.ok(Math.abs(count / times - 1 / 5) < 0.03, `${ops}`);
  const nothing = (20 / 21) ** 21 * (4 / 5) ** 5;
  assert.ok(Math.abs(unchanged / times - nothing) < 0.025, `${unchanged / times}, not ${nothing}`);
});

/** A chain of four operations: its only path has index 3⁰·1 + … = 40 or more. */
const long = cells.arch(
  Array.from({ length: cells.size }, (_, i) => i).find((i) => {
    const paths = nb101Paths(nb101Dag(cells.arch(i))!);
    return paths.some((p) => p >= 13) && paths.length > 1;
  })!,
);

Deno.test("perturbing and neighbours by truncated paths keep the paths behind the cutoff", () => {
  const own = nb101Paths(nb101Dag(long)!);
  // The small cells know paths of up to three operations: 13 are shorter than that.
  const short = nasbench101Encodings({ cells, pathCutoff: 13 });
  const behind = (arch: Nb101Arch) => nb101Paths(nb101Dag(arch)!).filter((p) => p >= 13);
  const r = rng();
  const found = new Set<string>();
  for (let i = 0; i < 60; i++) {
    for (const name of ["trunc_path", "trunc_cont_path"]) {
      const next = short[name].perturb!(long, r);
      assert.deepEqual(behind(next), behind(long), `${name}, from ${own}`);
      found.add(nb101Paths(nb101Dag(next)!).join());
    }
  }
  assert.ok(found.size > 2, `${[...found].join(" | ")} from ${own}`);
  const near = short.trunc_path.neighbours!(long);
  assert.ok(near.length > 0);
  for (const next of near) assert.deepEqual(behind(next), behind(long));
});

Deno.test("where a short truncated encoding knows no way to another cell, perturbing leaves it as it is", () => {
  const first = nasbench101Encodings({ cells, pathCutoff: 1, edgeCutoff: 1 });
  const r = rng();
  assert.deepEqual(first.trunc_adj.perturb!(inception, r), inception);
  // With one path bit, the direct edge comes and goes; where no such cell is known, nothing does.
  const none = nasbench101Encodings({
    cells: new Nb101Cells(new Uint32Array(0), new Uint8Array(0)),
    pathCutoff: 1,
  });
  assert.equal(none.trunc_path.perturb!(long, r), long);
  const there = first.trunc_path.perturb!(cells.arch(20), r);
  const paths = (arch: Nb101Arch) => nb101Paths(nb101Dag(arch)!);
  assert.deepEqual(
    new Set(paths(there)).symmetricDifference(new Set(paths(cells.arch(20)))),
    new Set([0]),
  );
});

Deno.test("strictly, a path cutoff that is given is forgotten, and the path with the cutoff's number is lost", () => {
  const r = rng();
  const paths = (arch: Nb101Arch) => nb101Paths(nb101Dag(arch)!);
  const one = cells.arch(cells.withPaths([1])!);
  const reached = (strict: boolean) => {
    const { trunc_path } = nasbench101Encodings({ cells, pathCutoff: 4, strict });
    return Array.from({ length: 300 }, () => Math.max(...paths(trunc_path.perturb!(one, r))));
  };
  assert.ok(Math.max(...reached(false)) < 4);
  assert.ok(Math.max(...reached(true)) > 4);
  const [cell, without] = [[0, 5], [0]].map((set) => cells.arch(cells.withPaths(set)!));
  const alone = Array.from({ length: 50 }, () => pathDraws(cells, true).perturb(cell, 5, r, 1e-9));
  for (const arch of alone) assert.deepEqual(paths(arch), paths(without));
  const whole = pathDraws(cells).perturb(cell, 5, r, 1e-9);
  assert.deepEqual(paths(whole), [0, 5]);
});

Deno.test("constrained draws keep their bounds on edges and on vertices in use", () => {
  const r = rng();
  const few = nasbench101Encodings({ cells, maxEdges: 6, maxNodes: 4 });
  let edges = 0, vertices = 0;
  for (let i = 0; i < 50; i++) {
    const arch = few.constrained.sample!(r);
    edges = Math.max(edges, arch.edges.reduce((a, b) => a + b));
    vertices = Math.max(vertices, nb101Dag(arch)!.out.length);
    assert.ok(nb101.constrained.sample!(r).edges.reduce((a, b) => a + b) <= 9);
  }
  assert.deepEqual([edges, vertices], [6, 4]);
});

Deno.test("the nasbot distance counts the whole matrix, with vertices that lead nowhere", () => {
  const { distance } = nb101.nasbot;
  // An edge 1 → 2 that nothing reaches: an out-degree and an in-degree of one more, and the same operations.
  const direct = {
    edges: nb101Edges.map(([a, b]) => Number(a === 0 && b === 6)),
    ops: [0, 0, 0, 0, 0],
  };
  const loose = {
    ...direct,
    edges: nb101Edges.map(([a, b]) => Number((a === 0 && b === 6) || (a === 1 && b === 2))),
  };
  assert.equal(distance!(direct, loose), 2);
  assert.equal(distance!(direct, { ...direct, ops: [1, 0, 0, 0, 0] }), 2);
});

Deno.test("weighted draws take the k largest of u·w", () => {
  const r = rng();
  let heavy = 0;
  for (let i = 0; i < 4000; i++) heavy += Number(topK(3, 1, r, [6, 3, 1])[0] === 0);
  // ∫ P(3u < x) P(u < x) dx / 6 over 0 … 6; as a share of the weights it would be 0.6.
  assert.ok(Math.abs(heavy / 4000 - 20 / 27) < 0.03, `${heavy / 4000}`);
});

Deno.test("numbers and paths of NAS-Bench-201 cells are the published ones", () => {
  const [c1, c3, avg, none, skip] = [2, 3, 4, 0, 1];
  assert.equal(none, 0);
  const a = { ops: [c3, c3, avg, skip, c3, skip] };
  const b = { ops: [c3, c3, c3, skip, c3, c1] };
  assert.equal(
    parseNb201(
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    ).ops.join(),
    a.ops.join(),
  );
  assert.deepEqual([nb201EncodingNumber(a), nb201EncodingNumber(b)], [14262, 4937]);
  assert.deepEqual(nb201Paths(a), [4, 17, 27, 132]);
  assert.deepEqual(nb201Paths(b), [4, 17, 12, 67]);
});

Deno.test("the nasbot distance of NAS-Bench-201 adds what an edge and what the counts of operations differ in", () => {
  const { distance } = nb201.nasbot;
  const a = { ops: [3, 3, 4, 1, 3, 1] };
  assert.equal(distance!(a, a), 0);
  // Four edges differ; the same operations, elsewhere.
  assert.equal(distance!(a, { ops: [3, 4, 3, 3, 1, 1] }), 4);
  // Edges 2 and 5: an average pool and a skip less, a 3×3 and a 1×1 convolution more.
  assert.equal(distance!(a, { ops: [3, 3, 3, 1, 3, 2] }), 6);
});

for (const [name, encoding] of Object.entries(nb201)) {
  Deno.test(`NAS-Bench-201, ${name}: features tell cells apart, neighbours are one edit away`, () => {
    const r = rng();
    let arch = encoding.sample!(r);
    let changed = 0;
    for (let i = 0; i < 30; i++) {
      const next = encoding.perturb!(arch, r);
      const other = JSON.stringify(next) !== JSON.stringify(arch);
      changed += Number(other);
      assert.equal(encoding.distance!(arch, arch), 0);
      if (other && (name === "adj" || name === "cat_adj")) {
        assert.notDeepEqual(encoding.features!(next), encoding.features!(arch));
      }
      arch = next;
    }
    // By paths all operations of a route become others.
    assert.ok(name.endsWith("path") ? changed === 30 : changed > 12, `${changed} of 30`);
    assert.equal(
      encoding.features?.(arch).length,
      { adj: 30, cat_adj: 6, path: 155, trunc_path: 30 }[name],
    );
    const neighbours = encoding.neighbours?.(arch);
    assert.equal(
      neighbours && new Set(neighbours.map(({ ops }) => ops.join())).size,
      // Of the 176 changes along four routes, eight change only an edge that two routes share.
      { adj: 24, cat_adj: 24, path: 168, trunc_path: 52 }[name],
    );
  });
}

Deno.test("NAS-Bench-201: an edge becomes another with 1/6, strictly with 1/4, and by so many edits more often", () => {
  const share = (perturb: NonNullable<typeof nb201.adj.perturb>, edits?: number) => {
    const r = rng();
    const start = { ops: [0, 1, 2, 3, 4, 0] };
    let changed = 0;
    for (let i = 0; i < 1000; i++) {
      changed += perturb(start, r, edits).ops.filter((op, e) => op !== start.ops[e]).length;
    }
    return changed / 6000;
  };
  const { adj } = nb201;
  const strict = nasbench201Encodings({ strict: true }).adj;
  for (
    const [found, expected] of [
      [share(adj.perturb!), 1 / 6],
      [share(strict.perturb!), 1 / 4],
      [share(adj.perturb!, 3), 1 / 2],
      [share(adj.perturb!, 19), 1],
    ]
  ) assert.ok(Math.abs(found - expected) < 0.025, `${found}, expected ${expected}`);
});
