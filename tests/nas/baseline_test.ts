/** The hand-made network: its structure, and its size, which matches the network it is compared with. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { baselineChoice, filtersFor, parametersOf } from "../../src/nas/analysis/baseline.ts";
import { resolveRetrainConfig } from "../../src/nas/config/config.ts";
import { openSpace } from "../../src/nas/registry.ts";
import type { MacroArch } from "../../src/nas/spaces/macro.ts";
import type { MicroArch } from "../../src/nas/spaces/micro.ts";

const configOf = (space: string, filters: number) =>
  resolveRetrainConfig({ space, preset: "quick", overrides: { "space.filters": filters } });

function archOf(name: string): ArchFile {
  const { space } = configOf(name, 16);
  return {
    format: "denas-arch",
    version: 2,
    space: name,
    input: [28, 28, 1],
    classes: 10,
    choice: baselineChoice(space),
    settings: { stem: 2, layers: space.layers, filters: space.filters },
    strategy: "baseline",
  };
}

Deno.test("macro: separable 3×3 everywhere, every second layer adds what its predecessor read", () => {
  const { space } = configOf("macro", 16);
  const arch = openSpace(space).decode(baselineChoice(space)) as MacroArch;
  assertEquals(arch.layers.map(({ op }) => op), [1, 1, 1, 1, 1, 1]);
  assertEquals(arch.layers.map(({ skips }) => skips.join("")), [
    "",
    "1",
    "00",
    "001",
    "0000",
    "00001",
  ]);
});

Deno.test("micro: each block adds a convolution to what it reads", () => {
  const { space } = configOf("micro", 16);
  const arch = openSpace(space).decode(baselineChoice(space)) as MicroArch;
  arch.normal.forEach(({ x, y }, block) => {
    assertEquals([x.input, x.op, y.input, y.op], [block + 1, 0, block + 1, 4]);
  });
  assertEquals(arch.reduce.map(({ y }) => y.op), [3, 4, 4, 4]);
});

Deno.test("a space without a hand-made network says so", () => {
  assertThrows(
    () => baselineChoice({ kind: "nasbench201" }),
    /only micro and macro/,
  );
});

for (const space of ["macro", "micro"]) {
  Deno.test(`${space}: the filters are those that come closest to the parameters asked for`, () => {
    const arch = archOf(space);
    const at = (filters: number) => parametersOf(arch, configOf(space, filters));
    const even = Array.from({ length: 30 }, (_, i) => 2 * i + 2);
    for (const wanted of [1, at(8) + 1, Math.round((at(16) + at(18)) / 2) + 5, at(30) - 1]) {
      const closest = even.reduce((a, b) =>
        Math.abs(at(b) - wanted) < Math.abs(at(a) - wanted) ? b : a
      );
      assertEquals(filtersFor(wanted, arch, (f) => configOf(space, f)), closest, `${wanted}`);
    }
    assert(at(18) > at(16));
  });
}
