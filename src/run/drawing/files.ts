/** Pictures as files: SVG as it is, PNG through resvg, PDF as vectors through pdfkit. */
import regular from "@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf" with {
  type: "bytes",
};
import bold from "@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf" with { type: "bytes" };
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import wasm from "@resvg/resvg-wasm/index_bg.wasm" with { type: "bytes" };
import PDFDocument from "pdfkit";
import svgToPdf from "svg-to-pdfkit";
import { UsageError } from "../../common/errors.ts";
import { writeAtomic } from "../files.ts";

const endings = ["svg", "png", "pdf"] as const;

/**
 * Writes a picture in the format of the file's ending.
 * @throws UsageError for another ending, DataError when the file cannot be written.
 */
export async function writePicture(path: string, svg: string): Promise<void> {
  const ending = endings.find((end) => path.toLowerCase().endsWith(`.${end}`));
  if (ending === undefined) {
    throw new UsageError(`Cannot draw ${path}: expected a name ending in .svg, .png or .pdf`);
  }
  const content = { svg: () => svg, png: () => toPng(svg), pdf: () => toPdf(svg) }[ending];
  writeAtomic(path, await content());
}

let ready: Promise<void> | undefined;

/**
 * Renders a PNG. Fonts come with the program, so the result does not depend on installed ones.
 * @param scale pixels of the result per pixel of the SVG.
 */
export async function toPng(svg: string, scale = 2): Promise<Uint8Array> {
  await (ready ??= initWasm(wasm));
  const resvg = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: { loadSystemFonts: false, fontBuffers: [regular, bold], defaultFontFamily: "Arimo" },
  });
  try {
    const image = resvg.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    resvg.free();
  }
}

/** Renders one PDF page of the picture's size, one point per pixel; lines and text stay vectors. */
export async function toPdf(svg: string): Promise<Uint8Array> {
  const [, width, height] = /<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
  const pdf = new PDFDocument({
    size: [width, height],
    margin: 0,
    // A fixed date: the same picture gives the same bytes.
    info: { CreationDate: new Date(0) },
  });
  pdf.registerFont("regular", regular);
  pdf.registerFont("bold", bold);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const written = new Promise((resolve, reject) => pdf.on("end", resolve).on("error", reject));
  pdf.on("data", (part: Uint8Array<ArrayBuffer>) => parts.push(part));
  svgToPdf(pdf, svg, 0, 0, {
    assumePt: true,
    fontCallback: (_family: string, isBold: boolean) => isBold ? "bold" : "regular",
  });
  pdf.end();
  await written;
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
