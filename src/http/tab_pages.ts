/** Routes of the page that searches in the browser: its files, and the published sets that are here. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { basename } from "@std/path";
import { knownSets, locateDataSet } from "../data/mod.ts";
import type { Context } from "./context.ts";
import { Problem } from "./problem.ts";
import { type PageFiles, tabFiles, tabPolicy } from "./tab_bundle.ts";

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** The page's own policy, and `frame-ancestors`, which only a header can set: no other page may frame this one. */
const headers = {
  "content-security-policy": `${tabPolicy}; frame-ancestors 'none'`,
  "cache-control": "no-cache",
};

export function addTab(app: OpenAPIHono, { options: { places, dataDir } }: Context): void {
  let files: Promise<PageFiles> | null = null;
  const file = async (name: string): Promise<Response> => {
    files ??= tabFiles(places.cacheDir);
    // A page that could not be built is tried again.
    files.catch(() => files = null);
    const bytes = (await files).get(name);
    if (!bytes) throw new Problem(404, `Cannot find ${name.slice(0, 100)} of the page /tab/`);
    return new Response(bytes, {
      headers: { ...headers, "content-type": types[name.split(".").at(-1)!] },
    });
  };
  const setFiles = async (name: string): Promise<readonly string[]> => {
    if (!Object.hasOwn(knownSets, name)) return [];
    const found = await locateDataSet(name, { ...places, dataDir });
    return found?.kind === "idx" ? found.files : [];
  };
  app.get("/tab", (c) => c.redirect("/tab/", 308));
  app.get("/tab/", () => file("index.html"));
  app.get("/tab/data/index.json", async (c) => {
    const sets: Record<string, string[]> = {};
    for (const name of Object.keys(knownSets)) {
      const paths = await setFiles(name);
      if (paths.length > 0) sets[name] = paths.map((path) => basename(path));
    }
    return c.json(sets, 200, headers);
  });
  app.get("/tab/data/:set/:file", async (c) => {
    const { set, file: wanted } = c.req.param();
    const path = (await setFiles(set)).find((one) => basename(one) === wanted);
    if (path === undefined) throw new Problem(404, `Cannot find ${wanted} of ${set}`);
    const { readable } = await Deno.open(path, { read: true });
    return new Response(readable, {
      headers: { ...headers, "content-type": "application/octet-stream" },
    });
  });
  app.get("/tab/:file", (c) => file(c.req.param("file")));
}
