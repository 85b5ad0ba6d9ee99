/** The opening of a run's work on a worker's machine: with this machine's paths, plug-ins and data sets. */
import type { NatsConnection } from "@nats-io/transport-node";
import type { FindOptions } from "../../../data/mod.ts";
import type { Opening } from "../channel.ts";
import { fetchDataset } from "./dataset.ts";
import type { OpeningMessage } from "./names.ts";

/** Why a worker cannot do a run's jobs. */
export class Refusal extends Error {}

export interface Here {
  nc: NatsConnection;
  /** Version that the coordinator must have too. */
  version: string;
  /** Plug-ins of this machine: full path by hash. */
  plugins: ReadonlyMap<string, string>;
  /** Folders of data sets on this machine. */
  find: Pick<FindOptions, "cacheDir" | "dataDir" | "packageDirs">;
}

/** @param folder of checkpoints and attachments. @throws Refusal where version or plug-ins differ. */
export async function localOpening(
  { version, kind, plugins, dataset, checkpointSeconds, value }: OpeningMessage,
  here: Here,
  folder: string,
): Promise<Opening> {
  if (version !== here.version) {
    throw new Refusal(
      `the coordinator has denas ${version}, here is ${here.version}; install the same`,
    );
  }
  const files = plugins.map(({ name, sha256 }) => {
    const file = here.plugins.get(sha256);
    if (file) return file;
    throw new Refusal(`plug-in ${name} is not here with the same content; add --plugin ${name}`);
  });
  const { nc, find: places } = here;
  const fetched = dataset && await fetchDataset(nc, dataset, places);
  const find = { ...places, dataDir: fetched ? fetched.dataDir : places.dataDir };
  const { config, ...rest } = value as { config?: object };
  const own = {
    ...rest,
    config: fetched ? { ...config, data: fetched.name } : config,
    find,
    cacheDir: find.cacheDir,
  };
  const checkpoints = checkpointSeconds === undefined
    ? undefined
    : { folder, seconds: checkpointSeconds };
  return { kind, plugins: files, value: own, checkpoints, attachments: folder };
}
