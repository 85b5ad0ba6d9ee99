/**
 * The listening socket: plain or TLS, on `node:http`, which has deadlines for headers and requests that
 * `Deno.serve` lacks.
 */
import { getRequestListener } from "@hono/node-server";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { UsageError } from "../common/errors.ts";
import type { ServerOptions as Options } from "../run/serving.ts";
import { answerWith } from "./guard.ts";
import { problemResponse } from "./problem.ts";

/** Times after which a client without a whole header, or a whole request, is disconnected. */
const usualDeadlines = { headersMs: 10_000, requestMs: 30_000 };
/** Interval of checking these deadlines. */
const checkMs = 1000;

/**
 * Matches dot segments in a path. They would be resolved, and the answer would be for another path than the
 * request.
 */
const dotted = /^[^?]*\/(\.|%2e){1,2}([/?#]|$)/i;

const unreadable = () =>
  answerWith(problemResponse(400, "Cannot read the request: its address or host is none"));

type Answer = (request: Request) => Response | Promise<Response>;

export interface Listener {
  port: number;
  /** Accepts no more connections; resolves when the open ones have ended. */
  stop(): Promise<void>;
  /** Closes the connections that are left. */
  cut(): void;
}

/**
 * Starts listening.
 * @param answer is called for each request.
 * @throws UsageError when the address is not available, or certificate and key do not fit.
 */
export async function listen(
  options: Pick<Options, "host" | "port" | "tls" | "deadlines" | "report">,
  answer: Answer,
): Promise<Listener> {
  const server = makeServer(options, answer);
  const { host, port } = options;
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  try {
    server.listen(port, host.replace(/^\[|\]$/g, ""), listening.resolve);
    await listening.promise;
  } catch (cause) {
    throw new UsageError(`Cannot listen on ${whyDeaf(host, port, cause)}`, { cause });
  }
  server.off("error", listening.reject);
  server.on("error", (error) => options.report(String(error)));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    cut: () => server.closeAllConnections(),
  };
}

function makeServer(
  { tls, deadlines, report }: Pick<Options, "tls" | "deadlines" | "report">,
  answer: Answer,
): Server {
  const { headersMs, requestMs } = { ...usualDeadlines, ...deadlines };
  const limits: ServerOptions = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(checkMs, headersMs),
  };
  const listener = getRequestListener((request, { incoming }) => {
    return dotted.test(incoming.url ?? "") ? unreadable() : answer(request);
  }, {
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      if ((error as Error).name === "RequestError") return unreadable();
      report(String(error));
      return answerWith(
        problemResponse(500, "Cannot answer: the server failed; its terminal says why"),
      );
    },
  });
  const answered: Parameters<typeof createServer>[1] = (incoming, outgoing) => {
    listener(incoming, outgoing).catch((error) => report(String(error)));
  };
  if (!tls) return createServer(limits, answered);
  checkPair(tls);
  return createTlsServer({ ...limits, ...tls }, answered) as unknown as Server;
}

/** Checks certificate and key now: Deno does so only when a client connects. */
function checkPair({ cert, key }: NonNullable<Options["tls"]>): void {
  const read = <T>(what: string, make: () => T): T => {
    try {
      return make();
    } catch (cause) {
      throw new UsageError(
        `Cannot use the ${what}: ${(cause as Error).message}, expected one as PEM`,
        { cause },
      );
    }
  };
  const certificate = read("certificate", () => new X509Certificate(cert));
  const fits = read("key", () => certificate.checkPrivateKey(createPrivateKey(key)));
  if (!fits) {
    throw new UsageError("Cannot use the key: it is another certificate's, expected this one's");
  }
}

function whyDeaf(host: string, port: number, cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  switch (code) {
    case "EADDRINUSE":
      return `port ${port}: another program does, expected a free one; try --port 0`;
    case "EACCES":
      return `port ${port}: no permission, expected one above 1023; try --port 8000`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return `host ${
        host.slice(0, 100)
      }: this machine has no such address, expected one of its own; ` +
        `try --host 127.0.0.1`;
    default:
      return `host ${host.slice(0, 100)}, port ${port}: ${message}; try --host 127.0.0.1 --port 0`;
  }
}
