/** Picture files of all kinds give the pixels that their format defines, or are refused with the reason. */
import { assert, assertEquals, assertSameNumbers, assertThrows } from "@std/assert";
import { MagickFormat, MagickImage, MagickReadSettings } from "@imagemagick/magick-wasm";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { averageOf } from "../../src/data/area.ts";
import { decodePicture, startDecoder } from "../../src/data/picture.ts";
import { pictureHeader } from "../../src/data/picture_header.ts";
import { noise } from "./make.ts";
import {
  bmpFrom,
  type Chunk,
  gifOf,
  pngFrom,
  pngOf,
  tiff,
  withSegment,
  withSize,
} from "./picture_files.ts";

await startDecoder();

/** A picture as large as it is. */
function decode(bytes: Uint8Array) {
  const { w, h } = pictureHeader(bytes);
  return decodePicture(bytes, { resize: Math.min(w, h), side: null });
}

function assertClose(got: ArrayLike<number>, expected: ArrayLike<number>, by: number, what = "") {
  assertEquals(got.length, expected.length, what);
  for (let i = 0; i < got.length; i++) {
    assert(Math.abs(got[i] - expected[i]) <= by, `${what}: ${i} is ${got[i]}, not ${expected[i]}`);
  }
}

const [w, h] = [13, 11];

Deno.test("a picture is averaged by area around its centre", () => {
  const square = (w: number, h: number, rgb: Uint8Array, side: number) => {
    const shorter = Math.min(w, h);
    const rows = (first: number, count: number) =>
      rgb.subarray(first * w * 3, (first + count) * w * 3);
    const part = { x: (w - shorter) / 2, y: (h - shorter) / 2, w: shorter, h: shorter };
    return averageOf({ w, h, rows }, part, side, side);
  };
  // 4 wide, 2 high: columns 1 and 2 remain, each output pixel is one source pixel.
  const rgb = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
  const same = square(4, 2, rgb, 2);
  assertEquals([...same.subarray(0, 3)], [30, 40, 50]);
  assertEquals([...same.subarray(9, 12)], [180, 190, 200]);
  // Their average.
  assertEquals([...square(4, 2, rgb, 1)], [105, 115, 125]);
  // 3 to 2 takes halves of the middle: (2a + b) / 3 in each direction.
  const grey = [0, 30, 90, 30, 60, 120, 0, 0, 0].flatMap((v) => [v, v, v]);
  const small = square(3, 3, Uint8Array.from(grey), 2);
  assertEquals(small[0], Math.round((4 * 0 + 2 * 30 + 2 * 30 + 60) / 9));
  assertEquals(small[3], Math.round((2 * 30 + 4 * 90 + 60 + 2 * 120) / 9));
  // Enlarging repeats, and every size keeps the mean of a flat picture.
  const flat = new Uint8Array(7 * 11 * 3).fill(77);
  for (const side of [1, 2, 5, 7, 9, 32]) {
    assert(square(7, 11, flat, side).every((v) => v === 77));
  }
});

