/** Reads format, size and EXIF orientation from the headers of picture files, without decoding. */

export type PictureKind = "PNG" | "JPEG" | "WebP" | "GIF" | "BMP";

export interface PictureHeader {
  kind: PictureKind;
  /** Width and height as stored, before the EXIF rotation. */
  w: number;
  h: number;
}

/** Formats that are read, for messages. */
export const pictureKinds = "PNG, JPEG, WebP, GIF or BMP";

/** Names of files that are taken for pictures; their first bytes decide what they are. */
export const pictureName = /\.(png|jpe?g|webp|gif|bmp)$/i;
export const pictureNames = ".png, .jpg, .jpeg, .webp, .gif or .bmp";

/** Most pixels of a picture: cameras of 200 megapixels fit, memory stays under 1.5 GB. */
const mostPixels = 2 ** 28;

/**
 * Format, width and height from the first bytes of a file. Throws Error where it is no picture, where it has
 * no pixels or more than `mostPixels`, or where the header is cut off.
 */
export function pictureHeader(bytes: Uint8Array): PictureHeader {
  const kind = kindOf(bytes);
  const [w, h] = sizeReaders[kind](bytes, viewOf(bytes));
  if (w < 1 || h < 1 || w * h > mostPixels) {
    throw new Error(
      `it says it has ${w} × ${h} pixels, expected 1 to ${mostPixels} of them`,
    );
  }
  return { kind, w, h };
}

/**
 * Throws Error for a PNG file of 16 bits with one transparent colour: the decoder keeps 8 bits of each value,
 * so that other colours would match it as well.
 */
function refuseDeepKey(bytes: Uint8Array): void {
  if (bytes[24] !== 16 || (bytes[25] !== 0 && bytes[25] !== 2)) return;
  for (const { name } of pngChunks(bytes)) {
    if (name !== "tRNS") continue;
    throw new Error(
      "it has 16 bits and one transparent colour, expected 8 bits or an alpha channel",
    );
  }
}

/** Most pixels per byte of a JPEG file: each block of 8 × 8 pixels takes a Huffman code of a bit or more. */
const pixelsPerByte = 512;

/** `pictureHeader` of a whole file; throws Error also if a JPEG file is too short for its size. */
export function checkedHeader(bytes: Uint8Array): PictureHeader {
  const header = pictureHeader(bytes);
  const { kind, w, h } = header;
  if (kind === "JPEG" && w * h > pixelsPerByte * bytes.length) {
    throw new Error(
      `it says it has ${w} × ${h} pixels, more than its ${bytes.length} bytes can hold`,
    );
  }
  return header;
}

