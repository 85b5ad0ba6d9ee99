/** Decodes PNG and JPEG to upright RGB over black. */
import { convertIndexedToRgb, decode as decodePng, type DecodedPng } from "fast-png";
import jpeg from "jpeg-js";
import { pictureSize, readOrientation } from "./picture_header.ts";

/** A decoded picture. */
export interface Picture {
  w: number;
  h: number;
  /** h · w · 3 values of 0 … 255: red, green, blue. 16-bit pictures and transparency give fractions. */
  rgb: Uint8Array | Float32Array;
}

/** Decodes the bytes of a PNG or JPEG file, turned as its EXIF data say. Throws Error with the reason. */
export function decodePicture(bytes: Uint8Array): Picture {
  const header = pictureSize(bytes);
  const stored = header.kind === "png" ? fromPng(bytes) : fromJpeg(bytes);
  return turn(stored, readOrientation(bytes, header.kind));
}

function fromJpeg(bytes: Uint8Array): Picture {
  const { width, height, data } = jpeg.decode(bytes, { useTArray: true, tolerantDecoding: false });
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, p = 0; p < data.length; p += 4) {
    rgb[i++] = data[p];
    rgb[i++] = data[p + 1];
    rgb[i++] = data[p + 2];
  }
  return { w: width, h: height, rgb };
}

function fromPng(bytes: Uint8Array): Picture {
  const png = decodePng(bytes, { checkCrc: true });
  const { width: w, height: h } = png;
  const { samples, channels, max } = samplesOf(png);
  if (samples.length !== w * h * channels) {
    throw new Error(`it holds ${samples.length} values, expected ${w * h * channels}`);
  }
  const colours = channels < 3 ? 1 : 3;
  const hasAlpha = channels === 2 || channels === 4;
  const key = png.transparency;
  const scale = 255 / max;
  const rgb = scale === 1 && !hasAlpha ? new Uint8Array(w * h * 3) : new Float32Array(w * h * 3);
  for (let p = 0; p < w * h; p++) {
    const at = p * channels;
    let alpha = hasAlpha ? samples[at + colours] / max : 1;
    if (key && isKey(samples, at, colours, key)) alpha = 0;
    for (let c = 0; c < 3; c++) {
      rgb[3 * p + c] = samples[at + (colours === 1 ? 0 : c)] * scale * alpha;
    }
  }
  return { w, h, rgb };
}

/** Whether a pixel has the one colour that stands for transparent. */
function isKey(samples: ArrayLike<number>, at: number, colours: number, key: Uint16Array): boolean {
  for (let c = 0; c < colours; c++) if (samples[at + c] !== key[c]) return false;
  return true;
}

/** The values of a PNG one by one: palettes looked up, packed bits spread. */
function samplesOf(png: DecodedPng) {
  if (png.channels === 1 && png.palette) {
    return { samples: convertIndexedToRgb(png), channels: png.palette[0].length, max: 255 };
  }
  const max = 2 ** png.depth - 1;
  const samples = png.depth < 8 ? spreadBits(png) : png.data;
  return { samples, channels: png.channels, max };
}

/** Grey values of 1, 2 or 4 bits; each row starts at a byte. */
function spreadBits({ data, width, height, depth }: DecodedPng): Uint8Array {
  const out = new Uint8Array(width * height);
  const stride = Math.ceil((width * depth) / 8);
  if (data.length !== stride * height) {
    throw new Error(`it holds ${data.length} bytes, expected ${stride * height}`);
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const shift = 8 - depth - (bit & 7);
      out[y * width + x] = (data[y * stride + (bit >> 3)] >> shift) & (2 ** depth - 1);
    }
  }
  return out;
}

/** Applies an EXIF orientation (1 … 8): how the stored rows and columns lie in the upright picture. */
function turn(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const { w, h, rgb } = picture;
  const swap = orientation >= 5;
  const [tw, th] = swap ? [h, w] : [w, h];
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const out = new (rgb.constructor as typeof Float32Array)(rgb.length);
  for (let y = 0; y < th; y++) {
    for (let x = 0; x < tw; x++) {
      let [sx, sy] = swap ? [y, x] : [x, y];
      if (mirrorX) sx = w - 1 - sx;
      if (mirrorY) sy = h - 1 - sy;
      const from = (sy * w + sx) * 3;
      out.set(rgb.subarray(from, from + 3), (y * tw + x) * 3);
    }
  }
  return { w: tw, h: th, rgb: out };
}
