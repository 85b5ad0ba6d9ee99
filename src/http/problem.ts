/** Errors as problem details (RFC 9457), all with the same body; `detail` says what to do next. */
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { DataError, UsageError } from "../common/errors.ts";

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  /** Paths and messages, for a request that does not fit its schema. */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
}).openapi("Problem");

const titles: Record<number, string> = {
  400: "Bad request",
  401: "Token needed",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Body too large",
  414: "Address too long",
  415: "Unsupported media type",
  416: "Range not satisfiable",
  421: "Misdirected request",
  429: "Too many wrong tokens",
  431: "Headers too large",
  500: "Internal error",
  503: "Too busy",
};

/** An error answer; thrown by handlers. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

export function problemResponse(
  status: number,
  detail: string,
  { errors, headers }: {
    errors?: { path: string; message: string }[];
    headers?: Record<string, string>;
  } = {},
): Response {
  const title = titles[status] ?? "Error";
  const body = { type: "about:blank", title, status, detail, errors };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/**
 * Converts an error to an answer. The library's own errors are the client's mistake or a damaged run, not a
 * server failure.
 */
export function problemOf(error: Error, report: (error: Error) => void): Response {
  if (error instanceof Problem) {
    return problemResponse(error.status, error.message, { headers: error.headers });
  }
  if (error instanceof HTTPException) {
    return problemResponse(error.status, error.message || titles[error.status] || "Error");
  }
  if (error instanceof UsageError) return problemResponse(400, error.message);
  if (error instanceof DataError) return problemResponse(409, error.message);
  report(error);
  return problemResponse(500, "Cannot answer: the server failed; its terminal says why");
}

/** The zod issues as one problem: the first as a sentence, all of them in `errors`. */
export function invalidRequest(
  target: string,
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): Response {
  const errors = issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
  const { path, message } = errors[0];
  const where = path === "" ? target : `${path} (${target})`;
  return problemResponse(400, `Cannot use the request: ${where}: ${message}`, { errors });
}

/** Error answers of a route, for the OpenAPI document. */
export function problems(...statuses: number[]) {
  const content = { "application/problem+json": { schema: problemSchema } };
  return Object.fromEntries(
    statuses.map((status) => [status, { description: titles[status], content }]),
  );
}
