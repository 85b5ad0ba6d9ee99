/**
 * CODEBRIM (Mundt et al., "Meta-learning Convolutional Neural Architectures for Multi-target Concrete Defect
 * Classification with the COncrete DEfect BRidge IMage Dataset", CVPR 2019; Zenodo 2620293): pictures in
 * DIR/{train,val,test}/{background,defects}, labels in DIR/metadata/{background,defects}.xml. Each child of
 * a file's root has one attribute, the name of a picture, and a child for each class with the text 0 or 1.
 */
import { basename, join } from "@std/path";
import { parseXml, XmlElement, XmlError } from "@rgrove/parse-xml";
import { DataError, whyUnreadable } from "../common/errors.ts";
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

const kinds = ["background", "defects"] as const;

/** Content of an XML file: 0 or 1 per class, by picture. */
interface Metadata {
  path: string;
  classes: string[];
  labels: Map<string, { labels: number[]; line: number }>;
}

/** Whether a folder holds pictures in this format. */
export async function hasXmlMetadata(files: Files, dir: string): Promise<boolean> {
  for (const kind of kinds) if (await files.size(metadataPath(dir, kind)) !== null) return true;
  return false;
}

const metadataPath = (dir: string, kind: string) => join(dir, "metadata", `${kind}.xml`);

/**
 * Reads pictures and labels; of the test pictures only the names. Metadata of pictures that are not there
 * make a note, since one set of metadata serves several selections of pictures. Throws DataError naming file,
 * line and element where the metadata do not fit, or the picture that they do not name.
 */
export async function readCodebrim(dir: string, options: PictureOptions): Promise<ReadSet> {
  const { files } = options.source;
  const metadata = new Map<string, Metadata>();
  for (const kind of kinds) metadata.set(kind, await readMetadata(files, metadataPath(dir, kind)));
  const [first, second] = metadata.values();
  if (String(first.classes) !== String(second.classes)) {
    throw new DataError(
      `Cannot read ${second.path}: its classes are ${
        second.classes.join(", ")
      }, expected those of ` +
        `${first.path}: ${first.classes.join(", ")}`,
    );
  }
  const used = new Set<string>();
  const filesOf = async (folder: string, part: "train" | "valid" | "test") =>
    shuffled(await picturesOf(files, dir, folder, metadata, used), options.seed, part);
  const parts = {
    task: "multi-label" as const,
    classes: first.classes,
    train: await filesOf("train", "train"),
    valid: await filesOf("val", "valid"),
    test: await filesOf("test", "test"),
  };
  return await readPictureSet(dir, parts, options, notesOn(metadata, used));
}

/** The pictures of one part, both kinds, with their labels; `used` gets what was looked up. */
async function picturesOf(
  place: Files,
  dir: string,
  part: string,
  metadata: ReadonlyMap<string, Metadata>,
  used: Set<string>,
): Promise<LabelledFile[]> {
  const files: LabelledFile[] = [];
  for (const [kind, { path, labels }] of metadata) {
    const folder = join(dir, part, kind);
    if (!(await isFolder(place, folder))) {
      throw new DataError(
        `Cannot read image folder ${dir}: there is no folder ${folder}, expected one`,
      );
    }
    for (const { name } of await place.list(folder)) {
      if (name.startsWith(".") || !isPicture(name)) continue;
      const found = labels.get(keyOf(name));
      if (!found) {
        throw new DataError(
          `Cannot read ${path}: it has no element for ${
            join(folder, name)
          }, expected one for each ` +
            `picture; add it or move the picture away`,
        );
      }
      files.push({ path: join(folder, name), labels: found.labels });
      used.add(`${kind}/${keyOf(name)}`);
    }
  }
  if (files.length > 0) return files;
  throw new DataError(
    `Cannot read image folder ${join(dir, part)}: it has no pictures, expected some ` +
      pictureNames,
  );
}

/** Key of a picture: its name before the first dot, without `_-_` and the suffix of augmented copies. */
function keyOf(name: string): string {
  return basename(name).split(".")[0].split("_-_")[0];
}

async function readMetadata(files: Files, path: string): Promise<Metadata> {
  const bytes = await files.read(path).catch((cause) => {
    const why = whyUnreadable(cause);
    throw new DataError(`Cannot read ${path}: ${why}, expected the labels as XML`, { cause });
  });
  const text = new TextDecoder().decode(bytes);
  const elements = elementsOf(rootOf(path, text));
  const classes = elements.length > 0 ? elementsOf(elements[0]).map(({ name }) => name) : [];
  if (classes.length === 0) {
    throw new DataError(
      `Cannot read ${path}: its root has no elements with labels in them, expected one for each picture`,
    );
  }
  const labels: Metadata["labels"] = new Map();
  for (const element of elements) {
    const line = lineOf(text, element);
    const key = keyOf(pictureOf(path, line, element));
    const before = labels.get(key);
    if (before) {
      refuse(path, line, element, `is for ${key} again`, `one; line ${before.line} has it already`);
    }
    labels.set(key, { labels: labelsOf(path, text, element, classes), line });
  }
  return { path, classes, labels };
}

function rootOf(path: string, text: string): XmlElement {
  try {
    // A document without a root is refused by the parser.
    return parseXml(text, { includeOffsets: true }).root!;
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    const [reason] = cause.message.split("\n");
    throw new DataError(`Cannot read ${path}: ${reason}, expected well-formed XML`, { cause });
  }
}

function pictureOf(path: string, line: number, element: XmlElement): string {
  const values = Object.values(element.attributes);
  if (values.length !== 1 || keyOf(values[0]) === "") {
    const got = values.length === 1
      ? `has ${JSON.stringify(element.attributes)}`
      : `has ${values.length} attributes`;
    refuse(path, line, element, got, "one attribute, the file name of a picture");
  }
  return values[0];
}

function labelsOf(path: string, text: string, element: XmlElement, classes: string[]): number[] {
  const children = elementsOf(element);
  const names = children.map(({ name }) => name);
  if (String(names) !== String(classes)) {
    refuse(
      path,
      lineOf(text, element),
      element,
      `has the elements ${names.join(", ") || "(none)"}`,
      classes.join(", "),
    );
  }
  return children.map((child) => {
    const value = child.text.trim();
    if (value !== "0" && value !== "1") {
      refuse(path, lineOf(text, child), child, `holds ${JSON.stringify(value)}`, "0 or 1");
    }
    return Number(value);
  });
}

function elementsOf({ children }: XmlElement): XmlElement[] {
  return children.filter((child) => child instanceof XmlElement);
}

function lineOf(text: string, { start }: XmlElement): number {
  return text.slice(0, start).split("\n").length;
}

function notesOn(metadata: ReadonlyMap<string, Metadata>, used: ReadonlySet<string>): string[] {
  const notes: string[] = [];
  for (const [kind, { path, labels }] of metadata) {
    const unused = [...labels.keys()].filter((key) => !used.has(`${kind}/${key}`));
    if (unused.length > 0) {
      const pictures = unused.length === 1
        ? `a picture that is not there (${unused[0]})`
        : `${unused.length} pictures that are not there (${unused[0]}, …)`;
      notes.push(`${path} names ${pictures}.`);
    }
  }
  return notes;
}

function refuse(
  path: string,
  line: number,
  { name }: XmlElement,
  got: string,
  expected: string,
): never {
  throw new DataError(
    `Cannot read ${path}: line ${line}, element ${name} ${got}, expected ${expected}`,
  );
}
