/** Pictures of a data set: where their files are, and what decodes them. */
import { DataError } from "../common/errors.ts";
import type { Files } from "./file_source.ts";
import type { SmallPicture, WantedPicture } from "./wanted_picture.ts";

export interface PictureSource {
  files: Files;
  /** Name of the decoder with its version, and the version of the resizing that follows. */
  decoder: string;
  /** @param total pictures that will be read, for the progress. */
  open(total: number): PictureDecoder;
}

/** Decodes picture files to the size that is wanted. */
export interface PictureDecoder extends AsyncDisposable {
  /**
   * Hands the pictures to `take`, in no particular order.
   * @returns why the others are unreadable, by index.
   */
  read(
    paths: readonly string[],
    wanted: WantedPicture,
    take: (index: number, picture: SmallPicture) => void,
  ): Promise<Map<number, string>>;
  /** Why resized pictures cannot be kept for the next time; null where they are, or nothing keeps them. */
  readonly cacheProblem: string | null;
}

/** The first 256 KiB of a regular file, where the headers of pictures are. */
export async function startOf(files: Files, path: string): Promise<Uint8Array<ArrayBuffer>> {
  // Reading a pipe would block.
  if (await files.size(path) === null) throw new DataError(`Cannot read ${path}: it is no file`);
  return await files.read(path, 0, 2 ** 18);
}

/** Whether a path is a folder. */
export async function isFolder(files: Files, path: string): Promise<boolean> {
  try {
    await files.list(path);
    return true;
  } catch (error) {
    if (["NotFound", "NotADirectory"].includes((error as Error).name)) return false;
    throw error;
  }
}
