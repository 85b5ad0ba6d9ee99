/** Routes of runs: list, inspect, start, stop, resume, delete. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "./context.ts";
import { problems } from "./problem.ts";
import { idParam, runDetail, runList, runSummary, started, stateName } from "./schemas.ts";
import { makeRun } from "./start.ts";
import { startBody } from "./start_schema.ts";
import { detailOf, summaryOf } from "./summary.ts";

const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

/** Reason: a form of another site cannot send that type. */
const typed = "Needs `Content-Type: application/json`, though no body.";

const listRoute = createRoute({
  method: "get",
  path: "/runs",
  summary: "List runs, newest first",
  request: {
    query: z.object({
      state: stateName.optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      offset: z.coerce.number().int().nonnegative().default(0),
    }),
  },
  responses: { 200: json(runList, "Runs and how many there are."), ...problems(400, 401) },
});

const startRoute = createRoute({
  method: "post",
  path: "/runs",
  summary: "Start a search or a retraining",
  description: "It runs when the adapter is free. Settings that are left out come from the preset.",
  request: { body: { required: true, content: { "application/json": { schema: startBody } } } },
  responses: { 202: json(started, "Queued."), ...problems(400, 401, 404, 409, 413, 415) },
});

const inspectRoute = createRoute({
  method: "get",
  path: "/runs/{id}",
  summary: "Inspect a run",
  request: { params: idParam },
  responses: { 200: json(runDetail, "The run."), ...problems(400, 401, 404, 409) },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/runs/{id}",
  summary: "Delete a run that is not going on",
  description: typed,
  request: { params: idParam },
  responses: { 204: { description: "Gone." }, ...problems(400, 401, 404, 409, 415) },
});

const action = (name: "stop" | "resume", summary: string) =>
  createRoute({
    method: "post",
    path: `/runs/{id}/${name}`,
    summary,
    description: typed,
    request: { params: idParam },
    responses: { 202: json(runSummary, "Asked for."), ...problems(400, 401, 404, 409, 415) },
  });

const stopRoute = action("stop", "Stop a run: it writes a checkpoint first");
const resumeRoute = action("resume", "Go on with an interrupted or failed run");

export function addRuns(app: OpenAPIHono, context: Context): void {
  const { runs, dispatcher, tails, indexes } = context;
  const summary = (id: string) => summaryOf(runs.get(id), dispatcher.positionOf(id));

  app.openapi(listRoute, (c) => {
    const { state, limit, offset } = c.req.valid("query");
    const waiting = dispatcher.waiting().map(({ run }) => run);
    const all = runs.list().filter((run) => state === undefined || run.state.status === state);
    const page = all.slice(offset, offset + limit).map((run) => {
      const position = waiting.indexOf(run.id);
      return summaryOf(run, position < 0 ? undefined : position);
    });
    return c.json({ runs: page, total: all.length }, 200);
  });

  app.openapi(startRoute, async (c) => {
    const id = await makeRun(c.req.valid("json"), context);
    dispatcher.enqueue(runs.get(id));
    const location = `/runs/${id}`;
    return c.json({ id, location }, 202, { location });
  });

  app.openapi(inspectRoute, async (c) => {
    return c.json(await detailOf(runs.get(c.req.valid("param").id), context), 200);
  });

  app.openapi(stopRoute, (c) => {
    const { id } = c.req.valid("param");
    dispatcher.stop(runs.get(id));
    return c.json(summary(id), 202);
  });

  app.openapi(resumeRoute, (c) => {
    const { id } = c.req.valid("param");
    dispatcher.enqueue(runs.get(id));
    return c.json(summary(id), 202);
  });

  app.openapi(deleteRoute, (c) => {
    const run = runs.get(c.req.valid("param").id);
    dispatcher.remove(run);
    tails.remove(run);
    indexes.remove(run);
    return c.body(null, 204);
  });
}