for (const interlaced of [false, true]) {
  const kind = interlaced ? "interlaced " : "";
  Deno.test(`${kind}PNG files of every type and depth become RGB over black`, () => {
    const types: [type: number, channels: number, depths: number[]][] = [
      [0, 1, [1, 2, 4, 8, 16]],
      [2, 3, [8, 16]],
      [3, 1, [1, 2, 4, 8]],
      [4, 2, [8, 16]],
      [6, 4, [8, 16]],
    ];
    for (const [type, channels, depths] of types) {
      for (const depth of depths) {
        const top = 2 ** depth - 1;
        const values = Array.from(
          { length: w * h * channels },
          (_, i) => ((i * 7919 + 13) * 104729 >>> 3) % (top + 1),
        );
        const colours = Array.from(noise(3 * (top + 1 & 511)));
        const alphas = Array.from(noise(top + 1 & 511, 2));
        const palette: Chunk[] = type === 3 ? [["PLTE", colours], ["tRNS", alphas]] : [];
        const bytes = pngFrom({ w, h, depth, type, interlaced, chunks: palette }, values);
        const scaled = values.map((v) => v * 255 / top);
        const expected = Array.from({ length: w * h }, (_, p) => {
          const at = p * channels;
          const [a, b, c, d] = scaled.slice(at, at + channels);
          if (type === 0) return [a, a, a];
          if (type === 2) return [a, b, c];
          if (type === 3) {
            const [entry] = values.slice(at, at + 1);
            return colours.slice(3 * entry, 3 * entry + 3).map((v) => v * alphas[entry] / 255);
          }
          return type === 4 ? [a, a, a].map((v) => v * b / 255) : [a, b, c].map((v) => v * d / 255);
        }).flat();
        // 16 bits are rounded to 8 before colour and alpha are multiplied.
        const by = depth === 16 && type >= 4 ? 1.6 : 0.51;
        assertClose(decode(bytes).rgb, expected, by, `type ${type}, ${depth} bits`);
      }
    }
  });
}

Deno.test("one colour of a PNG file may stand for transparent", () => {
  const png = { w: 2, h: 1, depth: 8, type: 0 };
  const grey = pngFrom({ ...png, chunks: [["tRNS", [0, 8]]] }, [7, 8]);
  assertEquals([...decodePicture(grey, { resize: 1, side: null }).rgb], [7, 7, 7, 0, 0, 0]);
  const deep = pngFrom({ ...png, depth: 16, chunks: [["tRNS", [0, 8]]] }, [7, 8]);
  assertThrows(() => decode(deep), /16 bits and one transparent colour/);
});

/** An image without sharp edges, on which JPEG loses little. */
const smooth = (w: number, h: number, channels: number, alpha = 255) =>
  Uint8Array.from({ length: w * h * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % w, Math.floor(i / channels / w)];
    return [120 + 100 * Math.sin(x / w * 3), 255 * y / h, 90 + x * 100 / w, alpha][i % channels];
  });

const rgbOf = (rgba: Uint8Array) => rgba.filter((_, i) => i % 4 !== 3);
const jpegOf = (w: number, h: number, rgba: Uint8Array) =>
  jpeg.encode({ width: w, height: h, data: rgba }, 100).data as Uint8Array;

const adobe = (
  transform: number,
) => [...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, transform];

Deno.test("JPEG files whose components are RGB are told from those of YCbCr", () => {
  const rgba = smooth(32, 24, 4);
  const plain = jpegOf(32, 24, rgba);
  assertClose(decode(plain).rgb, rgbOf(rgba), 8);
  assertSameNumbers(decode(withSegment(plain, 0xee, adobe(1))).rgb, decode(plain).rgb);
  // The same components taken for red, green and blue are luma and chroma of the picture.
  const expected = Array.from({ length: 32 * 24 }, (_, p) => {
    const [r, g, b] = rgba.subarray(4 * p, 4 * p + 3);
    const y = 0.299 * r + 0.587 * g + 0.114 * b;
    return [y, 128 + 0.564 * (b - y), 128 + 0.713 * (r - y)];
  }).flat();
  assertClose(decode(withSegment(plain, 0xee, adobe(0))).rgb, expected, 8);
});

Deno.test("JPEG files of four inks become RGB by products", () => {
  const settings = new MagickReadSettings({
    format: MagickFormat.Cmyk,
    width: 16,
    height: 16,
    depth: 8,
  });
  const inks = [40, 90, 200, 30];
  const image = MagickImage.create();
  image.read(Uint8Array.from({ length: 1024 }, (_, i) => inks[i % 4]), settings);
  image.quality = 100;
  const ycck = image.write(MagickFormat.Jpeg, (data) => data.slice());
  image.dispose();
  const [c, m, y, k] = inks.map((ink) => 255 - ink);
  const expected = Array.from({ length: 256 }, () => [c * k / 255, m * k / 255, y * k / 255])
    .flat();
  assertClose(decode(ycck).rgb, expected, 3);
});

