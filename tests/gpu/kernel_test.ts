import assert from "node:assert/strict";
import {
  kernel,
  type Params,
  pipelineKey,
  render,
  specialise,
  writeUniform,
} from "../../src/gpu/kernel.ts";

const source = `// A kernel.
//#include lib/index.wgsl
override SIZE: u32 = 64u;
const TILE: u32 = 4u;
alias real = f32;
struct P { n: u32, scale: f32, shift: i32, x_at: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: P;
`;

Deno.test("kernel() reads bindings, fields and tunables from the text", () => {
  const k = kernel("k", source);
  assert.deepEqual(k.bindings, [
    { name: "x", index: 0, write: false, at: "x_at" },
    { name: "y", index: 1, write: true, at: null },
  ]);
  assert.deepEqual(k.fields.map((f) => `${f.name}:${f.type}`), [
    "n:u32",
    "scale:f32",
    "shift:i32",
    "x_at:u32",
  ]);
  assert.deepEqual(k.fields.map((f) => f.of), [null, null, null, "x"]);
  assert.equal(k.uniform, true);
  assert.equal(k.overrides.get("SIZE"), "64u");
  assert.ok(k.constants.has("TILE") && k.constants.has("real"));
  assert.match(k.code, /fn thread/);
});

Deno.test("kernel() names an include that does not exist", () => {
  assert.throws(
    () => kernel("k", "//#include lib/nope.wgsl"),
    /Cannot load kernel k: no include lib\/nope\.wgsl/,
  );
});

Deno.test("parameters that shape the pipeline are sorted and make its key; an unknown one is named", () => {
  const k = kernel("k", source);
  const { overrides, texts } = specialise(k, { n: 1, SIZE: 32, TILE: "8u" });
  assert.deepEqual(overrides, { SIZE: 32 });
  assert.deepEqual(texts, { TILE: "8u" });
  const key = (params: Params) => pipelineKey(k, params);
  assert.equal(key({ n: 1, SIZE: 32, TILE: "8u" }), key({ n: 2, scale: 1, SIZE: 32, TILE: "8u" }));
  assert.notEqual(key({ SIZE: 32 }), key({ SIZE: 64 }));
  assert.throws(() => key({ NOPE: 2 }), /Cannot run k: unknown parameter NOPE/);
  assert.match(render(k, texts), /const TILE: u32 = 8u;/);
});

Deno.test("writeUniform() writes each field in its type and names a missing one", () => {
  const k = kernel("k", source);
  const data = new ArrayBuffer(32);
  const words = {
    u32: new Uint32Array(data),
    i32: new Int32Array(data),
    f32: new Float32Array(data),
  };
  const x = { shape: [1], buffer: { raw: null as never, id: 0, bytes: 4 }, offset: 64 };
  writeUniform(k, { n: true, scale: 0.5, shift: -2 }, { x }, words, 4);
  const view = new DataView(data);
  assert.equal(view.getUint32(16, true), 1);
  assert.equal(view.getFloat32(20, true), 0.5);
  assert.equal(view.getInt32(24, true), -2);
  assert.equal(view.getUint32(28, true), 64);
  writeUniform(k, { n: 3, scale: 0.5, shift: -2, x_at: 16 }, { x }, words, 0);
  assert.deepEqual([words.u32[0], words.u32[3]], [3, 16]);
  assert.throws(
    () => writeUniform(k, { n: 3, scale: 1 }, { x }, words, 0),
    /missing parameter shift/,
  );
});

Deno.test("render() keeps one of two blocks by a constant, inside of unrolled blocks and around them", () => {
  const k = kernel(
    "k",
    "const MANY = false;\n//#unroll i 2\n//#if MANY\nm$i;\n//#else\no$i;\n//#end\n//#end\n" +
      "//#if MANY\n//#unroll j 2\nx$j;\n//#end\n//#end\nend\n",
  );
  const text = (texts: Record<string, string>) => render(k, texts).replace(/\s+/g, " ").trim();
  assert.equal(text({}), "const MANY = false; o0; o1; end");
  assert.equal(text({ MANY: "true" }), "const MANY = true; m0; m1; x0; x1; end");
});

Deno.test("render() refuses directives whose constant is missing or of another type", () => {
  const text = (source: string) => render(kernel("k", source), {});
  assert.throws(() => text("//#if MANY\n//#end\n"), /Cannot expand k: MANY is no const.*bool/);
  assert.throws(() => text("const N = 1u;\n//#if N\n//#end\n"), /expected a bool/);
  assert.throws(() => text("const N = true;\n//#unroll i N\n//#end\n"), /expected a number/);
});

Deno.test("render() unrolls blocks, nested and by a constant", () => {
  const k = kernel(
    "k",
    "const N: u32 = 2u;\n//#unroll i N\n//#unroll j 2\na$i$j;\n//#end\n//#end\nend\n",
  );
  assert.equal(
    render(k, {}).replace(/\n+/g, " ").trim(),
    "const N: u32 = 2u; a00; a01; a10; a11; end",
  );
  assert.match(render(k, { N: "1u" }), /a00;\s*a01;\s*end/);
});

Deno.test("the header of every kernel has its four lines: what, threads, tile, why", () => {
  const folder = new URL("../../kernels/", import.meta.url);
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (!isFile) continue;
    const lines = Deno.readTextFileSync(new URL(name, folder)).split("\n");
    const header = lines.slice(0, lines.findIndex((line) => !/^\/\/ /.test(line)));
    assert.ok(header.length >= 4, `${name}: ${header.length} lines`);
    assert.ok(
      header.some((line) => /One (invocation|work-group)\b/.test(line)),
      `${name}: threads`,
    );
  }
});
