/** The core in a browser: what it loads there, and that it computes there what it computes here. */
import { assert, assertEquals } from "@std/assert";
import { browserPath, Browsing } from "../http/browser.ts";
import { bundleForBrowsers, loadedWith } from "./bundle.ts";
import type { TenSteps } from "./ten_steps.ts";

/** Names of hosts, as a bundle has them. */
const host = /"node:[\w/]+"|\bDeno\.\w+/g;

const hostsIn = (text: string) => [...new Set(text.match(host))];

Deno.test("what a browser loads of the core names neither node: nor Deno.", async () => {
  const bundle = await bundleForBrowsers("tests/core/core.ts");
  const loaded = loadedWith(bundle, "core.js");
  assert(loaded.length > 1 && loaded.every((name) => bundle.has(name)), `loads ${loaded}`);
  for (const name of loaded) assertEquals(hostsIn(bundle.get(name)!), [], name);
  // The rest is there too: the loader of data sets by name, tables.
  const others = [...bundle].filter(([name]) => !loaded.includes(name));
  assert(others.some(([, text]) => hostsIn(text).length > 0), "nothing is imported dynamically");
});

/** The driver that the browser brings, for Deno. */
const swiftShader = ["/usr/lib/chromium", "/opt/google/chrome"]
  .map((folder) => `${folder}/vk_swiftshader_icd.json`).find(isFile);

if (swiftShader === undefined && Deno.env.get("CI")) {
  throw new Error(
    "Cannot compare with a browser: its SwiftShader was not found; apt-get install chromium",
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function onDeno(): Promise<TenSteps> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tests/core/on_deno.ts"],
    cwd: new URL("../../", import.meta.url),
    env: { VK_DRIVER_FILES: swiftShader! },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Message from the worker. */
interface Message {
  found?: TenSteps;
  error?: string;
  violations: string[];
}

const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'";

async function inBrowser(): Promise<TenSteps> {
  const files = await bundleForBrowsers("tests/core/worker.ts");
  const browsing = new Browsing(["--enable-unsafe-webgpu"]);
  try {
    await using opened = await browsing.open();
    const { page, complaints } = opened;
    await page.route("http://localhost/**", (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      const body = name === "" ? "<!doctype html>" : files.get(name);
      if (body === undefined) return route.fulfill({ status: 204 });
      const contentType = name === "" ? "text/html" : "text/javascript";
      return route.fulfill({ contentType, body, headers: { "Content-Security-Policy": policy } });
    });
    await page.goto("http://localhost/");
    const message = await page.evaluate<Message>(`
      new Promise((resolve, reject) => {
        const worker = new Worker("/worker.js", { type: "module" });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message || "the worker did not load"));
      })`);
    assertEquals(message.error, undefined);
    assertEquals([...message.violations, ...complaints], []);
    return message.found!;
  } finally {
    await browsing.close();
  }
}

Deno.test({
  name: "a search in a browser's worker gives the numbers of Deno on the same driver, to the bit",
  ignore: browserPath === undefined || swiftShader === undefined,
  async fn() {
    const [{ adapter, ...here }, { adapter: _, ...there }] = await Promise.all([
      onDeno(),
      inBrowser(),
    ]);
    assert(adapter.includes("SwiftShader"), `the driver is ${adapter}`);
    assertEquals(here.losses.length, 10);
    assertEquals(there, here);
  },
});