Deno.test("a large JPEG picture is reduced in the decoder to what area averaging gives", () => {
  const rgba = smooth(515, 389, 4);
  const rgb = rgbOf(rgba);
  const rows = (first: number, count: number) =>
    rgb.subarray(first * 515 * 3, (first + count) * 515 * 3);
  const bytes = jpegOf(515, 389, rgba);
  // By 8, 4, 2 and not at all.
  for (const side of [8, 16, 32, 64]) {
    const part = { x: 63, y: 0, w: 389, h: 389 };
    const expected = averageOf({ w: 515, h: 389, rows }, part, side, side);
    const { rgb: got } = decodePicture(bytes, { resize: side, side });
    assertClose(got, expected, 4, `side ${side}`);
  }
});

Deno.test("a whole picture keeps its sides' ratio up to four to one, a crop its scale", () => {
  const sizes = (w: number, h: number, resize: number, side: number | null) => {
    const bytes = pngFrom({ w, h, depth: 8, type: 0 }, new Uint8Array(w * h).fill(9));
    const picture = decodePicture(bytes, { resize, side });
    assert(picture.rgb.every((v) => v === 9));
    return [picture.w, picture.h];
  };
  assertEquals(sizes(30, 20, 10, null), [15, 10]);
  assertEquals(sizes(20, 31, 10, null), [10, 16]);
  assertEquals(sizes(1, 90, 8, null), [8, 32]);
  assertEquals(sizes(30, 20, 10, 8), [8, 8]);
  // Columns 2 … 5 of 8 are the centre of half the side.
  const ramp = Uint8Array.from({ length: 64 }, (_, i) => 10 * (i % 8));
  const bytes = pngFrom({ w: 8, h: 8, depth: 8, type: 0 }, ramp);
  const { rgb } = decodePicture(bytes, { resize: 4, side: 2 });
  assertEquals([rgb[0], rgb[3]], [25, 45]);
});

Deno.test("GIF and BMP files are read; around a frame its canvas is black", () => {
  const rgb = noise(w * h * 3);
  assertSameNumbers(decode(bmpFrom(w, h, rgb)).rgb, rgb);
  const { rgb: canvas, w: canvasW } = decode(gifOf([9, 7], [2, 3, 4, 3], [10, 20, 30]));
  for (let y = 0; y < 7; y++) {
    for (let x = 0; x < 9; x++) {
      const inside = x >= 2 && x < 6 && y >= 3 && y < 6;
      const at = (y * canvasW + x) * 3;
      assertEquals([...canvas.subarray(at, at + 3)], inside ? [10, 20, 30] : [0, 0, 0]);
    }
  }
});

Deno.test("the EXIF orientation is honoured in JPEG and PNG", () => {
  // Upright: left half dark above bright (as stored), then what each orientation makes of it.
  const [w, h] = [16, 8];
  const values = Array.from({ length: w * h }, (_, i) => {
    const [x, y] = [i % w, Math.floor(i / w)];
    return x < 8 ? (y < 4 ? 0 : 80) : (y < 4 ? 160 : 240);
  });
  const plain = jpegOf(w, h, Uint8Array.from(values.flatMap((v) => [v, v, v, 255])));
  // Corners in reading order: top left, top right, bottom left, bottom right.
  const expected: Record<number, number[]> = {
    1: [0, 160, 80, 240],
    2: [160, 0, 240, 80],
    3: [240, 80, 160, 0],
    4: [80, 240, 0, 160],
    5: [0, 80, 160, 240],
    6: [80, 0, 240, 160],
    7: [240, 160, 80, 0],
    8: [160, 240, 0, 80],
  };
  for (const [key, corners] of Object.entries(expected)) {
    const exif = tiff(Number(key));
    const turned = withSegment(plain, 0xe1, [...new TextEncoder().encode("Exif\0\0"), ...exif]);
    const png = pngFrom({ w, h, depth: 8, type: 0, chunks: [["eXIf", exif]] }, values);
    for (const bytes of [turned, png]) {
      const picture = decode(bytes);
      assertEquals([picture.w, picture.h], Number(key) < 5 ? [w, h] : [h, w]);
      const at = (x: number, y: number) => picture.rgb[(y * picture.w + x) * 3];
      const [right, bottom] = [picture.w - 1, picture.h - 1];
      const found = [at(0, 0), at(right, 0), at(0, bottom), at(right, bottom)];
      assert(found.every((v, i) => Math.abs(v - corners[i]) <= 3), `${key}: ${found}`);
    }
    assertEquals(pictureHeader(turned), { kind: "JPEG", w, h });
  }
});

