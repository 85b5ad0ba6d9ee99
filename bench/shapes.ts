/**
 * Makes `bench/shapes.json`: the ops and shapes that presets use, from timed training steps of sampled
 * children.
 *
 *   deno run -A bench/shapes.ts [--preset quick --preset paper] [--children 6]
 *
 * `paper` is recorded with a quarter of its batch; the shapes in the file have the whole batch. The file
 * lists the largest shapes that together make up `COVERED` of a step; presets that are not recorded keep
 * their entries.
 */
import { parseArgs } from "node:util";
import type { Shape } from "../src/autodiff/op.ts";
import { Gpu, Profile, type Span } from "../src/gpu/mod.ts";
import { configOf, Steps } from "./networks.ts";
import {
  type Group,
  type ListedShape,
  nameOf,
  type PerPass,
  readShapes,
  type ShapeList,
  withBatch,
} from "./shape_list.ts";

const COVERED = 0.92;
/** Smallest share of a step that is listed. */
const SMALLEST = 0.002;
/** Ops whose params contain the number of the step. */
const RANDOM = ["dropout", "drop_path"];
const file = new URL("shapes.json", import.meta.url);

interface Recorded {
  shapes: Map<string, { shape: Omit<ListedShape, "share">; ms: PerPass }>;
  /** Milliseconds of kernels outside of ops, by purpose. */
  others: Map<string, number>;
  total: number;
}

/**
 * Pass of a kernel: 0 forward, 1 gradient of the images, 2 of the weights (names in dw or db, or partial
 * sums).
 */
const part = (kernel: string, pass: unknown): 0 | 1 | 2 =>
  pass === "forward" ? 0 : /_d[wb]($|_)|sum_splits/.test(kernel) ? 2 : 1;

function noteInto(found: Recorded, { name, ms, args = {} }: Span, batch: number): void {
  found.total += ms;
  const op = args.op as string | undefined;
  if (op === undefined || RANDOM.includes(op)) {
    const what = op ?? String(args.in);
    found.others.set(what, (found.others.get(what) ?? 0) + ms);
    return;
  }
  const shapes = withBatch(op, args.shapes as Shape[], batch);
  const shape = { op, shapes, params: args.params as ListedShape["params"] };
  const key = JSON.stringify(shape);
  const entry = found.shapes.get(key) ?? { shape, ms: [0, 0, 0] };
  found.shapes.set(key, entry);
  entry.ms[part(name, args.pass)] += ms;
}

/** Times one step each of some children. */
async function record(group: Group, children: number): Promise<Recorded> {
  const gpu = await Gpu.open({ timestamps: true });
  const { batch } = configOf(group);
  const overrides = { batch: group.preset === "paper" ? batch / 4 : batch };
  const found: Recorded = { shapes: new Map(), others: new Map(), total: 0 };
  const sink = (span: Span) => {
    if (span.track === "device") noteInto(found, span, batch);
  };
  const networks = group.command === "search" ? 1 : children;
  for (let seed = 1; seed <= networks; seed++) {
    const steps = new Steps(gpu, { ...group, seed, overrides });
    for (let i = 0; i < children / networks; i++) {
      const arch = steps.draw();
      await steps.train(arch); // Compiles.
      const profile = gpu.profile = await Profile.start(gpu.device, { sink });
      await steps.train(arch);
      gpu.profile = null;
      await profile.drain();
    }
  }
  gpu.close();
  return found;
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
const rounded = (share: number) => Math.round(share * 1e5) / 1e5;

/** Adds a group to the list, the shapes with most time first, until enough is covered. */
function add(
  list: ShapeList,
  group: Group,
  { shapes, others, total }: Recorded,
  children: number,
): void {
  const name = nameOf(group);
  let covered = 0;
  const rest = new Map([...others].map(([op, ms]) => [op, ms / total]));
  const sorted = [...shapes.values()].sort((a, b) => sum(b.ms) - sum(a.ms));
  for (const { shape, ms } of sorted) {
    const share = sum(ms) / total;
    if (covered >= COVERED || share < SMALLEST) {
      rest.set(shape.op, (rest.get(shape.op) ?? 0) + share);
      continue;
    }
    covered += share;
    const same = (s: ListedShape) =>
      s.op === shape.op && JSON.stringify([s.shapes, s.params]) ===
        JSON.stringify([shape.shapes, shape.params]);
    let listed = list.shapes.find(same);
    if (!listed) list.shapes.push(listed = { ...shape, share: {} });
    listed.share[name] = ms.map((m) => rounded(m / total)) as PerPass;
  }
  const most = [...rest].sort((a, b) => b[1] - a[1]).map(([op, s]) => [op, rounded(s)]);
  const figures = { children, covered: rounded(covered) };
  list.groups[name] = { ...figures, rest: Object.fromEntries(most) };
}

/** Entries of other presets in the present file. */
function earlier(presets: readonly string[]): Pick<ShapeList, "groups" | "shapes"> {
  const kept = (name: string) => !presets.includes(name.split(" ")[0]);
  const only = <T>(named: Record<string, T>) =>
    Object.fromEntries(Object.entries(named).filter(([name]) => kept(name)));
  let old: ShapeList;
  try {
    old = readShapes();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { groups: {}, shapes: [] };
    throw error;
  }
  const shapes = old.shapes.map((s) => ({ ...s, share: only(s.share) }));
  return {
    groups: only(old.groups),
    shapes: shapes.filter((s) => Object.keys(s.share).length > 0),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      preset: { type: "string", multiple: true, default: ["quick", "paper"] },
      children: { type: "string", default: "6" },
    },
  });
  const children = Number(values.children);
  const gpu = await Gpu.open();
  const list: ShapeList = {
    recorded: {
      adapter: gpu.adapter.description,
      deno: Deno.version.deno,
    },
    ...earlier(values.preset),
  };
  gpu.close();
  for (const preset of values.preset) {
    for (const mode of ["micro", "macro"]) {
      for (const command of ["search", "retrain"] as const) {
        const group = { preset, mode, command };
        const recorded = await record(group, children);
        add(list, group, recorded, children);
        console.log(`${nameOf(group)}: ${recorded.shapes.size} shapes`, list.groups[nameOf(group)]);
      }
    }
  }
  Deno.writeTextFileSync(file, JSON.stringify(list) + "\n");
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", file.pathname] }).output();
  console.log(`${list.shapes.length} shapes in ${file.pathname}`);
}
