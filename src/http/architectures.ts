/** Architectures of a run, as JSON and drawn: that of the winner and of any trial. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { join } from "@std/path";
import {
  type ArchFile,
  archFile,
  formatArchFile,
  parseArchFile,
} from "../nas/arch_formats/arch_file.ts";
import { pictureOf } from "../nas/config/final_config.ts";
import { drawSvg } from "../run/draw.ts";
import { plotLineage } from "../run/drawing/lineage.ts";
import type { Context } from "./context.ts";
import { isRealFile } from "./file.ts";
import { Problem, problems } from "./problem.ts";
import * as viewed from "../run/view/trials.ts";
import type { RunIndex } from "../run/view/run_index.ts";
import type { Run } from "./runs_folder.ts";
import { idParam, trialParam } from "./schemas.ts";
import { Shelf } from "./lru_cache.ts";

const drawing = {
  200: { description: "The drawing.", content: { "image/svg+xml": { schema: z.string() } } },
};
/** Headers of a drawing: opened by itself it is a document, which may have styles and nothing else. */
export const drawingHeaders = {
  "content-type": "image/svg+xml; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
};
/** Trials of a lineage that are drawn: the last ones. */
const DRAWN = 400;
/** Drawings that are cached; an architecture's drawing never changes. */
const keptDrawings = 200;

const archRoute = createRoute({
  method: "get",
  path: "/runs/{id}/arch",
  summary: "The found architecture",
  request: { params: idParam },
  responses: {
    200: { description: "arch.json.", content: { "application/json": { schema: archFile } } },
    ...problems(400, 401, 404, 409),
  },
});

const svgRoute = createRoute({
  method: "get",
  path: "/runs/{id}/arch.svg",
  summary: "The found architecture, drawn",
  request: { params: idParam },
  responses: { ...drawing, ...problems(400, 401, 404, 409) },
});

const lineageRoute = createRoute({
  method: "get",
  path: "/runs/{id}/lineage.svg",
  summary: "The trials of a search with those that they were made from, drawn",
  request: { params: idParam },
  responses: {
    ...drawing,
    204: { description: "No trial was made from others." },
    ...problems(400, 401, 404),
  },
});

const trialArchRoute = createRoute({
  method: "get",
  path: "/runs/{id}/trials/{trial}/arch",
  summary: "A trial's architecture as a file that can be retrained",
  request: { params: trialParam },
  responses: {
    200: { description: "arch.json.", content: { "application/json": { schema: archFile } } },
    ...problems(400, 401, 404, 409),
  },
});

const trialSvgRoute = createRoute({
  method: "get",
  path: "/runs/{id}/trials/{trial}/svg",
  summary: "A trial's architecture, drawn",
  request: { params: trialParam },
  responses: { ...drawing, ...problems(400, 401, 404, 409) },
});

export function addArchitectures(app: OpenAPIHono, { runs, indexes }: Context): void {
  const drawings = new Shelf(keptDrawings, (text: string) => text, (text) => {
    const arch = parseArchFile(text, "to draw");
    return drawSvg(pictureOf(arch));
  });
  const draw = async (text: string) =>
    new Response(await drawings.get(text), { headers: drawingHeaders });

  app.openapi(archRoute, (c) => {
    return c.body(winnerText(runs.get(c.req.valid("param").id)), 200, {
      "content-type": "application/json",
    }) as never;
  });
  app.openapi(svgRoute, async (c) => {
    return await draw(winnerText(runs.get(c.req.valid("param").id))) as never;
  });
  app.openapi(lineageRoute, async (c) => {
    const run = runs.get(c.req.valid("param").id);
    const svg = lineage(run, await indexes.get(run).refresh());
    if (svg === null) return c.body(null, 204) as never;
    return new Response(svg, { headers: drawingHeaders }) as never;
  });
  app.openapi(trialArchRoute, async (c) => {
    const { id, trial } = c.req.valid("param");
    const run = runs.get(id);
    const arch = archOfTrial(run, await indexes.get(run).refresh(), trial);
    return c.body(formatArchFile(arch), 200, {
      "content-type": "application/json",
      "content-disposition": `attachment; filename="trial-${trial}.json"`,
    }) as never;
  });
  app.openapi(trialSvgRoute, async (c) => {
    const { id, trial } = c.req.valid("param");
    const run = runs.get(id);
    const arch = archOfTrial(run, await indexes.get(run).refresh(), trial);
    const { score: _, ...drawn } = arch;
    return await draw(formatArchFile(drawn)) as never;
  });
}

/** Drawing of a run's lineage; null where no trial has parents. */
function lineage({ id }: Run, index: RunIndex): string | null {
  const rows = index.trials.select({ on: "reward", sort: "trial", order: "asc" });
  const trials = index.rows(rows.slice(-DRAWN));
  if (!index.start || !trials.some(({ parents }) => parents?.length)) return null;
  return plotLineage({ start: index.start, trials }, id);
}

/** arch.json of a run. @throws Problem 404 while there is none. */
export function winnerText({ id, path }: Run): string {
  const file = join(path, "arch.json");
  if (!isRealFile(file)) {
    throw new Problem(404, `Cannot find the architecture of run ${id}: a search has it at its end`);
  }
  return Deno.readTextFileSync(file);
}

/**
 * The arch.json that would have been written if this trial had won.
 * @throws Problem 404 when there is no such trial.
 */
export function archOfTrial(run: Run, index: RunIndex, trial: number): ArchFile {
  const arch = viewed.archOfTrial(run, index, trial, () => winnerText(run));
  if (arch) return arch;
  throw new Problem(404, `Cannot find trial ${trial} of run ${run.id}`);
}
