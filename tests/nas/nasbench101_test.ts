import assert from "node:assert/strict";
import fc from "fast-check";
import { describe } from "../../src/nas/analysis/describe.ts";
import {
  archOfDag,
  formatNb101,
  nb101Dag,
  nb101Hash,
  parseNb101,
} from "../../src/nas/spaces/nasbench101.ts";
import {
  enumerateCells,
  nb101Counts,
  packDag,
  unpackDag,
} from "../../src/nas/spaces/nasbench101_cells.ts";
import { nb101Channels } from "../../src/nas/spaces/nasbench101_network.ts";
import {
  nb101CellIndex,
  Nb101Cells,
  openNb101Cells,
} from "../../src/nas/spaces/nasbench101_index.ts";
import { nb101PathList, nb101Paths } from "../../src/nas/spaces/nasbench101_paths.ts";
import { allowed, decisionsOf } from "../../src/nas/decisions.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import { Rng } from "../../src/common/random.ts";
import { spaceAt } from "./child_config.ts";

const space = spaceAt("nasbench101", { layers: 9, filters: 128 });

const inception = parseNb101(
  "0111010/0000001/0000001/0000100/0000001/0000001/0000000:input,conv1x1-bn-relu,conv3x3-bn-relu," +
    "conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output",
);
const direct = parseNb101("01/00:input,output");

Deno.test("nasbench101: cells have the published hashes", () => {
  assert.equal(space.key(inception), "28cfc7874f6d200472e1a9dcd8650aa0");
  assert.equal(space.key(direct), "043721b9c7fe8c5fad811d47d83132ec");
});

Deno.test("nasbench101: networks have the published numbers of parameters", () => {
  const parameters = (arch: typeof direct) =>
    describe({ space, choice: space.encode(arch), input: [32, 32, 3], classes: 10, form: "final" })
      .parameters;
  assert.equal(parameters(inception), 2_694_282);
  assert.equal(parameters(direct), 882_570);
});

Deno.test("nasbench101: channels are split as in the release", () => {
  const channels = (rows: string, cin: number, cout: number) => {
    const out = rows.split("/").map((row) =>
      [...row].reduce((set, bit, v) => bit === "1" ? set | 1 << v : set, 0)
    );
    return nb101Channels({ out }, cin, cout);
  };
  assert.deepEqual(channels("0100/0010/0001/0000", 8, 16), [8, 16, 16, 16]);
  assert.deepEqual(
    channels("01000/00100/00010/00001/00000", 8, 16),
    [8, 16, 16, 16, 16],
  );
  assert.deepEqual(channels("0110/0001/0001/0000", 8, 15), [8, 8, 7, 15]);
  assert.deepEqual(channels("01110/00001/00001/00001/00000", 8, 8), [8, 3, 3, 2, 8]);
  assert.deepEqual(channels("01000/00110/00001/00001/00000", 8, 9), [8, 5, 5, 4, 9]);
  assert.deepEqual(channels("01010/00101/00010/00001/00000", 8, 15), [8, 8, 7, 7, 15]);
  assert.deepEqual(channels("01/00", 4, 7), [4, 7]);
});

/** All cells, without their hashes: those take ten times as long. */
const seen = new Set<number>();
const bySize = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
  n < 2 ? [] : [...enumerateCells(n, seen)].flat()
);
const cells = bySize.flat();

Deno.test("nasbench101: there are as many cells of each size as published", () => {
  assert.deepEqual(bySize.map((found) => found.length), nb101Counts);
  assert.equal(cells.length, 423_624);
  // The hash itself tells cells apart like the numbers that stand in for it: on the small ones here.
  const some = cells.filter((_, i) => i < 2532 || i % 200 === 0);
  assert.equal(new Set(some.map((p) => nb101Hash(unpackDag(p)))).size, some.length);
  for (const packed of some) {
    assert.equal(packDag(unpackDag(packed)), packed);
    const arch = archOfDag(unpackDag(packed));
    assert.equal(nb101Hash(nb101Dag(arch)!), nb101Hash(unpackDag(packed)));
    assert.deepEqual(parseNb101(formatNb101(arch)), arch);
  }
});

