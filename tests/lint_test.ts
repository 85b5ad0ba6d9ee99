import { assertEquals } from "@std/assert";
import { match as assertMatch } from "node:assert/strict";
import { join } from "@std/path";
import { forbidden, layerOf } from "../lint/layers.ts";
import { inCore, namedFiles } from "../lint/core.ts";
import plugin from "../lint/denas.ts";

const root = join(import.meta.dirname!, "..");

/** The rules that object to `source` as the text of a file of this tree. */
function complaints(file: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, join(root, file), source).map((found) => found.id);
}

const oneWay = ["denas/one-way-imports"];
const ambient = ["denas/no-ambient"];
const gpu = ["denas/gpu-globals"];
const core = ["denas/portable-core"];

Deno.test("an import downwards is fine, the same import upwards is not", () => {
  const rows = [
    ["src/gpu/kernel.ts", "../../kernels/add.wgsl", []],
    ["src/gpu/device.ts", "../autodiff/tape.ts", oneWay],
    ["src/autodiff/tape.ts", "../gpu/device.ts", []],
    ["src/autodiff/run.ts", "../ops/mod.ts", oneWay],
    ["src/ops/add.ts", "../autodiff/op.ts", []],
    ["src/ops/add.ts", "../nn/init.ts", oneWay],
    ["src/nn/init.ts", "../ops/mod.ts", []],
    ["src/nn/init.ts", "../nas/space.ts", oneWay],
    ["src/nas/search/search.ts", "../../nn/init.ts", []],
    ["src/nas/search/search.ts", "../../run/checkpoint.ts", oneWay],
    ["src/run/folder.ts", "../nas/store.ts", []],
    ["src/run/folder.ts", "../cli/paths.ts", oneWay],
    ["src/cli/main.ts", "../run/folder.ts", []],
    ["src/cli/main.ts", "../../mod.ts", oneWay],
    ["mod.ts", "./src/nas/search/search.ts", []],
  ] as const;
  for (const [file, specifier, expected] of rows) {
    assertEquals(complaints(file, `import { a } from "${specifier}";`), [...expected], file);
  }
});

Deno.test("data and nn do not know each other, and nas knows both", () => {
  assertEquals(complaints("src/data/load.ts", `import { a } from "../nn/init.ts";`), oneWay);
  assertEquals(complaints("src/nn/init.ts", `import { a } from "../data/idx.ts";`), oneWay);
  assertEquals(
    complaints("src/nas/train/retrain.ts", `import { a } from "../../data/idx.ts";`),
    [],
  );
  assertEquals(complaints("src/data/load.ts", `import { a } from "../ops/mod.ts";`), []);
});

Deno.test("spaces, strategies and evaluators never import each other", () => {
  const parts = ["spaces", "strategies", "evaluators"];
  for (const one of parts) {
    for (const other of parts.filter((part) => part !== one)) {
      const source = `import { a } from "../${other}/mod.ts";`;
      assertEquals(complaints(`src/nas/${one}/x.ts`, source), oneWay, `${one} → ${other}`);
    }
    assertEquals(complaints(`src/nas/${one}/x.ts`, `import { a } from "../space.ts";`), []);
    assertEquals(complaints(`src/nas/${one}/mod.ts`, `import { a } from "./x.ts";`), []);
    assertEquals(
      complaints("src/nas/search/search.ts", `import { a } from "../${one}/mod.ts";`),
      [],
    );
  }
});

Deno.test("cli and http never import each other", () => {
  assertEquals(complaints("src/cli/main.ts", `import { a } from "../http/mod.ts";`), oneWay);
  assertEquals(complaints("src/http/mod.ts", `import { a } from "../cli/main.ts";`), oneWay);
  assertEquals(complaints("server.ts", `import { a } from "./src/http/mod.ts";`), []);
});

Deno.test("src/common serves every layer and uses none", () => {
  for (const name of ["errors", "random"]) {
    assertEquals(complaints("src/gpu/device.ts", `import { a } from "../common/${name}.ts";`), []);
    assertEquals(
      complaints("src/nas/spaces/x.ts", `import { a } from "../../common/${name}.ts";`),
      [],
    );
    assertEquals(complaints(`src/common/${name}.ts`, `import { a } from "../gpu/mod.ts";`), oneWay);
  }
});

Deno.test("every way of writing an import counts, types and tests' helpers included", () => {
  const sources = [
    `import type { A } from "../nas/space.ts";`,
    `import "../nas/space.ts";`,
    `export { a } from "../nas/space.ts";`,
    `export * from "../nas/space.ts";`,
    `const a = await import("../nas/space.ts");`,
    `type A = import("../nas/space.ts").A;`,
    `import { assertEquals } from "@std/assert";`,
  ];
  for (const source of sources) assertEquals(complaints("src/ops/add.ts", source), oneWay, source);
});