/** The EXIF orientation 1 … 8 (EXIF 2.3 §4.6.4, tag 0x0112); 1 where there is none. */
export function readOrientation(bytes: Uint8Array, kind: PictureKind): number {
  for (const tiff of exifBlocks[kind]?.(bytes) ?? []) {
    const orientation = tiffOrientation(tiff);
    if (orientation >= 1 && orientation <= 8) return orientation;
  }
  return 1;
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Lengths of the second header of BMP files, by version. */
const bmpHeaders = [12, 40, 52, 56, 64, 108, 124];

/** Tests of a file's first bytes, by format. */
const begins: Record<PictureKind, (bytes: Uint8Array) => boolean> = {
  PNG: (bytes) =>
    pngSignature.every((byte, i) => bytes[i] === byte) && latin1(bytes, 12, 16) === "IHDR",
  JPEG: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8,
  WebP: (bytes) => latin1(bytes, 0, 4) === "RIFF" && latin1(bytes, 8, 12) === "WEBP",
  GIF: (bytes) => ["GIF87a", "GIF89a"].includes(latin1(bytes, 0, 6)),
  BMP: (bytes) =>
    latin1(bytes, 0, 2) === "BM" && bytes.length >= 18 &&
    bmpHeaders.includes(viewOf(bytes).getUint32(14, true)),
};

function kindOf(bytes: Uint8Array): PictureKind {
  for (const [kind, does] of Object.entries(begins)) if (does(bytes)) return kind as PictureKind;
  throw new Error(bytes.length === 0 ? "it is empty" : `it is no ${pictureKinds} file`);
}

type SizeReader = (bytes: Uint8Array, view: DataView) => [number, number];

const sizeReaders: Record<PictureKind, SizeReader> = {
  PNG: whole(33, (bytes, view) => {
    refuseDeepKey(bytes);
    return [view.getUint32(16), view.getUint32(20)];
  }),
  JPEG: jpegSize,
  WebP: whole(30, webpSize),
  GIF: whole(10, (_, view) => [view.getUint16(6, true), view.getUint16(8, true)]),
  BMP: whole(
    26,
    (_, view) =>
      view.getUint32(14, true) === 12
        ? [view.getUint16(18, true), view.getUint16(20, true)]
        // A negative height means that rows go from top to bottom.
        : [view.getInt32(18, true), Math.abs(view.getInt32(22, true))],
  ),
};

function whole(length: number, read: SizeReader): SizeReader {
  return (bytes, view) => {
    if (bytes.length >= length) return read(bytes, view);
    throw new Error(`it ends after ${bytes.length} bytes, inside its header`);
  };
}

function jpegSize(bytes: Uint8Array, view: DataView): [number, number] {
  for (const { marker, start, end } of jpegSegments(bytes)) {
    if (isFrame(marker) && end - start >= 6 && end <= bytes.length) {
      return [view.getUint16(start + 3), view.getUint16(start + 1)];
    }
  }
  throw new Error("it is a JPEG file without a frame header");
}

/** RFC 9649: canvas of an extended file, or frame header of a lossy or lossless one. */
function webpSize(bytes: Uint8Array, view: DataView): [number, number] {
  const uint24 = (at: number) => view.getUint16(at, true) + (bytes[at + 2] << 16);
  switch (latin1(bytes, 12, 16)) {
    case "VP8X":
      return [uint24(24) + 1, uint24(27) + 1];
    case "VP8 ":
      return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
  }
  throw new Error("it is a WebP file without a frame header");
}

const exifBlocks: Partial<Record<PictureKind, (bytes: Uint8Array) => Generator<Uint8Array>>> = {
  PNG: pngExif,
  JPEG: jpegExif,
  WebP: webpExif,
};

function* jpegExif(bytes: Uint8Array): Generator<Uint8Array> {
  for (const { marker, start, end } of jpegSegments(bytes)) {
    const isExif = marker === 0xe1 && latin1(bytes, start, start + 6) === "Exif\0\0";
    if (isExif) yield bytes.subarray(start + 6, end);
  }
}

function* pngExif(bytes: Uint8Array): Generator<Uint8Array> {
  for (const { name, data } of pngChunks(bytes)) if (name === "eXIf") yield data;
}

function* pngChunks(bytes: Uint8Array) {
  const view = viewOf(bytes);
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at);
    yield { name: latin1(bytes, at + 4, at + 8), data: bytes.subarray(at + 8, end) };
    at = end + 4;
  }
}

function* webpExif(bytes: Uint8Array): Generator<Uint8Array> {
  const view = viewOf(bytes);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const from = latin1(bytes, at + 8, at + 14) === "Exif\0\0" ? at + 14 : at + 8;
    if (latin1(bytes, at, at + 4) === "EXIF") yield bytes.subarray(from, at + 8 + length);
    at += 8 + length + (length & 1);
  }
}

/** The segments before the first scan. */
function* jpegSegments(bytes: Uint8Array) {
  const view = viewOf(bytes);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda) return;
    const end = at + 2 + view.getUint16(at + 2);
    yield { marker, start: at + 4, end };
    at = end;
  }
}

/** SOF0 … SOF15 without the tables that share the range (DHT, JPG, DAC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** Tag 0x0112 of the first directory; 0 where it is absent or the block is cut off. */
function tiffOrientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 0;
  const view = viewOf(tiff);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 0;
  const count = view.getUint16(directory, little);
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return 0;
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little);
  }
  return 0;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
