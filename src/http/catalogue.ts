/** What there is to start from: data sets, presets, the settings' schema. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { join } from "@std/path";
import { knownSets, locateDataSet } from "../data/mod.ts";
import { presets, retrainPresets } from "../nas/presets.ts";
import type { Context } from "./context.ts";
import { problems } from "./problem.ts";
import { isRealFolder } from "./file.ts";
import { dataName, startBody } from "./start_schema.ts";

const dataset = z.object({
  name: z.string(),
  title: z.string(),
  builtIn: z.boolean(),
  /** On this machine; otherwise it is downloaded by the run that needs it. */
  here: z.boolean(),
  classes: z.array(z.string()),
}).openapi("DataSet");

const anything = z.record(z.string(), z.unknown());

function get<T extends z.ZodType>(path: string, summary: string, schema: T) {
  return createRoute({
    method: "get",
    path,
    summary,
    responses: {
      200: { description: summary, content: { "application/json": { schema } } },
      ...problems(401),
    },
  });
}

const datasetsRoute = get("/datasets", "Data sets", z.object({ datasets: z.array(dataset) }));
const presetsRoute = get(
  "/presets",
  "All settings of each preset, by command, preset and search space",
  z.object({ search: anything, retrain: anything }),
);
const schemaRoute = get("/schema/run", "JSON schema of what starts a run", anything);

export function addCatalogue(app: OpenAPIHono, { options: { dataDir, places } }: Context): void {
  app.openapi(datasetsRoute, async (c) => {
    const known = Object.entries(knownSets).map(async ([name, { title, classes }]) => {
      const found = await locateDataSet(name, { ...places, dataDir });
      return { name, title, builtIn: true, here: found !== null, classes: [...classes] };
    });
    return c.json({ datasets: [...await Promise.all(known), ...foldersIn(dataDir)] }, 200);
  });
  app.openapi(presetsRoute, (c) => c.json({ search: presets, retrain: retrainPresets }, 200));
  const schema = z.toJSONSchema(startBody, { io: "input" });
  app.openapi(schemaRoute, (c) => c.json(schema as Record<string, unknown>, 200));
}

/** The user's own sets: real folders with a plain name. */
function foldersIn(dataDir: string | undefined) {
  if (dataDir === undefined) return [];
  return [...Deno.readDirSync(dataDir)]
    .filter(({ name }) => dataName.safeParse(name).success && !Object.hasOwn(knownSets, name))
    .filter(({ name }) => isRealFolder(join(dataDir, name)))
    .map(({ name }) => ({ name, title: name, builtIn: false, here: true, classes: [] }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
