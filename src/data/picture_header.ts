/** What the headers of PNG and JPEG files tell without decoding: size and EXIF orientation. */

export interface PictureHeader {
  kind: "png" | "jpeg";
  w: number;
  h: number;
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Width and height as stored (before EXIF turns them). Throws Error where it is no PNG or JPEG. */
export function pictureSize(bytes: Uint8Array): PictureHeader {
  const view = viewOf(bytes);
  if (pngSignature.every((byte, i) => bytes[i] === byte) && bytes.length >= 24) {
    return { kind: "png", w: view.getUint32(16), h: view.getUint32(20) };
  }
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    for (const { marker, start, end } of jpegSegments(bytes)) {
      if (isFrame(marker) && end - start >= 6) {
        return { kind: "jpeg", w: view.getUint16(start + 3), h: view.getUint16(start + 1) };
      }
    }
    throw new Error("it is a JPEG file without a frame header");
  }
  throw new Error("it is neither a PNG nor a JPEG file");
}

/** The EXIF orientation 1 … 8 (EXIF 2.3 §4.6.4, tag 0x0112); 1 where there is none. */
export function readOrientation(bytes: Uint8Array, kind: "png" | "jpeg"): number {
  const segments = kind === "png" ? pngExif(bytes) : jpegExif(bytes);
  for (const tiff of segments) {
    const orientation = tiffOrientation(tiff);
    if (orientation >= 1 && orientation <= 8) return orientation;
  }
  return 1;
}

function* jpegExif(bytes: Uint8Array): Generator<Uint8Array> {
  for (const { marker, start, end } of jpegSegments(bytes)) {
    const isExif = String.fromCharCode(...bytes.subarray(start, start + 6)) === "Exif\0\0";
    if (marker === 0xe1 && isExif) yield bytes.subarray(start + 6, end);
  }
}

function* pngExif(bytes: Uint8Array): Generator<Uint8Array> {
  const view = viewOf(bytes);
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at);
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "eXIf") {
      yield bytes.subarray(at + 8, end);
    }
    at = end + 4;
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

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
