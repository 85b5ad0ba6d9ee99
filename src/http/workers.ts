/** Routes of a run's workers: their state, and requests to drain or stop one. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { askWorker, workerName } from "../run/workers/control.ts";
import { readWorkers } from "../run/workers/journal.ts";
import type { Context } from "./context.ts";
import { Problem, problems } from "./problem.ts";
import { idParam } from "./schemas.ts";

const worker = z.object({
  id: z.string(),
  state: z.enum(["starting", "idle", "busy", "draining", "ended"]),
  pid: z.number().optional(),
  host: z.string().optional(),
  adapter: z.string().optional(),
  driver: z.string().optional(),
  /** The trial that it evaluates. */
  trial: z.number().optional(),
  done: z.number(),
  /** Time of the last sign of life. */
  seen: z.string(),
}).openapi("Worker");

const workers = z.object({
  /** Trials that wait for a worker, that are done, and attempts whose worker was lost. */
  queued: z.number(),
  done: z.number(),
  lost: z.number(),
  workers: z.array(worker),
}).openapi("Workers");

const listRoute = createRoute({
  method: "get",
  path: "/runs/{id}/workers",
  summary: "The workers of a running search",
  request: { params: idParam },
  responses: {
    200: {
      description: "None where it has none.",
      content: { "application/json": { schema: workers } },
    },
    ...problems(400, 401, 404),
  },
});

const askRoute = createRoute({
  method: "post",
  path: "/runs/{id}/workers/{worker}/{action}",
  summary: "Drain a worker (it finishes its trial), or stop it (its trial goes to another)",
  description: "Needs `Content-Type: application/json`, though no body.",
  request: {
    params: idParam.extend({
      worker: z.string().regex(workerName),
      action: z.enum(["drain", "stop"]),
    }),
  },
  responses: { 202: { description: "Asked for." }, ...problems(400, 401, 404, 409, 415) },
});

const none = { queued: 0, done: 0, lost: 0, workers: [] };

export function addWorkers(app: OpenAPIHono, { runs }: Context): void {
  app.openapi(listRoute, (c) => {
    const { path, state } = runs.get(c.req.valid("param").id);
    const now = state.status === "running" ? readWorkers(path) : null;
    if (!now) return c.json(none, 200);
    const { queued, done, lost } = now;
    const shown = now.workers.map(({ job, ...rest }) => ({
      ...rest,
      // A job's id begins with the trial's.
      ...job !== undefined && { trial: parseInt(job) },
    }));
    return c.json({ queued, done, lost, workers: shown }, 200);
  });

  app.openapi(askRoute, (c) => {
    const { id, worker, action } = c.req.valid("param");
    const { path, state } = runs.get(id);
    const known = state.status === "running" &&
      readWorkers(path)?.workers.some((w) => w.id === worker);
    if (!known) {
      throw new Problem(
        409,
        `Cannot ${action} worker ${worker}: run ${id} has none of this name now`,
      );
    }
    askWorker(path, worker, action);
    return c.body(null, 202);
  });
}
