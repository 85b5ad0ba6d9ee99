/** The layout without Graphviz: every space's networks, without overlaps, edges downwards. */
import { assert } from "@std/assert";
import { Rng, Stream } from "../../src/common/random.ts";
import { resolveSearchConfig } from "../../src/nas/config/config.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import type { Graph } from "../../src/nas/space.ts";
import { layOutLayered } from "../../src/run/drawing/layered.ts";
import type { Box } from "../../src/run/drawing/layout.ts";

const overlap = (a: Box, b: Box) =>
  Math.abs(a.x - b.x) < (a.width + b.width) / 2 - 0.01 &&
  Math.abs(a.y - b.y) < (a.height + b.height) / 2 - 0.01;

function check(graph: Graph, what: string): void {
  const { boxes, groups, routes, width, height } = layOutLayered(graph);
  const all = [...boxes];
  for (const [i, [name, box]] of all.entries()) {
    for (const [other, b] of all.slice(i + 1)) {
      assert(!overlap(box, b), `${what}: ${name} lies on ${other}`);
    }
    assert(
      box.x - box.width / 2 > -0.01 && box.x + box.width / 2 < width + 0.01,
      `${what}: ${name}`,
    );
    assert(
      box.y - box.height / 2 > -0.01 && box.y + box.height / 2 < height + 0.01,
      `${what}: ${name}`,
    );
  }
  for (const [i, frame] of groups.entries()) {
    for (const other of groups.slice(i + 1)) assert(!overlap(frame, other), `${what}: frames`);
  }
  graph.edges.forEach(({ from, to }, e) => {
    if (from === to) return;
    assert(routes[e].length % 3 === 1, `${what}: the route of ${from} to ${to} is no curve`);
    const [first, last] = [routes[e][0], routes[e].at(-1)!];
    assert(first[1] <= last[1], `${what}: the edge from ${from} to ${to} goes up`);
    const [a, b] = [boxes.get(from)!, boxes.get(to)!];
    assert(Math.abs(first[1] - (a.y + a.height / 2)) < 0.01, `${what}: begins beside ${from}`);
    assert(Math.abs(last[1] - (b.y - b.height / 2)) < 0.01, `${what}: ends beside ${to}`);
  });
}

Deno.test("networks of every space are laid out without overlaps, every edge downwards", () => {
  for (const { name } of spaces.all()) {
    const space = openSpace(resolveSearchConfig({ mode: name, preset: "smoke" }).space);
    const rng = new Rng(5, Stream.data);
    for (let i = 0; i < 8; i++) {
      for (const graph of space.picture(uniformArchitecture(space, rng))) check(graph, name);
    }
  }
});
