/**
 * Decodes picture files to small upright RGB images over black, by ImageMagick in WebAssembly: the same
 * bytes on every machine. Only the worker (picture_worker.ts) and tests import this file, since the library
 * is large.
 */
import {
  ColorSpace,
  type IMagickImage,
  initializeImageMagick,
  type IPixelCollection,
  MagickError,
  MagickFormat,
  MagickImage,
  MagickReadSettings,
  ResourceLimits,
} from "@imagemagick/magick-wasm";
import wasm from "@imagemagick/magick-wasm/magick.wasm" with { type: "bytes" };
import { averageOf, type Rectangle, type RowSource } from "./area.ts";
import { layOut } from "./picture_layout.ts";
import { checkedHeader, type PictureHeader, readOrientation } from "./picture_header.ts";
import type { SmallPicture, WantedPicture } from "./wanted_picture.ts";

const formats = {
  PNG: MagickFormat.Png,
  JPEG: MagickFormat.Jpeg,
  WebP: MagickFormat.WebP,
  GIF: MagickFormat.Gif,
  BMP: MagickFormat.Bmp,
} as const;

/** Warnings that leave all pixels intact: stray bytes between segments, and faults in metadata. */
const harmless =
  /extraneous bytes before marker|Invalid SOS parameters|iCCP|profile|tEXt|zTXt|iTXt|known incorrect/i;

let ready: Promise<void> | undefined;

/** Compiles the decoder, once. */
export function startDecoder(): Promise<void> {
  return ready ??= (async () => {
    await initializeImageMagick(wasm);
    // Frames may be larger than their file's header says; beyond these limits decoding fails, without disk.
    ResourceLimits.width = ResourceLimits.height = 65_535n;
    ResourceLimits.area = ResourceLimits.memory = 2n ** 31n;
    ResourceLimits.disk = 0n;
  })();
}

/**
 * Decodes the bytes of a file, turned as its EXIF data say, transparent pixels over black, and resizes it.
 * CMYK becomes RGB by products, colour profiles are left aside. A JPEG picture of at least eight times the size
 * that is wanted is first reduced by 2, 4 or 8 in the frequency domain. Throws Error with the reason.
 */
export function decodePicture(bytes: Uint8Array, wanted: WantedPicture): SmallPicture {
  const header = checkedHeader(bytes);
  const { part, w, h } = layOut(header, wanted);
  const reduce = reduction(header, part, w, h);
  const rgb = withImage(bytes, header, reduce, (image) => {
    // A reduced picture ends with a block that may be filled in part only.
    const k = reduce;
    const scaled = { x: part.x / k, y: part.y / k, w: part.w / k, h: part.h / k };
    return image.getPixels((pixels) => {
      const rows = rowsOf(image, pixels);
      const covered = image.width * k >= header.w && image.height * k >= header.h;
      return averageOf(covered ? rows : onCanvas(rows, image.page, header), scaled, w, h);
    });
  });
  return turn({ w, h, rgb }, readOrientation(bytes, header.kind));
}

/**
 * Factor by which the JPEG decoder reduces. At least four of its pixels remain per wanted pixel in each
 * direction, since its low frequencies are not quite averages.
 */
function reduction({ kind }: PictureHeader, part: Rectangle, w: number, h: number): number {
  if (kind !== "JPEG") return 1;
  return [8, 4, 2].find((k) => part.w >= 4 * k * w && part.h >= 4 * k * h) ?? 1;
}

function withImage<T>(
  bytes: Uint8Array,
  { kind, w, h }: PictureHeader,
  reduce: number,
  use: (image: IMagickImage) => T,
): T {
  const settings = new MagickReadSettings({ format: formats[kind], frameIndex: 0, frameCount: 1 });
  if (reduce > 1) {
    const size = `${Math.ceil(w / reduce)}x${Math.ceil(h / reduce)}`;
    settings.setDefine(MagickFormat.Jpeg, "size", size);
  }
  const image = MagickImage.create();
  const warnings: string[] = [];
  image.onWarning = ({ error }) => void warnings.push(error.message);
  try {
    image.read(bytes, settings);
    const damage = warnings.find((warning) => !harmless.test(warning));
    if (damage !== undefined) throw new MagickError(damage);
    return use(image);
  } catch (cause) {
    if (!(cause instanceof MagickError)) throw cause;
    throw new Error(`it cannot be decoded (${reasonOf(cause)})`, { cause });
  } finally {
    image.dispose();
  }
}

/** "BadThing `' @ error/file.c/function/line" in words. */
function reasonOf({ message }: Error): string {
  const [reason] = message.split(" `");
  return reason.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The rows of an image as RGB. */
function rowsOf(image: IMagickImage, pixels: IPixelCollection): RowSource {
  const { width: w, height: h, hasAlpha } = image;
  const cmyk = image.colorSpace === ColorSpace.CMYK;
  const mapping = cmyk ? "CMYK" : hasAlpha ? "RGBA" : "RGB";
  return {
    w,
    h,
    rows(first, count) {
      const bytes = pixels.toByteArray(0, first, w, count, mapping);
      if (!bytes) throw new Error("it has no pixels");
      if (mapping === "RGB") return bytes;
      const rgb = new Float32Array(w * count * 3);
      for (let p = 0, i = 0; p < bytes.length; p += 4) {
        // Transparent pixels lie over black; black ink takes from all colours.
        const share = (cmyk ? 255 - bytes[p + 3] : bytes[p + 3]) / 255;
        for (let c = 0; c < 3; c++) {
          rgb[i++] = (cmyk ? 255 - bytes[p + c] : bytes[p + c]) * share;
        }
      }
      return rgb;
    },
  };
}

/** The first frame of an animation where it lies on its canvas, which is black around it. */
function onCanvas(frame: RowSource, { x, y }: { x: number; y: number }, { w, h }: PictureHeader) {
  return {
    w,
    h,
    rows(first: number, count: number) {
      const out = new Float32Array(w * count * 3);
      const from = Math.max(first, y);
      const to = Math.min(first + count, y + frame.h);
      if (from >= to) return out;
      const rows = frame.rows(from - y, to - from);
      const columns = Math.min(frame.w, w - x);
      for (let row = from; row < to; row++) {
        for (let i = 0; i < columns * 3; i++) {
          out[((row - first) * w + x) * 3 + i] = rows[(row - from) * frame.w * 3 + i];
        }
      }
      return out;
    },
  };
}

/** Applies an EXIF orientation (1 … 8): how the stored rows and columns lie in the upright picture. */
function turn(picture: SmallPicture, orientation: number): SmallPicture {
  if (orientation === 1) return picture;
  const { w, h, rgb } = picture;
  const swap = orientation >= 5;
  const [tw, th] = swap ? [h, w] : [w, h];
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const out = new Uint8Array(rgb.length);
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
