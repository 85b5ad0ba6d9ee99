/** Opening message for workers on other machines: without paths of this machine, with hashes in their place. */
import { basename } from "@std/path";
import { createHash } from "node:crypto";
import configuration from "../../../../deno.json" with { type: "json" };
import { sha256 } from "../../../common/sha256.ts";
import { kernelsDigest } from "../../../nas/tuning/kernels.ts";
import type { Opening } from "../channel.ts";
import type { OpeningMessage } from "./names.ts";

/** Version of denas and of its kernels: coordinator and workers must have the same. */
export const version = `${configuration.version} (kernels ${kernelsDigest})`;

/** Hash of a plug-in's file. */
export const pluginHash = (file: string): string =>
  createHash("sha256").update(Deno.readFileSync(file)).digest("hex");

/** An opening as other machines get it. @param dataset that the work reads, in the object store. */
export function portableOpening(
  { kind, plugins, value, checkpoints }: Opening,
  dataset?: OpeningMessage["dataset"],
): OpeningMessage {
  const { find: _find, cacheDir: _cache, runs: _runs, ...settings } = value as Record<
    string,
    unknown
  >;
  const portable = {
    version,
    kind,
    plugins: plugins.map((file) => ({ name: basename(file), sha256: pluginHash(file) })),
    dataset,
    checkpointSeconds: checkpoints?.seconds,
    value: settings,
  };
  return { ...portable, hash: sha256(JSON.stringify(portable)).slice(0, 16) };
}
