import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import configuration from "../../deno.json" with { type: "json" };
import { hostsOf, knownSets } from "../../src/data/mod.ts";
import { permissionsFor } from "../../src/http/permissions.ts";
import type { Run } from "../../src/http/runs_folder.ts";
import { driverFiles } from "../../src/run/driver.ts";
import type { RunState } from "../../src/run/state_schema.ts";
import type { ServerOptions } from "../../src/run/serving.ts";

const root = Deno.makeTempDirSync({ prefix: "denas-" });
const cacheDir = join(root, "cache");
const options = { places: { cacheDir, packageDirs: [] } } as unknown as ServerOptions;

function run(data: string): Run {
  const config = { preset: "quick", seed: 1, data, adapter: "default", epochs: 1 };
  return { id: "a", path: join(root, "runs", "a"), state: {} as RunState, config };
}

/** The flags by name; a flag without a list would allow everything. */
async function flags(data: string): Promise<Record<string, string[]>> {
  const given = await permissionsFor(run(data), join(root, "runs"), options);
  return Object.fromEntries(given.map((flag) => {
    const [, name, list] = /^--allow-(\w+)=(.+)$/.exec(flag)!;
    return [name, list.split(",")];
  }));
}

Deno.test("a run writes its own folder, the lock and resized pictures, and reaches neither network nor programs", async () => {
  const folder = join(root, "photos");
  Deno.mkdirSync(join(folder, "train"), { recursive: true });
  const { env, read, write, ...others } = await flags(folder);
  assertEquals(write, [
    join(root, "runs", "a"),
    join(cacheDir, "locks"),
    join(cacheDir, "pictures"),
  ]);
  assert(read.includes(folder));
  assert(!read.includes("/"));
  assert(!env.includes("DENAS_TOKEN"));
  assertEquals(others, {});
});

Deno.test("what the command line was told to read and write stays possible after a resume", async () => {
  const { path, config, ...rest } = run("mnist");
  const state = {
    out: join(root, "mine", "arch.json"),
    outputs: { monitorPath: join(root, "monitor"), modelSaveInterval: 5 },
  } as unknown as RunState;
  const table = join(root, "table.db");
  const given = { ...rest, path, state, config: { ...config, evaluator: { table } } };
  const flags = await permissionsFor(given, join(root, "runs"), options);
  const list = (name: string) =>
    flags.find((flag) => flag.startsWith(`--allow-${name}=`))!.split(",");
  assert(list("read").includes(table));
  for (const place of [state.out!, `${state.out}.part`, join(root, "monitor")]) {
    assert(list("write").includes(place), place);
  }
});

Deno.test("a data set that is not there may be fetched, from its own hosts into its own folder", async () => {
  const { net, write } = await flags("cifar100");
  assertEquals(net, ["www.cs.toronto.edu"]);
  assertEquals(write, [
    join(root, "runs", "a"),
    join(cacheDir, "locks"),
    join(cacheDir, "cifar100"),
  ]);
});

Deno.test("commands reach the hosts of published data sets and no others", () => {
  const hosts = new Set(Object.values(knownSets).flatMap(hostsOf));
  assertEquals(configuration.permissions.engine.net, [...hosts]);
});

Deno.test("a run may read what tells the driver's version, which its tuning is kept by", async () => {
  const { read } = await flags("mnist");
  for (const place of driverFiles) assert(read.includes(place), place);
});
