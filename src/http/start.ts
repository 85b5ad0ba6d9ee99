/** Makes the folder of a run that a client asked for; the dispatcher starts it. */
import { join } from "@std/path";
import { knownSets } from "../data/mod.ts";
import { type ArchFile, formatArchFile, parseArchFile } from "../nas/arch_formats/arch_file.ts";
import { type Overrides, resolveSearchConfig, type SearchConfig } from "../nas/config/config.ts";
import { finalConfig, pictureOf } from "../nas/config/final_config.ts";
import { openSpace, spaces } from "../nas/registry.ts";
import { type NewRun, RunFolder } from "../run/folder.ts";
import { loadedPlugins } from "../run/plugins.ts";
import { archOfTrial, winnerText } from "./architectures.ts";
import type { Context } from "./context.ts";
import { isRealFolder } from "./file.ts";
import { Problem } from "./problem.ts";
import type { StartBody } from "./start_schema.ts";

/**
 * Resolves the settings and makes the run's folder.
 * @returns the run's id.
 * @throws UsageError naming the setting that does not fit, Problem for data or runs that do not exist.
 */
export async function makeRun(body: StartBody, context: Context): Promise<string> {
  const { options, runs } = context;
  const given = overridesOf(body, dataPath(body.data, options.dataDir));
  const run = body.command === "search"
    ? searchRun(body, given)
    : await retrainRun(body, given, context);
  const folder = RunFolder.create({ runs: runs.root, ...run });
  try {
    const out = join(folder.path, "arch.json");
    folder.update({ status: "interrupted", dataDir: options.dataDir, out });
    return folder.name;
  } finally {
    folder.close();
  }
}

function searchRun(
  body: Extract<StartBody, { command: "search" }>,
  overrides: Overrides,
): Omit<NewRun, "runs"> {
  const { mode, preset, faithful } = body;
  const config = resolveSearchConfig({ mode, preset, faithful, overrides });
  checkSpace(config);
  return { command: "search", mode, config };
}

async function retrainRun(
  body: Extract<StartBody, { command: "retrain" }>,
  given: Overrides,
  context: Context,
): Promise<Omit<NewRun, "runs">> {
  const { preset, faithful } = body;
  const text = await archText(body, context);
  const arch = parseArchFile(text, "of the request");
  checkArch(arch);
  const config = finalConfig(arch, { preset, faithful, given });
  return { command: "retrain", mode: "retrain", config, arch: text };
}

async function archText(
  { from, trial, arch }: Extract<StartBody, { command: "retrain" }>,
  context: Context,
): Promise<string> {
  if ((from === undefined) === (arch === undefined)) {
    throw new Problem(
      400,
      "Cannot retrain: expected either from (a run) or arch (an architecture)",
    );
  }
  if (arch) return formatArchFile(arch as ArchFile);
  const run = context.runs.get(from!);
  if (trial === undefined) return winnerText(run);
  const index = await context.indexes.get(run).refresh();
  return formatArchFile(archOfTrial(run, index, trial));
}

/** Checks the sizes of a space. @throws UsageError when the space cannot be built with them. */
function checkSpace({ space }: SearchConfig): void {
  openSpace(space);
}

/**
 * Checks an architecture. @throws UsageError when the choices do not fit, Problem when the space is unknown.
 */
function checkArch(arch: ArchFile): void {
  if (!spaces.find(arch.space)) {
    const known = spaces.names.join(", ");
    throw new Problem(400, `Cannot use arch: space is "${arch.space}", expected one of ${known}`);
  }
  pictureOf(arch);
}

/** Settings by dotted name, as --set takes them: `{ strategy: { kind } }` is `strategy.kind`. */
function overridesOf(body: StartBody, data: string | undefined): Overrides {
  const plugins = loadedPlugins();
  const overrides: Record<string, unknown> = {
    data,
    plugins: plugins.length > 0 ? [...plugins] : undefined,
  };
  const { command: _, preset: _p, faithful: _f, data: _d, ...rest } = body;
  const chosen = ["mode", "from", "trial", "arch"];
  const put = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      overrides[path] = value;
    } else for (const [name, part] of Object.entries(value)) put(part, `${path}.${name}`);
  };
  for (const [name, value] of Object.entries(rest)) if (!chosen.includes(name)) put(value, name);
  return overrides;
}

/** Path of a data set: a built-in name unchanged, or a folder directly under --data-dir, links refused. */
function dataPath(name: string | undefined, dataDir: string | undefined): string | undefined {
  if (name === undefined || Object.hasOwn(knownSets, name)) return name;
  const path = dataDir === undefined ? null : join(dataDir, name);
  if (path !== null && isRealFolder(path)) return path;
  throw new Problem(
    400,
    `Cannot use data ${name}: expected ${Object.keys(knownSets).join(", ")}` +
      (dataDir === undefined
        ? "; start the server with --data-dir for others"
        : " or a folder of --data-dir"),
  );
}
