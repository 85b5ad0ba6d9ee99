/** The page and the API documentation, served from the program itself, so that no network is needed. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { createHash } from "node:crypto";
import swaggerScript from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "text" };
import swaggerStyle from "swagger-ui-dist/swagger-ui.css" with { type: "text" };
import { policy } from "./guard.ts";
import { problemResponse } from "./problem.ts";
import { type Asset, assets } from "./ui/mod.ts";

const docsPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>denas API</title>
    <link rel="icon" href="/ui/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <script src="/docs/swagger-ui.js"></script>
    <script src="/docs/start.js" defer></script>
  </head>
  <body><div id="api"></div></body>
</html>
`;

/** Script of the API page. It sends every change as JSON, with a body or without. */
const docsScript = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  requestInterceptor(request) {
    if (/^(post|delete)$/i.test(request.method)) request.headers["Content-Type"] = "application/json";
    return request;
  },
});
`;

const docs: Record<string, Asset> = {
  "/docs": { type: "text/html", body: docsPage },
  "/docs/start.js": { type: "text/javascript", body: docsScript },
  "/docs/swagger-ui.js": { type: "text/javascript", body: swaggerScript },
  "/docs/swagger-ui.css": { type: "text/css", body: swaggerStyle },
};

/** Policy of the API page, whose elements have inline styles. */
const docsPolicy = policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");

export function addPages(app: OpenAPIHono): void {
  for (const [path, asset] of Object.entries(docs)) serve(app, path, asset, docsPolicy);
  serve(app, "/", assets["index.html"], policy);
  for (const [name, asset] of Object.entries(assets)) serve(app, `/ui/${name}`, asset, policy);
}

/** Serves an asset with an ETag, so that a browser's later request is answered by 304. */
function serve(app: OpenAPIHono, path: string, { type, body }: Asset, csp: string): void {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body.slice();
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  const headers = {
    "content-type": /^text\/|json|svg/.test(type) ? `${type}; charset=utf-8` : type,
    "content-security-policy": csp,
    "cache-control": "no-cache",
    etag,
  };
  app.get(path, (c) => {
    if (c.req.header("if-none-match") === etag) return new Response(null, { status: 304, headers });
    return new Response(bytes as Uint8Array<ArrayBuffer>, { headers });
  });
}

/** Answer to any other path. */
export function notFound(path: string): Response {
  return problemResponse(404, `Cannot find ${path.slice(0, 200)}: /docs lists what there is`);
}
