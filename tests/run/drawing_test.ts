import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { UsageError } from "../../src/common/errors.ts";
import type { ArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { pictureOf } from "../../src/nas/config/final_config.ts";
import { readFormText } from "../../src/nas/arch_formats/mod.ts";
import type { Graph } from "../../src/nas/space.ts";
import { macroOps } from "../../src/nas/spaces/macro_arch.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import { looseEnds, microOps } from "../../src/nas/spaces/micro_arch.ts";
import { releasedMacro, releasedMicro } from "../../src/nas/spaces/released.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";
import { Rng } from "../../src/common/random.ts";
import { drawSvg, drawText } from "../../src/run/draw.ts";
import { animate } from "../../src/run/drawing/animation.ts";
import { niceTicks } from "../../src/run/drawing/chart.ts";
import { operationColour } from "../../src/run/drawing/colours.ts";
import { toPdf, toPng, writePicture } from "../../src/run/drawing/files.ts";
import { type Box, layOut } from "../../src/run/drawing/layout.ts";
import { expectReject } from "./expect.ts";

const graphs = (choice: readonly number[]) => pictureOf(archOf(choice));
const archOf = (choice: readonly number[]): ArchFile => readFormText(choice.join(" "))!.arch;

/** The arrows of a picture, as "from → to". */
const arrows = (svg: string, kind: string) =>
  [...svg.matchAll(new RegExp(`<g class="edge ${kind}"[^>]*><title>([^<]*)</title>`, "g"))]
    .map(([, title]) => title);

Deno.test("a macro picture has an arrow per skip bit, from what the child adds, and marks reductions", async () => {
  const svg = await drawSvg(graphs(releasedMacro));
  const expected: string[] = [];
  for (let i = 0, at = 0; i < 24; at += ++i) {
    // Bit 0 is the stem, bit j is layer j − 1.
    for (let j = 0; j < i; j++) {
      if (releasedMacro[at + 1 + j] === 1) {
        expected.push(`${j === 0 ? "stem" : `layer ${j - 1}`} → layer ${i}`);
      }
    }
  }
  assertEquals(arrows(svg, "skip"), expected);
  const chain = arrows(svg, "sequence");
  assertEquals(chain.filter((title) => title.includes("reduction")), [
    "layer 7 → reduction 7",
    "reduction 7 → layer 8",
    "layer 15 → reduction 15",
    "reduction 15 → layer 16",
  ]);
  assertEquals(chain.length, 27);
  // Average is 4 and maximum is 5, which the notebook of the CODEBRIM fork has the wrong way round.
  const pools = await drawSvg(graphs([4, 5, 0, 0, 0, 0]));
  const label = (id: string) =>
    new RegExp(`<title>${id}</title>.*?<text[^>]*>([^<]*)<`).exec(pools)![1];
  assertEquals([label("layer 0"), label("layer 1")], ["avg pool 3×3", "max pool 3×3"]);
});

Deno.test("skips are arcs beside the chain: each between its layers, none through a box", async () => {
  const [graph] = graphs(releasedMacro);
  const { boxes, routes, width, height } = await layOut(graph);
  graph.edges.forEach(({ from, to, kind }, e) => {
    const [a, b] = [boxes.get(from)!, boxes.get(to)!];
    const [start, end] = [routes[e][0], routes[e].at(-1)!];
    assert(Math.abs(start[1] - a.y) <= a.height / 2 && Math.abs(end[1] - b.y) <= b.height / 2);
    assert(start[1] < end[1], `${from} → ${to} goes down`);
    if (kind !== "skip") return;
    for (const [x] of routes[e]) assert(x >= a.x + a.width / 2 - 1e-9, `${from} → ${to}`);
  });
  for (const { x, y, width: w, height: h } of boxes.values()) {
    assert(x - w / 2 >= 0 && x + w / 2 <= width && y - h / 2 >= 0 && y + h / 2 <= height);
  }
});

Deno.test("a cell's loose ends lead to its concatenation and nothing else does", async () => {
  const [normal, reduction] = graphs(releasedMicro);
  const cells = [releasedMicro.slice(0, 20), releasedMicro.slice(20)];
  for (const [i, graph] of [normal, reduction].entries()) {
    const blocks = Array.from({ length: 5 }, (_, b) => {
      const [x, p, y, q] = cells[i].slice(4 * b, 4 * b + 4);
      return { x: { input: x, op: p }, y: { input: y, op: q } };
    });
    const into = arrows(await drawSvg([graph]), "sequence")
      .filter((title) => title.endsWith("→ output"));
    assertEquals(into, looseEnds(blocks).map((node) => `node ${node} → output`));
  }
});

Deno.test("every operation has a colour of its own", () => {
  for (const ops of [macroOps, microOps]) {
    const fills = ops.map(({ label }) => operationColour(label).fill);
    assertEquals(new Set(fills).size, ops.length);
  }
  assertEquals(operationColour("something new"), operationColour("something new"));
});

Deno.test("a PNG has twice the picture's pixels, with its text although no font is installed", async () => {
  const svg = await drawSvg(graphs([4, 5, 0, 0, 0, 0]), { title: "Three layers" });
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
  const png = await toPng(svg);
  const image = decode(png);
  assertEquals([image.width, image.height], [2 * width, 2 * height]);
  const without = decode(await toPng(svg.replace(/<text[^]*?<\/text>/g, "")));
  let differing = 0;
  for (let i = 0; i < image.data.length; i++) {
    if (image.data[i] !== without.data[i]) differing++;
  }
  assert(differing > 5000, `text covers ${differing} values only`);
  assertEquals(await toPng(svg), png);
});

Deno.test("a PDF is one page of the picture's size in vectors, with the fonts in it", async () => {
  const svg = await drawSvg(graphs(releasedMicro));
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
  const bytes = await toPdf(svg);
  const text = new TextDecoder("latin1").decode(bytes);
  assert(text.startsWith("%PDF-") && text.trimEnd().endsWith("%%EOF"));
  assertEquals(text.match(/\/Type \/Page\b/g)?.length, 1);
  assert(text.includes(`/MediaBox [0 0 ${width} ${height}]`), "size of the page");
  assert(/\/FontFile2/.test(text) && /Arimo/.test(text), "embedded font");
  assert(!/\/Subtype \/Image/.test(text), "vectors");
});

Deno.test("a picture is written as its name says, other names are refused", async () => {
  const folder = Deno.makeTempDirSync();
  const svg = await drawSvg(graphs([0, 1, 1, 2, 0, 1]));
  for (const [name, magic] of [["a.svg", "<?xml"], ["a.PNG", "\x89PNG"], ["a.pdf", "%PDF"]]) {
    await writePicture(`${folder}/${name}`, svg);
    const bytes = Deno.readFileSync(`${folder}/${name}`);
    const start = String.fromCharCode(...bytes.subarray(0, magic.length));
    assertEquals(start, magic);
  }
  await expectReject(
    () => writePicture(`${folder}/a.jpeg`, svg),
    UsageError,
    "ending in .svg, .png or .pdf",
  );
});

Deno.test("frames of an animation have one size, and what stays does not move", async () => {
  const choices = [
    [0, 1, 1, 2, 0, 0, 3, 0, 0, 0],
    [0, 1, 1, 3, 0, 1, 3, 1, 0, 1],
    [5, 1, 0, 3, 0, 1, 4, 1, 0, 1],
  ];
  const frames = choices.map((choice, i) => ({
    graphs: graphs(choice),
    caption: `epoch ${i + 1}`,
    score: 0.5 + 0.1 * i,
  }));
  const { animated, stills } = await animate(frames, { title: "a run", secondsPerFrame: 0.5 });
  assertEquals(stills.length, 3);
  const sizes = [animated, ...stills].map((svg) => /viewBox="([^"]*)"/.exec(svg)![1]);
  assertEquals(new Set(sizes).size, 1);
  const places = (svg: string) =>
    [...svg.matchAll(
      /<g class="node"><title>([^<]*)<\/title><(?:rect|path)[^>]*?(?:x|d)="[^"]*"( y="[^"]*")?/g,
    )]
      .map(([whole]) => whole).sort();
  assertEquals(places(stills[1]), places(stills[0]));
  stills.forEach((still, f) => {
    assertEquals(arrows(still, "skip").sort(), skipsOf(frames[f].graphs[0]).sort());
    assert(still.includes(`>epoch ${f + 1}</text>`));
  });
});

