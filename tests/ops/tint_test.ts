/** Chrome compiles WGSL with Tint, which is stricter than the Naga of Deno: every text has to pass both. */
import { assertEquals } from "@std/assert";
import { registry } from "../../src/autodiff/op.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { kernel, loadedKernels, render, specialise } from "../../src/gpu/kernel.ts";
import "../../src/nas/tuning/kernels.ts";
import { browserPath, Browsing } from "../http/browser.ts";
import { dispatchesOf } from "./variants.ts";

/** WGSL by what it is, for a message: the kernel's name and the constants that are replaced in it. */
type Sources = Map<string, string>;

/** Every kernel as an op or a case of one renders it, and all kernels with each type they can be of. */
async function allSources(): Promise<Sources> {
  const gpu = await Gpu.open();
  const sources: Sources = new Map();
  for (const op of registry) {
    for (const c of op.cases) {
      for (const { kernel: k, params } of await dispatchesOf(gpu, op, c)) {
        const { texts } = specialise(k, params);
        sources.set(`${k.name} ${JSON.stringify(texts)}`, render(k, texts));
      }
    }
  }
  gpu.close();
  for (const [name, code] of [...loadedKernels]) {
    const k = kernel(name, code);
    const types = k.constants.has("T") && /^alias T/m.test(code) ? ["f32", "vec4f"] : [];
    for (const texts of [{}, ...types.map((T) => ({ T }))]) {
      sources.set(`${name} ${JSON.stringify(texts)}`, render(k, texts));
    }
  }
  return sources;
}

/** Runs in the page: what Tint objects to, by source. Texts in float16 need an adapter that offers it. */
const compileAll = `async (sources) => {
  const adapter = await navigator.gpu.requestAdapter();
  const requiredFeatures = ["shader-f16"].filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({ requiredFeatures });
  const complaints = [];
  for (const [name, code] of sources) {
    if (code.includes("enable f16;") && !requiredFeatures.length) continue;
    device.pushErrorScope("validation");
    const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
    const error = await device.popErrorScope();
    const found = messages.map((m) => \`\${m.type}, line \${m.lineNum}: \${m.message}\`);
    if (error && !found.length) found.push(error.message);
    if (found.length) complaints.push(name + ": " + found.join("; "));
  }
  device.destroy();
  return complaints;
}`;

async function complaintsOfTint(sources: readonly (readonly [string, string])[]) {
  const browsing = new Browsing(["--enable-unsafe-webgpu"]);
  try {
    await using opened = await browsing.open();
    const { page } = opened;
    // WebGPU is for secure contexts, which a blank page is not.
    await page.route(
      "http://localhost/",
      (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
    );
    await page.goto("http://localhost/");
    return await page.evaluate<string[]>(`(${compileAll})(${JSON.stringify(sources)})`);
  } finally {
    await browsing.close();
  }
}

Deno.test({
  name: "Tint accepts the text of every kernel in every form that can be chosen",
  ignore: browserPath === undefined,
  async fn() {
    const sources = await allSources();
    const named = new Set([...sources.keys()].map((name) => name.split(" ")[0]));
    const files = [...Deno.readDirSync(new URL("../../kernels", import.meta.url))]
      .filter(({ isFile }) => isFile).map(({ name }) => name.replace(/\.wgsl$/, ""));
    assertEquals(files.filter((name) => !named.has(name)), [], "kernels that nobody compiled");
    assertEquals(await complaintsOfTint([...sources]), []);
  },
});

Deno.test({
  name: "Tint's complaints name the kernel and the line",
  ignore: browserPath === undefined,
  async fn() {
    const code = "fn f(a: bool, b: bool, c: bool) -> bool {\n  return a || b && c;\n}";
    const [complaint, ...others] = await complaintsOfTint([["mixed {}", code]]);
    assertEquals(others, []);
    assertEquals(/^mixed \{\}: error, line 2: .*&&/.test(complaint), true, complaint);
  },
});
