/** Downloads of a run's files: fixed names, in whole or in part. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { join } from "@std/path";
import type { Context } from "./context.ts";
import { isRealFile } from "./file.ts";
import { Problem, problemResponse, problems } from "./problem.ts";
import { artifactList, idParam } from "./schemas.ts";

/** Content types of the files that can be downloaded, by name. */
const types: Record<string, string> = {
  "arch.json": "application/json",
  "arch.svg": "image/svg+xml",
  "config.json": "application/json",
  "ranking.json": "application/json",
  "network.json": "application/json",
  "events.ndjson": "application/x-ndjson",
  "trials.ndjson": "application/x-ndjson",
  "controller.safetensors": "application/octet-stream",
  "supernet.safetensors": "application/octet-stream",
  "weights.safetensors": "application/octet-stream",
  "weights_best.safetensors": "application/octet-stream",
  "network.safetensors": "application/octet-stream",
  "model.onnx": "application/octet-stream",
  "network.onnx": "application/octet-stream",
};

const listRoute = createRoute({
  method: "get",
  path: "/runs/{id}/artifacts",
  summary: "Files that can be downloaded",
  request: { params: idParam },
  responses: {
    200: { description: "Files.", content: { "application/json": { schema: artifactList } } },
    ...problems(400, 401, 404),
  },
});

const fileRoute = createRoute({
  method: "get",
  path: "/runs/{id}/artifacts/{name}",
  summary: "Download a file, or a range of it",
  request: {
    params: idParam.extend({ name: z.enum(Object.keys(types) as [string, ...string[]]) }),
    headers: z.object({ range: z.string().optional() }),
  },
  responses: {
    200: { description: "The file." },
    206: { description: "A part of it." },
    304: { description: "Unchanged." },
    ...problems(400, 401, 404, 416),
  },
});

export function addArtifacts(app: OpenAPIHono, { runs }: Context): void {
  app.openapi(listRoute, (c) => {
    const path = runs.pathOf(c.req.valid("param").id);
    const artifacts = Object.entries(types).flatMap(([name, type]) => {
      const file = join(path, name);
      return isRealFile(file) ? [{ name, type, bytes: Deno.statSync(file).size }] : [];
    });
    return c.json({ artifacts }, 200);
  });

  app.openapi(fileRoute, async (c) => {
    const { id, name } = c.req.valid("param");
    const path = join(runs.pathOf(id), name);
    if (!isRealFile(path)) throw new Problem(404, `Cannot find ${name} of run ${id}`);
    const { raw } = c.req;
    return await fileResponse(path, raw, {
      "content-type": types[name],
      "content-disposition": `attachment; filename="${id}-${name}"`,
      // A drawing that is opened instead of saved may not run or load anything.
      "content-security-policy": "default-src 'none'; sandbox",
      "cache-control": "no-cache",
    }) as never;
  });
}

/**
 * The response with a file. Serves one range; several ranges, or other units, get the whole file, as the
 * standard allows.
 */
async function fileResponse(
  path: string,
  { headers: request, method }: Request,
  headers: Record<string, string>,
): Promise<Response> {
  const file = await Deno.open(path, { read: true });
  const { size, mtime } = await file.stat();
  const etag = `"${size.toString(36)}-${(mtime?.getTime() ?? 0).toString(36)}"`;
  const common = { ...headers, etag, "accept-ranges": "bytes" };
  if (request.get("if-none-match") === etag) {
    file.close();
    return new Response(null, { status: 304, headers: common });
  }
  const fresh = [null, etag].includes(request.get("if-range"));
  const range = fresh ? rangeOf(request.get("range"), size) : null;
  if (range === "none") {
    file.close();
    return problemResponse(416, `Cannot send that range: the file has ${size} bytes`, {
      headers: { "content-range": `bytes */${size}` },
    });
  }
  const [from, to] = range ?? [0, size - 1];
  // Sends no more than the announced length: events may be added meanwhile.
  const length = to - from + 1;
  if (method === "HEAD") file.close();
  return new Response(method === "HEAD" ? null : pieces(file, from, length), {
    status: range ? 206 : 200,
    headers: {
      ...common,
      "content-length": String(length),
      ...range && { "content-range": `bytes ${from}-${to}/${size}` },
    },
  });
}

/** First and last byte; null for the whole file, "none" for a range beyond its end. */
export function rangeOf(header: string | null, size: number): [number, number] | null | "none" {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || match[1] === "" && match[2] === "") return null;
  const [first, last] = [match[1], match[2]];
  if (first === "") {
    const count = Math.min(Number(last), size);
    return count === 0 ? "none" : [size - count, size - 1];
  }
  const [from, to] = [Number(first), last === "" ? size - 1 : Math.min(Number(last), size - 1)];
  if (last !== "" && Number(last) < from) return null;
  return from >= size ? "none" : [from, to];
}

function pieces(file: Deno.FsFile, from: number, length: number): ReadableStream<Uint8Array> {
  let left = length;
  return new ReadableStream({
    start: async () => {
      await file.seek(from, Deno.SeekMode.Start);
    },
    async pull(controller) {
      const bytes = new Uint8Array(Math.min(left, 64 * 1024));
      const n = left > 0 ? await file.read(bytes) : null;
      if (n === null) {
        file.close();
        return controller.close();
      }
      left -= n;
      controller.enqueue(bytes.subarray(0, n));
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}