Deno.test("nasbench101: cells have as many paths as the study on encodings found", () => {
  const sets = new Set<string>(), multisets = new Set<string>(), truncated = new Set<string>();
  const routes = new Array(9).fill(0), longest = new Array(6).fill(0);
  const length = (path: number) => [0, 1, 4, 13, 40, 121].findLastIndex((first) => path >= first);
  for (const packed of cells) {
    const list = nb101PathList(unpackDag(packed)).sort((a, b) => a - b);
    const paths = list.filter((p, i) => p !== list[i - 1]);
    sets.add(paths.join());
    multisets.add(list.join());
    truncated.add(paths.filter((p) => p < 40).join());
    routes[list.length]++;
    longest[length(paths[paths.length - 1])]++;
  }
  assert.equal(sets.size, 170_820);
  assert.equal(multisets.size, 214_068);
  assert.equal(truncated.size, 30_808);
  assert.deepEqual(routes, [0, 364, 7785, 60_052, 251_146, 76_062, 24_570, 2916, 729]);
  assert.deepEqual(longest, [1, 68, 9699, 88_965, 184_923, 139_968]);
});

Deno.test("nasbench101: cells are found by their hash and by their paths", () => {
  const packed = Uint32Array.from(cells.slice(0, 2532));
  const hashes = new Uint8Array(16 * packed.length);
  packed.forEach((p, i) => hashes.set(Uint8Array.fromHex(nb101Hash(unpackDag(p))), 16 * i));
  const index = new Nb101Cells(packed, hashes);
  for (let i = 0; i < index.size; i++) {
    assert.equal(index.indexOf(index.key(i)), i);
    const paths = nb101Paths(unpackDag(packed[i]));
    const found = index.withPaths(paths)!;
    assert.ok(found <= i);
    assert.deepEqual(nb101Paths(unpackDag(packed[found])), paths);
  }
  assert.equal(nb101CellIndex(index, direct), 0);
  assert.equal(nb101CellIndex(index, inception), -1);
  assert.equal(index.indexOf("0".repeat(32)), -1);
  assert.equal(index.withPaths([363]), undefined);
});

Deno.test("nasbench101: an enumeration that is stopped leaves nothing behind", async () => {
  const cacheDir = await Deno.makeTempDir();
  const stop = new AbortController();
  const stopped = openNb101Cells({
    cacheDir,
    signal: stop.signal,
    progress: (done) => done > 0 && stop.abort(),
  });
  await assert.rejects(stopped, { name: "AbortError" });
  assert.deepEqual([...Deno.readDirSync(cacheDir)], []);
  await Deno.remove(cacheDir);
});

Deno.test("nasbench101: every walk through the allowed options is a cell", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const rng = new Rng(seed, 0);
      const arch = uniformArchitecture(space, rng);
      assert.deepEqual(space.decode(space.encode(arch)), arch);
      const choice = space.encode(arch);
      decisionsOf(space, choice).forEach((d, i) => assert.ok(allowed(d).includes(choice[i])));
    }),
    { numRuns: 30 },
  );
  const all = new Array(21).fill(1);
  assert.throws(() => space.decode([...all, 0, 0, 0, 0, 0]), {
    name: "UsageError",
    message: /at most 9/,
  });
  assert.throws(() => space.decode(new Array(26).fill(0)), {
    message: /a path from input to output/,
  });
});

Deno.test("nasbench101: renumbered vertices make the same cell, mutations and neighbours another", () => {
  const twin = parseNb101(
    "0111010/0000001/0000001/0000100/0000001/0000001/0000000:input,conv3x3-bn-relu,conv1x1-bn-relu," +
      "conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output",
  );
  assert.equal(space.key(twin), space.key(inception));
  for (let seed = 0; seed < 20; seed++) {
    const child = space.mutate!(inception, new Rng(seed, 0));
    assert.notEqual(space.key(child), space.key(inception));
  }
  const around = space.neighbours!(inception);
  // Nine edges to drop and none to add; two other operations for each of five vertices.
  assert.equal(around.length, 19);
  assert.ok(around.every((a) => space.key(a) !== space.key(inception)));
});

Deno.test("nasbench101: paths of a cell are those of the study on encodings", () => {
  assert.deepEqual(nb101Paths(nb101Dag(inception)!), [1, 2, 3, 4]);
  assert.deepEqual(nb101Paths(nb101Dag(direct)!), [0]);
});

Deno.test("nasbench101: a wrong matrix is refused by what is wrong", () => {
  const cases: [string, RegExp][] = [
    ["01/00", /expected rows of the matrix, a colon and operations/],
    ["012/000/000:input,output", /row 0 is "012", expected 3 × 0 or 1/],
    ["01/00:input,conv,output", /got 3 operations for 2 vertices/],
    ["010/001/100:input,maxpool3x3,output", /row 2 leads back to vertex 0/],
    ["010/001/000:input,maxpool,output", /vertex 1 is "maxpool", expected conv3x3-bn-relu/],
    ["010/001/000:maxpool3x3,maxpool3x3,output", /vertex 0 is "maxpool3x3", expected input/],
    ["00/00:input,output", /expected a path from input to output/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseNb101(text), { name: "UsageError", message });
  }
});
