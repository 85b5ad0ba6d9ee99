/** The SVG elements that the pictures use. Lengths are pixels. */

/** Font list. Arimo has the widths of Arial and Helvetica, so the fallbacks keep the layout. */
export const fontFamily = "Arimo, Arial, Helvetica, sans-serif";

export const ink = "#1f2937";
export const faint = "#6b7280";
export const rule = "#d1d5db";

export interface Picture {
  width: number;
  height: number;
  body: string;
}

export function document({ width, height, body }: Picture): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="${fontFamily}">
<rect width="${w}" height="${h}" fill="#ffffff"/>
${body}
</svg>
`;
}

/** Text with its baseline at y. */
export function text(
  x: number,
  y: number,
  words: string,
  { size = 12, anchor = "start", fill = ink, bold = false }: {
    size?: number;
    anchor?: "start" | "middle" | "end";
    fill?: string;
    bold?: boolean;
  } = {},
): string {
  const weight = bold ? ' font-weight="bold"' : "";
  return `<text x="${n(x)}" y="${n(y)}" font-size="${size}" text-anchor="${anchor}"${weight} ` +
    `fill="${fill}">${escape(words)}</text>`;
}

export function escape(words: string): string {
  return words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

/** Formats a number to a tenth of a pixel, as short as possible. */
export function n(value: number): string {
  return String(Math.round(10 * value) / 10);
}

/** Approximate width of these words in Arial; boxes leave room for the error. */
export function textWidth(words: string, size: number): number {
  let width = 0;
  for (const c of words) {
    width += /[iljtfrI.,:;'!|()[\] ]/.test(c) ? 0.31 : /[mwMW@%]/.test(c) ? 0.88 : 0.58;
  }
  return width * size;
}
