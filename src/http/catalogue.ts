/** Catalogue for starting runs: data sets, presets, the settings' schema. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { join } from "@std/path";
import { knownSets, locateDataSet } from "../data/mod.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../nas/config/config.ts";
import { presetNames, presetsOf } from "../nas/config/presets.ts";
import { spaces, strategies } from "../nas/registry.ts";
import type { Context } from "./context.ts";
import { problems } from "./problem.ts";
import { isRealFolder } from "./file.ts";
import { dataName, startableEvaluators, startBody } from "./start_schema.ts";

const dataset = z.object({
  name: z.string(),
  title: z.string(),
  builtIn: z.boolean(),
  /** Present on this machine; otherwise the run that needs it downloads it. */
  here: z.boolean(),
  classes: z.array(z.string()),
}).openapi("DataSet");

const anything = z.record(z.string(), z.unknown());

function get<T extends z.ZodType>(path: string, summary: string, schema: T) {
  return createRoute({ method: "get", path, summary, ...answers(summary, schema, 401) });
}

function answers<T extends z.ZodType>(description: string, schema: T, ...errors: number[]) {
  return {
    responses: {
      200: { description, content: { "application/json": { schema } } },
      ...problems(...errors),
    },
  };
}

const datasetsRoute = get("/datasets", "Data sets", z.object({ datasets: z.array(dataset) }));
const presetsSummary = "All settings of each preset, by command, preset and search space";
const presetsRoute = createRoute({
  method: "get",
  path: "/presets",
  summary: presetsSummary,
  description: "A search's settings depend on its strategy and its evaluator.",
  request: {
    query: z.object({
      strategy: z.enum(strategies.names).optional(),
      evaluator: z.enum(startableEvaluators).optional(),
    }),
  },
  ...answers(presetsSummary, z.object({ search: anything, retrain: anything }), 400, 401),
});
const schemaRoute = get("/schema/run", "JSON schema of what starts a run", anything);

export function addCatalogue(app: OpenAPIHono, { options: { dataDir, places } }: Context): void {
  app.openapi(datasetsRoute, async (c) => {
    const known = Object.entries(knownSets).map(async ([name, { title, classes }]) => {
      const found = await locateDataSet(name, { ...places, dataDir });
      return { name, title, builtIn: true, here: found !== null, classes: [...classes] };
    });
    return c.json({ datasets: [...await Promise.all(known), ...foldersIn(dataDir)] }, 200);
  });
  app.openapi(presetsRoute, (c) => c.json(allPresets(c.req.valid("query")), 200));
  const schema = z.toJSONSchema(startBody, { io: "input" });
  app.openapi(schemaRoute, (c) => c.json(schema as Record<string, unknown>, 200));
}

/**
 * All settings by command, preset and space; `chosen` replaces the strategy or evaluator of a search's
 * preset.
 */
function allPresets(chosen: { strategy?: string; evaluator?: string }) {
  const each = <T>(resolve: (space: string, preset: string) => T) =>
    Object.fromEntries(
      presetNames().map((preset) => {
        const having = spaces.all().filter((space) => presetsOf(space).includes(preset));
        return [
          preset,
          Object.fromEntries(having.map(({ name }) => [name, resolve(name, preset)])),
        ];
      }),
    );
  return {
    search: each((mode, preset) => resolveSearchConfig({ mode, preset, overrides: chosen })),
    retrain: each((space, preset) => resolveRetrainConfig({ space, preset })),
  };
}

/** The user's own data sets: real folders with a plain name. */
function foldersIn(dataDir: string | undefined) {
  if (dataDir === undefined) return [];
  return [...Deno.readDirSync(dataDir)]
    .filter(({ name }) => dataName.safeParse(name).success && !Object.hasOwn(knownSets, name))
    .filter(({ name }) => isRealFolder(join(dataDir, name)))
    .map(({ name }) => ({ name, title: name, builtIn: false, here: true, classes: [] }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
