/** Decodes pictures by the browser's own decoder, and resizes them as the command line does. */
import { UsageError } from "../common/errors.ts";
import { averageOf, type RowSource } from "../data/area.ts";
import type { Files } from "../data/file_source.ts";
import { checkedHeader, type PictureKind } from "../data/picture_header.ts";
import { layOut } from "../data/picture_layout.ts";
import type { PictureSource } from "../data/picture_source.ts";
import type { SmallPicture, WantedPicture } from "../data/wanted_picture.ts";

/** Pictures that are decoded at a time: each may take hundreds of megabytes. */
const AT_ONCE = 4;

/** What a worker has for pictures; Deno's types lack the canvas. */
interface Canvas {
  getContext(kind: "2d", options: { alpha: boolean; willReadFrequently: boolean }): Context;
}
interface Context {
  fillStyle: string;
  fillRect(x: number, y: number, w: number, h: number): void;
  // deno-fmt-ignore
  drawImage(image: ImageBitmap, sx: number, sy: number, sw: number, sh: number, x: number, y: number, w: number, h: number): void;
  getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
}
type Canvases = { OffscreenCanvas: new (w: number, h: number) => Canvas };

const types: Record<PictureKind, string> = {
  PNG: "image/png",
  JPEG: "image/jpeg",
  WebP: "image/webp",
  GIF: "image/gif",
  BMP: "image/bmp",
};

/** Most bytes of images at the size at which they are trained. */
const mostBytes = 2 ** 30;

/** @throws UsageError where so many images of this size would fill a tab. */
export function requireRoom(n: number, [h, w, c]: readonly [number, number, number]): void {
  const bytes = n * h * w * c;
  if (bytes <= mostBytes) return;
  const gib = (bytes / 2 ** 30).toFixed(1);
  throw new UsageError(
    `Cannot take ${n} images of ${h} × ${w}: ${gib} GiB, expected at most 1; choose a smaller side, or fewer images`,
  );
}

/** Progress of decoding, in pictures. */
export type OnPictures = (done: number, total: number) => void;

/** The pictures of these files, decoded here. @param signal ends the reading early, with its reason. */
export function pictureSource(
  files: Files,
  decoder: string,
  onPictures: OnPictures,
  signal: AbortSignal,
): PictureSource {
  return {
    files,
    decoder,
    open(total) {
      let done = 0;
      return {
        cacheProblem: null,
        async read(paths, wanted, take) {
          const side = wanted.side ?? wanted.resize;
          requireRoom(paths.length, [side, side, 3]); // Before the decoding, which takes its time.
          const unreadable = new Map<number, string>();
          let next = 0;
          const readSome = async () => {
            for (let i = next++; i < paths.length; i = next++) {
              signal.throwIfAborted();
              try {
                take(i, await decode(await files.read(paths[i]), wanted));
              } catch (error) {
                unreadable.set(i, (error as Error).message);
              }
              onPictures(++done, total);
            }
          };
          await Promise.all(Array.from({ length: AT_ONCE }, readSome));
          return unreadable;
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
  };
}

/**
 * Decodes a picture, turned upright by the browser, transparent pixels over black; colour profiles are left
 * aside where the browser can. Throws Error with the reason.
 */
export async function decode(
  bytes: Uint8Array<ArrayBuffer>,
  wanted: WantedPicture,
): Promise<SmallPicture> {
  const { kind } = checkedHeader(bytes);
  const blob = new Blob([bytes], { type: types[kind] });
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" }).catch((cause) => {
    throw new Error("it cannot be decoded", { cause });
  });
  try {
    return shrink(bitmap, wanted);
  } finally {
    bitmap.close();
  }
}

/** Resizes a picture that is decoded. */
export function shrink(bitmap: ImageBitmap, wanted: WantedPicture): SmallPicture {
  const { width, height } = bitmap;
  const { part, w, h } = layOut({ w: width, h: height }, wanted);
  return { w, h, rgb: averageOf(rowsOf(bitmap), part, w, h) };
}

function rowsOf(bitmap: ImageBitmap): RowSource {
  const { OffscreenCanvas } = globalThis as unknown as Canvases;
  const { width: w, height: h } = bitmap;
  let context: Context | null = null;
  let rows = 0;
  return {
    w,
    h,
    rows(first, count) {
      if (!context || rows < count) {
        rows = count;
        context = new OffscreenCanvas(w, rows)
          .getContext("2d", { alpha: false, willReadFrequently: true });
      }
      context.fillStyle = "black";
      context.fillRect(0, 0, w, count);
      context.drawImage(bitmap, 0, first, w, count, 0, 0, w, count);
      const { data } = context.getImageData(0, 0, w, count);
      const rgb = new Uint8Array(w * count * 3);
      for (let i = 0, p = 0; p < data.length; p += 4) {
        rgb[i++] = data[p];
        rgb[i++] = data[p + 1];
        rgb[i++] = data[p + 2];
      }
      return rgb;
    },
  };
}
