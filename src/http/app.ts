/** The server's routes, and the middleware that every request passes. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { addArchitectures } from "./architectures.ts";
import { addArtifacts } from "./artifacts.ts";
import { addCatalogue } from "./catalogue.ts";
import type { Context } from "./context.ts";
import { addEvents } from "./events.ts";
import { answerHeaders, demandToken, guard, limitBody } from "./guard.ts";
import { addMetrics } from "./metrics.ts";
import { addPages, notFound } from "./pages.ts";
import { invalidRequest, problemOf, problems } from "./problem.ts";
import { addRuns } from "./runs.ts";
import { addStudies } from "./studies.ts";
import { addTab } from "./tab_pages.ts";
import { addTrials } from "./trials.ts";
import { addWorkers } from "./workers.ts";

const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the server lives",
  responses: {
    200: {
      description: "It does.",
      content: { "application/json": { schema: z.object({ status: z.literal("ok") }) } },
    },
  },
});

const sessionRoute = createRoute({
  method: "post",
  path: "/session",
  summary: "Trade the token for a cookie",
  request: {
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject({ token: z.string().max(1000) }) } },
    },
  },
  responses: { 204: { description: "The cookie is set." }, ...problems(400, 401, 415, 429) },
});

const endRoute = createRoute({
  method: "delete",
  path: "/session",
  summary: "Forget the cookie",
  responses: { 204: { description: "The cookie is gone." }, ...problems(415) },
});

export function makeApp(context: Context): OpenAPIHono {
  const { options, metrics, sessions } = context;
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) return invalidRequest(result.target, result.error.issues);
    },
  });
  app.onError((error) => problemOf(error, ({ stack }) => options.report(stack ?? String(error))));
  app.notFound((c) => notFound(c.req.path));
  app.use(metrics.middleware());
  app.use(answerHeaders);
  app.use(guard(options));
  app.use(demandToken(sessions));
  app.use(limitBody);

  app.openapi(healthRoute, (c) => c.json({ status: "ok" as const }, 200));
  app.openapi(sessionRoute, async (c) => {
    return c.body(null, 204, { "set-cookie": await sessions.begin(c.req.valid("json").token) });
  });
  app.openapi(endRoute, (c) => c.body(null, 204, { "set-cookie": sessions.end() }));
  for (
    const add of [
      addRuns,
      addEvents,
      addTrials,
      addWorkers,
      addArchitectures,
      addArtifacts,
      addStudies,
      addCatalogue,
      addMetrics,
      addTab,
    ]
  ) add(app, context);
  addPages(app);
  addDocument(app);
  return app;
}

function addDocument(app: OpenAPIHono): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
  });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "denas",
      version: "1",
      description: "Watching and steering searches for neural architectures.",
    },
    security: [{ token: [] }],
  });
}
