/** Routes of studies: list, progress, and the figure as it fills. Studies are started on the command line. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { isStudyRunning } from "../run/study/lock.ts";
import { plotStudy } from "../run/drawing/study_plot.ts";
import { drawingHeaders } from "./architectures.ts";
import type { Context } from "./context.ts";
import { problems } from "./problem.ts";
import { studyId, type StudyPlace } from "./studies_folder.ts";
import type { StudyIndex } from "./study_index.ts";

const idParam = z.object({
  id: z.string().regex(studyId).openapi({ param: { in: "path" }, example: "main_experiments" }),
});

const summary = z.object({
  id: z.string(),
  state: z.enum(["running", "done", "interrupted"]),
  /** Name of the group, or of the user's own file. */
  name: z.string(),
  created: z.string(),
  updated: z.string(),
  /** Number of finished searches, and of all. */
  done: z.number(),
  total: z.number(),
  secondsLeft: z.number().optional(),
  algorithms: z.number(),
  queries: z.number(),
  tables: z.array(z.string()),
}).openapi("StudySummary");

const list = z.object({ studies: z.array(summary), total: z.number() }).openapi("Studies");

const values = z.array(z.number().nullable());

const detail = summary.extend({
  seed: z.number(),
  tasks: z.array(z.object({
    title: z.string(),
    table: z.string(),
    dataset: z.string(),
    objective: z.string(),
    report: z.string(),
    best: z.number(),
    /** Numbers of queries. */
    at: z.array(z.number()),
    curves: z.array(z.object({
      algorithm: z.string(),
      trials: z.number(),
      mean: values,
      /** Deviation over the trials; null for a single one. */
      deviation: values,
      /** Half-width of the 95 % interval of the mean. */
      halfWidth: values,
      seconds: z.number(),
    })),
  })),
  settings: z.array(z.object({
    name: z.string(),
    strategy: z.string(),
    encoding: z.record(z.string(), z.unknown()),
    settings: z.record(z.string(), z.unknown()),
  })),
}).openapi("Study");

const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

const listRoute = createRoute({
  method: "get",
  path: "/studies",
  summary: "List studies, the last changed first",
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(100).default(50),
      offset: z.coerce.number().int().nonnegative().default(0),
    }),
  },
  responses: { 200: json(list, "Studies and how many there are."), ...problems(400, 401) },
});

const inspectRoute = createRoute({
  method: "get",
  path: "/studies/{id}",
  summary: "Inspect a study: its curves so far",
  request: { params: idParam },
  responses: { 200: json(detail, "The study."), ...problems(400, 401, 404, 409) },
});

const figureRoute = createRoute({
  method: "get",
  path: "/studies/{id}/study.svg",
  summary: "The figure of a study, of what is finished",
  request: { params: idParam },
  responses: {
    200: { description: "The figure.", content: { "image/svg+xml": { schema: z.string() } } },
    ...problems(400, 401, 404, 409),
  },
});

export function addStudies(app: OpenAPIHono, { studies, studyIndexes, options }: Context): void {
  const reported = new Set<string>();
  /** Unreadable studies are left out of lists and reported once. */
  const readable = async (place: StudyPlace) => {
    try {
      const index = await studyIndexes.get(place).refresh();
      return index.hasBegun ? [summaryOf(place, index)] : [];
    } catch (error) {
      const { message } = error as Error;
      if (!reported.has(message)) options.report(message);
      reported.add(message);
      return [];
    }
  };

  app.openapi(listRoute, async (c) => {
    const { limit, offset } = c.req.valid("query");
    const places = studies.list();
    const page = await Promise.all(places.slice(offset, offset + limit).map(readable));
    return c.json({ studies: page.flat(), total: places.length }, 200);
  });

  app.openapi(inspectRoute, async (c) => {
    const place = studies.get(c.req.valid("param").id);
    const index = await studyIndexes.get(place).refresh();
    const { seed, algorithms } = index.head.study;
    return c.json({
      ...summaryOf(place, index),
      seed,
      tasks: index.curves(),
      settings: algorithms.map(({ name, strategy, encoding, settings }) => (
        { name, strategy, encoding, settings }
      )),
    }, 200);
  });

  app.openapi(figureRoute, async (c) => {
    const place = studies.get(c.req.valid("param").id);
    const { records } = await studyIndexes.get(place).refresh();
    return new Response(plotStudy(records), { headers: drawingHeaders }) as never;
  });
}

function summaryOf(place: StudyPlace, index: StudyIndex): z.infer<typeof summary> {
  const { id, file, created, updated } = place;
  const { study, tasks } = index.head;
  const { done, total, secondsLeft } = index.progress();
  const state = isStudyRunning(file) ? "running" : done >= total ? "done" : "interrupted";
  return {
    id,
    state,
    name: study.name,
    created,
    updated,
    done,
    total,
    secondsLeft: state === "running" ? secondsLeft : undefined,
    algorithms: study.algorithms.length,
    queries: study.queries,
    tables: [...new Set(tasks.map(({ table }) => table))],
  };
}
