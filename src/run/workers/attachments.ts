/**
 * Attachments: large files that many jobs read, such as shared weights. They are in one folder and named by the
 * SHA-256 of their content. Over NATS each worker fetches one once, into a folder of its own.
 */
import { basename, join } from "@std/path";
import { DataError } from "../../common/errors.ts";
import type { State } from "../../nas/strategy.ts";
import { removeIfThere, requireFolder, writeAtomic } from "../files.ts";
import { hostDigest } from "../host_digest.ts";
import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";

/** Writes a state in place of all earlier attachments of the folder. @returns its file. */
export function writeAttachment(folder: string, { json, tensors }: State): string {
  const bytes = encodeSafetensors(tensors, { state: JSON.stringify(json) });
  removeAttachments(folder);
  requireFolder(folder);
  const file = join(folder, hostDigest(bytes));
  writeAtomic(file, bytes);
  return file;
}

export const removeAttachments = (folder: string): void =>
  removeIfThere(folder, { recursive: true });

/** @throws DataError for a file whose content is not that of its name. */
export function readAttachment(file: string): State {
  const bytes = Deno.readFileSync(file);
  const hash = hostDigest(bytes);
  if (hash !== basename(file)) {
    throw new DataError(
      `Cannot read ${file}: its content hashes to ${
        hash.slice(0, 12)
      }…, the file is damaged; delete it, and ` +
        "start the worker again",
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  return { json: JSON.parse(metadata.state), tensors };
}
