import assert from "node:assert/strict";
import { nasbench101Encodings } from "../../../src/nas/encodings/nasbench101.ts";
import { pathLength } from "../../../src/nas/encodings/nasbench101_paths.ts";
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
import { Rng, Stream } from "../../../src/random.ts";

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
  Deno.test(`NAS-Bench-101, ${name}: draws are cells, perturbed ones are others, distances are distances`, () => {
    const r = rng();
    const start = encoding.sample?.(r) ?? nb101.adj.sample!(r);
    assert.notEqual(nb101Dag(start), null);
    // The paths of a cell are looked up among the small ones: stay inside.
    let arch = encoding.name.includes("path") ? cells.arch(1200) : start;
    for (let i = 0; i < 20; i++) {
      const next = encoding.perturb?.(arch, r) ?? arch;
      assert.notEqual(nb101Dag(next), null);
      if (encoding.perturb) assert.notDeepEqual(next, arch);
      const d = encoding.distance?.(arch, next);
      if (d !== undefined) {
        assert.equal(encoding.distance!(next, arch), d);
        assert.equal(encoding.distance!(arch, arch), 0);
        assert.ok(d >= 0);
      }
      arch = next;
    }
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

Deno.test("trunc_adj changes only the first edges", () => {
  const few = nasbench101Encodings({ cells, edgeCutoff: 4, rate: 6 });
  const r = rng();
  for (let i = 0; i < 20; i++) {
    const next = few.trunc_adj.perturb!(inception, r);
    assert.deepEqual(next.edges.slice(4), inception.edges.slice(4));
  }
});

Deno.test("the constrained draw has at most nine edges and every vertex a way in", () => {
  const r = rng();
  for (let i = 0; i < 50; i++) {
    const { edges } = nb101.constrained.sample!(r);
    assert.ok(edges.reduce((a, b) => a + b) <= 9);
    for (let to = 1; to < 7; to++) {
      assert.ok(nb101Edges.some(([, t], e) => t === to && edges[e]));
    }
  }
});

Deno.test("adjacency draws on average flip one edge and redraw one operation", () => {
  const r = rng();
  let edges = 0, ops = 0;
  for (let i = 0; i < 2000; i++) {
    const next = nb101.adj.perturb!(inception, r);
    edges += next.edges.filter((bit, e) => bit !== inception.edges[e]).length;
    ops += next.ops.filter((op, v) => op !== inception.ops[v]).length;
  }
  // Draws without any change are repeated, which lifts both means; an operation may be redrawn as it was.
  assert.ok(Math.abs(edges / 2000 - 1.1) < 0.15, `${edges / 2000} edges`);
  assert.ok(Math.abs(ops / 2000 - 0.8) < 0.15, `${ops / 2000} operations`);
});

Deno.test("weighted draws of the k largest prefer the heavy ones", () => {
  const r = rng();
  let heavy = 0;
  for (let i = 0; i < 3000; i++) heavy += Number(topK(3, 1, r, [6, 3, 1])[0] === 0);
  assert.ok(Math.abs(heavy / 3000 - 0.6) < 0.03, `${heavy / 3000}`);
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
  Deno.test(`NAS-Bench-201, ${name}: features tell cells apart, perturbing changes one`, () => {
    const r = rng();
    let arch = encoding.sample!(r);
    for (let i = 0; i < 30; i++) {
      const next = encoding.perturb!(arch, r);
      assert.notDeepEqual(next, arch);
      assert.equal(encoding.distance!(arch, arch), 0);
      if (name === "adj" || name === "cat_adj") {
        assert.notDeepEqual(encoding.features!(next), encoding.features!(arch));
      }
      arch = next;
    }
    assert.equal(
      encoding.features?.(arch).length,
      { adj: 30, cat_adj: 6, path: 155, trunc_path: 30 }[name],
    );
    const neighbours = encoding.neighbours?.(arch);
    if (neighbours) assert.equal(neighbours.length, 24);
  });
}
