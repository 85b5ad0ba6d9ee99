/** Image folders: DIR/{train,valid,test}/<class>/*.{png,jpg,jpeg,webp,gif,bmp}. */
import { join } from "@std/path";
import { DataError } from "../common/errors.ts";
import type { Files } from "./file_source.ts";
import { pictureNames } from "./picture_header.ts";
import {
  isPicture,
  type LabelledFile,
  type PictureOptions,
  readPictureSet,
  shuffled,
} from "./picture_set.ts";
import { isFolder } from "./picture_source.ts";
import type { ReadSet } from "./reader.ts";

/**
 * Reads an image folder; of test/ only the names. Throws DataError where a part or class is missing or
 * empty or too many files are unreadable; fewer are skipped, each with a note.
 */
export async function readFolder(dir: string, options: PictureOptions): Promise<ReadSet> {
  const notes: string[] = [];
  const { files: place } = options.source;
  const classes = await classesOf(place, dir);
  const files = (part: "train" | "valid" | "test") =>
    filesOf(place, dir, part, classes, options.seed, notes);
  const train = await files("train");
  const valid = await isFolder(place, join(dir, "valid")) ? await files("valid") : null;
  const test = await files("test");
  const parts = { task: "single-label" as const, classes, train, valid, test };
  return await readPictureSet(dir, parts, options, notes);
}

async function classesOf(place: Files, dir: string): Promise<string[]> {
  const train = join(dir, "train");
  if (!(await isFolder(place, train))) {
    throw new DataError(
      `Cannot read image folder ${dir}: it has no folder train, expected ` +
        `${join(train, "<class>", "*.png")} or .jpg`,
    );
  }
  const classes = await foldersIn(place, train);
  if (classes.length < 2) {
    throw new DataError(
      `Cannot read image folder ${train}: it has ${classes.length} class folders, ` +
        `expected at least 2, one folder of pictures for each class`,
    );
  }
  return classes;
}

async function foldersIn(place: Files, path: string): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of await place.list(path)) {
    if (!name.startsWith(".") && await isFolder(place, join(path, name))) names.push(name);
  }
  return names;
}

/** The files of one part in an order that depends on the seed. */
async function filesOf(
  place: Files,
  dir: string,
  part: "train" | "valid" | "test",
  classes: string[],
  seed: number,
  notes: string[],
): Promise<LabelledFile[]> {
  const root = join(dir, part);
  if (!(await isFolder(place, root))) {
    throw new DataError(
      `Cannot read image folder ${dir}: it has no folder ${part}, expected ` +
        `${
          join(root, "<class>")
        } with pictures for the final measure; move some of each class there`,
    );
  }
  checkClasses(root, await foldersIn(place, root), classes);
  const files: LabelledFile[] = [];
  for (const [label, name] of classes.entries()) {
    const folder = join(root, name);
    const names = (await place.list(folder)).map((entry) => entry.name)
      .filter((file) => !file.startsWith("."));
    const pictures = names.filter(isPicture);
    if (pictures.length === 0) {
      throw new DataError(
        `Cannot read image folder ${folder}: it has no pictures among ${names.length} files, ` +
          `expected at least one ${pictureNames}; add some or delete the class`,
      );
    }
    if (pictures.length < names.length) {
      const other = names.find((file) => !pictures.includes(file));
      notes.push(
        `${names.length - pictures.length} files in ${folder} are not ${pictureNames} ` +
          `and were left out (${other}).`,
      );
    }
    for (const file of pictures) files.push({ path: join(folder, file), labels: [label] });
  }
  return shuffled(files, seed, part);
}

function checkClasses(root: string, found: string[], classes: string[]): void {
  const missing = classes.find((name) => !found.includes(name));
  const extra = found.find((name) => !classes.includes(name));
  if (missing === undefined && extra === undefined) return;
  const got = missing !== undefined ? `no class ${missing}` : `a class ${extra}`;
  throw new DataError(
    `Cannot read image folder ${root}: it has ${got}, expected the classes of train ` +
      `(${classes.slice(0, 10).join(", ")}${classes.length > 10 ? ", …" : ""})`,
  );
}
