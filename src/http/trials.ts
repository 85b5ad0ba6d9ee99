/** Routes of a run's trials (pages, and one with its figures) and of its curves. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { archOfTrial } from "./architectures.ts";
import type { Context } from "./context.ts";
import { problems } from "./problem.ts";
import type { RunIndex } from "../run/view/run_index.ts";
import { trialOf, trialsPage } from "../run/view/trials.ts";
import { curves, idParam, trialDetail, trialList, trialParam } from "./schemas.ts";

const curvesRoute = createRoute({
  method: "get",
  path: "/runs/{id}/curves",
  summary: "Series for charts, thinned to so many points",
  request: {
    params: idParam,
    query: z.object({ points: z.coerce.number().int().min(2).max(5000).default(500) }),
  },
  responses: {
    200: { description: "Series.", content: { "application/json": { schema: curves } } },
    ...problems(400, 401, 404),
  },
});

const listRoute = createRoute({
  method: "get",
  path: "/runs/{id}/trials",
  summary: "Trials, sorted and filtered",
  request: {
    params: idParam,
    query: z.object({
      sort: z.enum(["score", "trial", "epoch"]).default("score"),
      order: z.enum(["asc", "desc"]).optional().openapi({
        description: "by default the best first, or the first first",
      }),
      on: z.enum(["reward", "selection"]).optional(),
      minScore: z.coerce.number().optional(),
      q: z.string().max(200).optional().openapi({ description: "part of the key" }),
      offset: z.coerce.number().int().nonnegative().default(0),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
  },
  responses: {
    200: { description: "One page.", content: { "application/json": { schema: trialList } } },
    ...problems(400, 401, 404),
  },
});

const trialRoute = createRoute({
  method: "get",
  path: "/runs/{id}/trials/{trial}",
  summary: "One trial: its architecture, its size, what to type to train it",
  request: { params: trialParam },
  responses: {
    200: { description: "The trial.", content: { "application/json": { schema: trialDetail } } },
    ...problems(400, 401, 404, 409),
  },
});

export function addTrials(app: OpenAPIHono, { runs, indexes, options }: Context): void {
  const indexOf = (id: string): Promise<RunIndex> => indexes.get(runs.get(id)).refresh();

  app.openapi(curvesRoute, async (c) => {
    const index = await indexOf(c.req.valid("param").id);
    return c.json(index.curves(c.req.valid("query").points), 200);
  });

  app.openapi(listRoute, async (c) => {
    const index = await indexOf(c.req.valid("param").id);
    return c.json(trialsPage(index, c.req.valid("query")), 200);
  });

  app.openapi(trialRoute, async (c) => {
    const { id, trial } = c.req.valid("param");
    const run = runs.get(id);
    const index = await indexOf(id);
    const { preset, ...detail } = trialOf(run, index, trial, archOfTrial(run, index, trial));
    const command = `${options.commandName} retrain trial-${trial}.json --preset ${preset}`;
    return c.json({ ...detail, command }, 200);
  });
}
