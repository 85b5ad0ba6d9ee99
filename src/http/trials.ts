/** Routes of a run's trials (pages, and one with its figures) and of its curves. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { classCount } from "../nas/arch_formats/arch_file.ts";
import { describe } from "../nas/analysis/describe.ts";
import { finalConfig } from "../nas/config/final_config.ts";
import { presetsOf } from "../nas/config/presets.ts";
import { openSpace, spaces } from "../nas/registry.ts";
import { archOfTrial } from "./architectures.ts";
import type { Context } from "./context.ts";
import { Problem, problems } from "./problem.ts";
import type { RunIndex } from "./run_index.ts";
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
    const { offset, limit, order, ...query } = c.req.valid("query");
    const direction = order ?? (query.sort === "score" ? "desc" : "asc");
    const rows = index.trials.select({ ...query, order: direction });
    const trials = index.rows(rows.slice(offset, offset + limit));
    return c.json({ trials, total: rows.length, offset, limit }, 200);
  });

  app.openapi(trialRoute, async (c) => {
    const { id, trial } = c.req.valid("param");
    const run = runs.get(id);
    const index = await indexOf(id);
    const row = index.trials.row(trial);
    if (row === undefined) throw new Problem(404, `Cannot find trial ${trial} of run ${id}`);
    const arch = archOfTrial(run, index, trial);
    const preset = presetFor(run.config.preset, arch.space);
    const { space, form } = finalConfig(arch, { preset, given: {} });
    const opened = openSpace(space);
    const decoded = opened.decode(arch.choice);
    const { parameters, macs } = describe({
      space: opened,
      choice: arch.choice,
      input: arch.input,
      classes: classCount(arch),
      form,
    });
    const [shown] = index.rows([row]);
    return c.json({
      ...shown,
      rank: index.trials.rank(row),
      parameters,
      macs,
      arch,
      texts: opened.texts?.(decoded) ?? {},
      outline: opened.outline?.(decoded) ?? [],
      command: `${options.commandName} retrain trial-${trial}.json --preset ${preset}`,
    }, 200);
  });
}

/** Preset for retraining: a search's preset may have no section for it. */
function presetFor(preset: string, space: string): string {
  return presetsOf(spaces.get(space)).includes(preset) ? preset : "quick";
}