function skipsOf({ edges }: Graph): string[] {
  return edges.filter(({ kind }) => kind === "skip").map(({ from, to }) => `${from} → ${to}`);
}

Deno.test("an animated SVG shows each piece in its frames only, the last frame where nothing plays", async () => {
  const choices = [[0, 1, 0], [0, 1, 1], [2, 1, 0]];
  const frames = choices.map((choice) => ({
    graphs: graphs([...choice, 0, 0, 0]),
    caption: "c",
    score: 1,
  }));
  const { animated } = await animate(frames, { title: "t", secondsPerFrame: 1 });
  // Three frames of a second and two seconds at the end.
  const pieces = [
    ...animated.matchAll(
      /<g opacity="([01])">(.*?)<animate attributeName="opacity" dur="5s" repeatCount="indefinite" keyTimes="([^"]*)" values="([^"]*)"\/><\/g>/g,
    ),
  ];
  const skip = pieces.find(([, , svg]) => svg.includes("stem → layer 1"))!;
  assertEquals(skip.slice(3), ["0;0.2;0.26;0.4;0.46;1", "0;0;1;1;0;0"]);
  assertEquals(skip[1], "0");
  const last = pieces.find(([, , svg]) => svg.includes("conv 5×5"))!;
  assertEquals([last[1], last[3], last[4]], ["1", "0;0.4;0.46;1", "0;0;1;1"]);
  for (const [, , , times] of pieces) {
    const list = times.split(";").map(Number);
    assert(list.every((t, i) => i === 0 ? t === 0 : t >= list[i - 1]) && list.at(-1) === 1, times);
  }
});

