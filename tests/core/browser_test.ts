/** The core in a browser: what it loads there. That it computes the same there: `tests/tab/page_test.ts`. */
import { assert, assertEquals } from "@std/assert";
import { bundleForBrowsers, loadedWith } from "./bundle.ts";

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