Deno.test("packages, built-ins and what tests import are free", () => {
  const source =
    `import "zod"; import "node:fs"; import { join } from "@std/path"; export { join };`;
  assertEquals(complaints("src/run/folder.ts", source), []);
  assertEquals(complaints("tests/x_test.ts", `import "../src/cli/main.ts";`), []);
  assertEquals(complaints("bench/step.ts", `import "../src/nas/search/search.ts";`), []);
});

Deno.test("a folder of src that no layer claims is named", () => {
  assertEquals(layerOf("src/helpers/x.ts"), null);
  assertEquals(layerOf("src/x.ts"), null);
  assertMatch(
    forbidden("src/nas/search/search.ts", "src/helpers/x.ts")!,
    /^src\/helpers\/x\.ts is in no layer, expected src\/<gpu\|/,
  );
});

Deno.test("Math.random, console, Deno.env and process.env are errors in the library", () => {
  const sources = [
    `Math.random();`,
    `Math["random"]();`,
    `globalThis.Math.random();`,
    `const { random } = Math;`,
    `console.log(1);`,
    `globalThis.console.error(1);`,
    `Deno.env.get("HOME");`,
    `const { env } = Deno;`,
    `import process from "node:process"; process.env.HOME;`,
  ];
  for (const source of sources) {
    for (const file of ["src/data/find.ts", "src/run/lock.ts", "mod.ts"]) {
      assertEquals(complaints(file, source), ambient, `${file}: ${source}`);
    }
    for (
      const file of [
        "src/cli/main.ts",
        "src/http/mod.ts",
        "cli.ts",
        "tests/x_test.ts",
        "bench/a.ts",
      ]
    ) {
      assertEquals(complaints(file, source), [], `${file}: ${source}`);
    }
  }
});

Deno.test("what only looks ambient is fine", () => {
  const source = `Math.floor(1); Deno.args; const rng = { random: () => 1 }; rng.random();
    const log = { console: 1 }; log.console;`;
  assertEquals(complaints("src/run/lock.ts", source), []);
});

Deno.test("WebGPU's own names stay in src/gpu", () => {
  const sources = [
    `export function f(d: GPUDevice) { return d; }`,
    `const u = GPUBufferUsage.COPY_DST;`,
    `navigator.gpu.requestAdapter();`,
  ];
  for (const source of sources) {
    assertEquals(complaints("src/ops/add.ts", source), gpu, source);
    assertEquals(complaints("src/gpu/pool.ts", source), [], source);
    assertEquals(complaints("tests/gpu/pool_test.ts", source), [], source);
  }
  assertEquals(complaints("src/cli/doctor.ts", `const a = { GPUName: 1 }; a.GPUName;`), []);
});

Deno.test("the core names no host", () => {
  const sources = [
    `import { hash } from "node:crypto";`,
    `import type { Hash } from "node:crypto";`,
    `export { hash } from "node:crypto";`,
    `const { hash } = await import("node:crypto");`,
    `const { stat } = Deno;`,
    `export const at = (path: string) => Deno.statSync(path);`,
    `export const at = (path: string) => globalThis.Deno.statSync(path);`,
    `export function f(file: Deno.FsFile) { return file; }`,
    `export const missing = (e: Error) => e instanceof Deno.errors.NotFound;`,
  ];
  const files = ["common/path", "gpu/device", "nas/search", "data/idx", "run/onnx/model"];
  for (const source of sources) {
    for (const file of files) assertEquals(complaints(`src/${file}.ts`, source), core, source);
    for (const file of ["data/find", "run/folder", "nas/tables/mod", "cli/main", "http/mod"]) {
      assertEquals(complaints(`src/${file}.ts`, source), [], `${file}: ${source}`);
    }
  }
});

Deno.test("the core asks whether there is a Deno, and reaches hosts by dynamic imports and types", () => {
  const fine = [
    `if (typeof Deno !== "undefined") await import("./tables/mod.ts");`,
    `import type { FindOptions } from "../data/find.ts"; export type A = FindOptions;`,
    `export type { FindOptions } from "../data/find.ts";`,
    `import { a } from "../data/idx.ts"; import { b } from "../common/path.ts"; export { a, b };`,
    `import { join } from "@std/path"; import { z } from "zod"; export { join, z };`,
    `const names = { Deno: 1 }; export const n = names.Deno;`,
  ];
  for (const source of fine) assertEquals(complaints("src/nas/x.ts", source), [], source);
  const wrong = [
    `import { readCells } from "./spaces/nasbench101_cells_file.ts"; export { readCells };`,
    `import { loadDataSet, type LoadOptions } from "../data/load.ts"; export { loadDataSet };`,
    `import "../data/load.ts";`,
    `export * from "./tables/mod.ts";`,
    `export { openTable } from "./tables/mod.ts";`,
  ];
  for (const source of wrong) assertEquals(complaints("src/nas/x.ts", source), core, source);
});

Deno.test("the tables of the core name files that are there", () => {
  assertEquals(namedFiles.filter((path) => !exists(path)), []);
  assertEquals(inCore("src/cli/main.ts") || inCore("tests/x.ts") || inCore("mod.ts"), false);
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(join(root, path)).isFile;
  } catch {
    return false;
  }
}
