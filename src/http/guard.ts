/** Checks of every request (sizes, host, origin, content type, token), and headers of every answer. */
import type { MiddlewareHandler } from "hono";
import { isLoopback, type ServerOptions } from "../run/serving.ts";
import { problemResponse } from "./problem.ts";
import type { Sessions } from "./sessions.ts";

const maxAddress = 8 * 1024;
const maxHeaders = 16 * 1024;
const maxBody = 64 * 1024;

/**
 * Paths that need no token: the page that asks for it with its assets, the page of
 * the tab, which asks the server for nothing else, the API's documents, the health check.
 */
const open = /^\/($|healthz$|session$|openapi\.json$|docs($|\/)|ui\/|tab($|\/))/;

const loopback = ["localhost", "127.0.0.1", "[::1]"];

type Names = Pick<ServerOptions, "host" | "trustedHosts">;

/** Refuses requests that a foreign page could send, and those that are too large. */
export function guard({ host, trustedHosts = [] }: Names): MiddlewareHandler {
  const trusted = trustedNames(host, trustedHosts);
  return async (c, next) => {
    const { url, method, raw: { headers } } = c.req;
    const refusal = unknownMethod(method) ?? tooLarge(url, headers) ??
      foreign(headers, method, trusted, trustedHosts) ??
      unlabelled(method, headers);
    if (refusal) return refusal;
    await next();
  };
}

/** Limits bodies of unknown length by counting while they are read. */
export const limitBody: MiddlewareHandler = async (c, next) => {
  const { raw } = c.req;
  const refusal = () => problemResponse(413, `Cannot take the body: more than ${maxBody} bytes`);
  if (Number(raw.headers.get("content-length") ?? 0) > maxBody) return refusal();
  if (raw.body && ["POST", "DELETE"].includes(raw.method) && !raw.headers.has("content-length")) {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for await (const part of raw.body) {
      size += part.length;
      if (size > maxBody) return refusal();
      parts.push(part);
    }
    const { method, headers } = raw;
    c.req.raw = new Request(raw.url, { method, headers, body: new Blob(parts) });
  }
  await next();
};

export function demandToken(sessions: Sessions): MiddlewareHandler {
  return async (c, next) => {
    if (open.test(c.req.path) || await sessions.allows(c.req.raw.headers)) return await next();
    return problemResponse(
      401,
      "Cannot answer without the token: send it as Authorization: Bearer, or POST it to /session",
      { headers: { "www-authenticate": 'Bearer realm="denas"' } },
    );
  };
}

/** Content security policy: this server's own scripts and styles only, and no framing. */
export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
  "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export const answerHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  answerWith(c.res);
};

/** Adds the headers that every answer has. */
export function answerWith(response: Response): Response {
  const { headers } = response;
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", policy);
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return response;
}

function unknownMethod(method: string): Response | null {
  if (["GET", "HEAD", "POST", "DELETE"].includes(method)) return null;
  const allow = "GET, HEAD, POST, DELETE";
  return problemResponse(405, `Cannot ${method.slice(0, 20)}: expected ${allow}`, {
    headers: { allow },
  });
}

function tooLarge(url: string, headers: Headers): Response | null {
  if (url.length > maxAddress) {
    return problemResponse(414, `Cannot take the address: more than ${maxAddress} characters`);
  }
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length + 4;
  if (size <= maxHeaders) return null;
  return problemResponse(431, `Cannot take the headers: more than ${maxHeaders} bytes`);
}

/**
 * Whether a request comes from a page of another site. Such a page reaches this server by a name of its own
 * (DNS rebinding), or by this server's name with its own origin. A browser reports both truthfully.
 */
function foreign(
  headers: Headers,
  method: string,
  trusted: (name: string) => boolean,
  proxied: readonly string[],
): Response | null {
  const host = headers.get("host") ?? "";
  const name = hostName(host);
  if (name === null || !trusted(name)) {
    return problemResponse(
      421,
      `Cannot answer for host ${host.slice(0, 100)}: expected the address that the server printed`,
    );
  }
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  // A proxy may use this server's own name as host; the browser's origin is then the proxy's trusted name.
  const own = origin === null || origin === `http://${host}` || origin === `https://${host}` ||
    proxied.includes(hostName(origin.replace(/^https?:\/\//, "")) ?? "");
  const changes = method !== "GET" && method !== "HEAD";
  if (own && !(changes && site !== null && site !== "same-origin" && site !== "none")) return null;
  return problemResponse(403, "Cannot answer a page of another site");
}

/**
 * Refuses changes that are not JSON. A form cannot send JSON; a script of another site must ask first and is
 * refused.
 */
function unlabelled(method: string, headers: Headers): Response | null {
  if (method === "GET" || method === "HEAD") return null;
  const type = (headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  if (type === "application/json") return null;
  return problemResponse(
    415,
    `Cannot take content type ${type || "none"}: expected application/json`,
  );
}

function hostName(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return null;
  }
}

/**
 * Accepts the host names of this server. On loopback: its own names and those of a proxy. Otherwise also
 * addresses, which DNS cannot redirect, and the machine's names.
 */
function trustedNames(bound: string, proxied: readonly string[]): (name: string) => boolean {
  if (isLoopback(bound)) {
    return (name) => loopback.includes(name) || isLoopback(name) || proxied.includes(name);
  }
  const machine = Deno.hostname().toLowerCase();
  const own = [...loopback, ...proxied, bound.toLowerCase(), machine, `${machine}.local`];
  return (name) => own.includes(name) || name.startsWith("[") || /^\d+(\.\d+){3}$/.test(name);
}