Deno.test("ticks are round numbers that span the range", () => {
  assertEquals(niceTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assertEquals(niceTicks(41.9, 44.7, 5), [41, 42, 43, 44, 45]);
  assertEquals(niceTicks(0.0005, 0.05, 5), [0, 0.01, 0.02, 0.03, 0.04, 0.05]);
  assertEquals(niceTicks(3, 3, 5), [3]);
});

/** How far a point is outside of a box. */
function away([x, y]: readonly [number, number], box: Box): number {
  return Math.max(Math.abs(x - box.x) - box.width / 2, Math.abs(y - box.y) - box.height / 2);
}

Deno.test("a tree is drawn in rows from the left and written with indents", async () => {
  const tree = {
    name: "tree",
    nodes: ["a", "b", "c", "d"].map((id) => ({ id, label: id, kind: "op" as const })),
    edges: [["a", "b"], ["b", "c"], ["a", "d"]].map(([from, to]) => ({
      from,
      to,
      kind: "sequence" as const,
    })),
  };
  const { boxes } = await layOut(tree);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => boxes.get(id)!);
  assert(a.x < b.x && b.x < c.x && b.x === d.x);
  assert(b.y === c.y && c.y < d.y && a.y === (b.y + d.y) / 2);
  assertEquals(drawText([tree]), "tree\n  a\n    b\n      c\n    d\n");
});

Deno.test("architectures of every space can be drawn: all nodes inside the picture, all arrows between them", async () => {
  for (const name of spaces.names) {
    const config = resolveSearchConfig({ mode: name, preset: "quick", overrides: {} });
    const space = openSpace(config.space);
    const rng = new Rng(7, 0);
    for (let i = 0; i < 3; i++) {
      const drawn = space.picture(uniformArchitecture(space, rng));
      for (const graph of drawn) {
        const { boxes, routes, width, height } = await layOut(graph);
        assertEquals([boxes.size, routes.length], [graph.nodes.length, graph.edges.length]);
        for (const [id, box] of boxes) {
          const inside = box.x - box.width / 2 >= -1 && box.x + box.width / 2 <= width + 1 &&
            box.y - box.height / 2 >= -1 && box.y + box.height / 2 <= height + 1;
          assert(inside, `${name}: ${id} at ${box.x}, ${box.y} of ${width} × ${height}`);
        }
        graph.edges.forEach(({ from, to }, e) => {
          const [start, end] = [routes[e][0], routes[e].at(-1)!];
          assert(routes[e].length % 3 === 1, "whole cubics");
          assert(away(start, boxes.get(from)!) < 2, `${name}: ${from} → ${to} begins at ${start}`);
          assert(away(end, boxes.get(to)!) < 2, `${name}: ${from} → ${to} ends at ${end}`);
        });
      }
      const svg = await drawSvg(drawn, { title: name });
      assert(!/NaN|undefined|Infinity/.test(svg), name);
      assert(drawText(drawn).length > 20, name);
    }
  }
});