Deno.test("a damaged picture is refused", () => {
  const png = encodePng({ width: 20, height: 20, channels: 3, data: noise(1200) });
  const flipped = png.slice();
  flipped[flipped.length - 40] ^= 255;
  const whole = jpegOf(40, 40, noise(40 * 40 * 4));
  const scan = [...whole.subarray(0, -4000), ...whole.subarray(-300)];
  const rgb = { w, h, depth: 8, type: 2 };
  const gif = gifOf([9, 7], [0, 0, 9, 7], [1, 2, 3]);
  const cases: [Uint8Array, RegExp][] = [
    [png.subarray(0, 300), /cannot be decoded/],
    [flipped, /cannot be decoded \(IDAT: .*\)$/],
    [pngOf(rgb, new Array(w * 3 + 1).fill(0)), /cannot be decoded/],
    [pngOf({ ...rgb, type: 3 }, new Array((w + 1) * h).fill(0)), /PLTE/],
    [whole.subarray(0, whole.length >> 1), /cannot be decoded/],
    [whole.subarray(0, whole.length - 2), /Premature end/],
    [Uint8Array.from(scan), /cannot be decoded \(Corrupt JPEG data/],
    [gif.subarray(0, 40), /cannot be decoded/],
    [
      gifOf([9, 7], [0, 0, 4, 4], [1, 2, 3]).map((v, i) => i >= 24 && i < 28 ? 255 : v),
      /exhausted/,
    ],
    [bmpFrom(w, h, noise(w * h * 3)).subarray(0, 200), /cannot be decoded/],
    [new TextEncoder().encode("<html>not a picture</html>"), /no PNG, JPEG, WebP, GIF or BMP/],
    [new TextEncoder().encode("push graphic-context\nimage over 0,0 0,0 '/etc/passwd'"), /no PNG/],
    [new Uint8Array(), /empty/],
    [Uint8Array.of(0xff, 0xd8), /without a frame header/],
    [png.subarray(0, 20), /inside its header/],
  ];
  for (const [bytes, reason] of cases) assertThrows(() => decode(bytes), reason);
  assertEquals(decode(whole).w, 40);
  // Bytes behind the end do no harm.
  assertSameNumbers(decode(Uint8Array.from([...whole, 1, 2, 3])).rgb, decode(whole).rgb);
});

Deno.test("sizes are checked before anything is decoded", () => {
  const rgb = { depth: 8, type: 2 };
  const jpeg = jpegOf(16, 16, noise(16 * 16 * 4));
  for (
    const bytes of [
      pngOf({ ...rgb, w: 0, h: 0 }, []),
      pngOf({ ...rgb, w: 30_000, h: 30_000 }, []),
      pngOf({ ...rgb, w: 2 ** 31 - 1, h: 2 ** 31 - 1 }, []),
      withSize(jpeg, 0, 0),
      withSize(jpeg, 65_500, 65_500),
      gifOf([0, 7], [0, 0, 1, 1], [1, 2, 3]),
    ]
  ) assertThrows(() => pictureHeader(bytes), /it says it has \d+ × \d+ pixels, expected 1 to/);
  assertThrows(() => decode(withSize(jpeg, 16_000, 16_000)), /more than its \d+ bytes can hold/);
});
