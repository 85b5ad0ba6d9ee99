/** Several graphs in one picture. */
import type { Layout } from "./layout.ts";
import { n, type Picture, text, textWidth } from "./svg.ts";

export interface Panel {
  name: string;
  layout: Layout;
  body: string;
}

const margin = 24;
const between = 44;
/** Height of a panel's name. */
const head = 30;
/** Widest row of panels: a page or screen would show a wider one too small to read. */
const widest = 1200;

/** Arranges graphs under their names and a title: side by side, or below each other when that is too wide. */
export function arrange(panels: readonly Panel[], title?: string): Picture {
  const sizes = panels.map(({ name, layout }) => ({
    width: Math.max(layout.width, textWidth(name, 15)),
    height: head + layout.height,
  }));
  const along = sizes.reduce((sum, { width }) => sum + width + between, -between);
  const beside = along <= widest;
  const top = margin + (title === undefined ? 0 : 30);
  const parts = title === undefined
    ? []
    : [text(margin, margin + 14, title, { size: 17, bold: true })];
  let [x, y] = [margin, top];
  panels.forEach(({ name, body }, i) => {
    parts.push(
      `<g class="graph" transform="translate(${n(x)} ${n(y + head)})">`,
      text(0, -head + 14, name, { size: 14, bold: true }),
      body,
      "</g>",
    );
    if (beside) x += sizes[i].width + between;
    else y += sizes[i].height + between;
  });
  const widths = sizes.map(({ width }) => width);
  const heights = sizes.map(({ height }) => height);
  const down = heights.reduce((sum, height) => sum + height + between, -between);
  const width = beside ? along : Math.max(...widths);
  return {
    width: 2 * margin + Math.max(width, title === undefined ? 0 : textWidth(title, 18)),
    height: top + margin + (beside ? Math.max(0, ...heights) : down),
    body: parts.join("\n"),
  };
}
