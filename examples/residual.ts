/**
 * A custom space: a chain of residual blocks. Each decision is the body of a block; the block adds it to its
 * input (He et al., CVPR 2016). After every `perStage` blocks the size halves and the channels double.
 *
 *     ./denas search --mode residual --plugin examples/residual.ts
 *     ./denas retrain arch.json --plugin examples/residual.ts
 */
import {
  add,
  channels,
  convNorm,
  convNormRelu,
  type Decision,
  DecisionList,
  defineSpace,
  denseHead,
  GraphBuilder,
  type Net,
  networkSettings,
  norm,
  requireSearchForm,
  type SearchSpace,
  separable,
  stem,
  toModel,
  type Value,
  z,
} from "denas";

interface Residual {
  /** Index into `bodies`, one per block. */
  blocks: number[];
}

interface Body {
  label: string;
  build(net: Net, x: Value): Value;
}

/** Candidate bodies of a block; they keep channels and size. */
const bodies: readonly Body[] = [
  { label: "nothing", build: (_net, x) => x },
  {
    label: "two conv 3×3",
    build(net, x) {
      const out = channels(x);
      const y = convNormRelu(net, "a", x, { k: 3, out });
      return add(convNorm(net, "b", y, { k: 3, out }), x);
    },
  },
  {
    label: "bottleneck 1×1, 3×3, 1×1",
    build(net, x) {
      const out = channels(x), narrow = Math.max(1, out / 4);
      const y = convNormRelu(net, "narrow", x, { k: 1, out: narrow });
      const z = convNormRelu(net, "middle", y, { k: 3, out: narrow });
      return add(convNorm(net, "wide", z, { k: 1, out }), x);
    },
  },
  {
    label: "sep 5×5",
    build: (net, x) =>
      net.scope("sep", () => add(norm(net, separable(net, x, { k: 5, out: channels(x) })), x)),
  },
];

const settings = z.strictObject({
  /** Blocks in all stages together, and in each. */
  layers: z.number().int().min(2).max(60).default(6),
  perStage: z.number().int().min(1).max(60).default(2),
  /** Channels of the first stage. */
  filters: z.number().int().min(4).max(1024).multipleOf(4).default(16),
  ...networkSettings,
});

type Settings = z.output<typeof settings>;

function open(config: Settings): SearchSpace<Residual> {
  const labels = bodies.map(({ label }) => label);
  const list = new DecisionList(
    "residual",
    Array.from({ length: config.layers }, (_, node): Decision => ({
      id: `block${node}`,
      name: `block ${node}`,
      kind: "op",
      node,
      options: bodies.length,
      labels,
    })),
  );
  const halves = (block: number) => block > 0 && block % config.perStage === 0;
  const decode = (choice: readonly number[]): Residual => {
    list.check(choice);
    return { blocks: [...choice] };
  };
  const encode = ({ blocks }: Residual) => [...blocks];
  const build: SearchSpace<Residual>["build"] = ({ blocks }, into) =>
    toModel({ ...into, config }, (net, images) => {
      let x = stem(net, images, config.filters, config.stem, convNormRelu);
      blocks.forEach((body, b) => {
        if (halves(b)) {
          const out = 2 * channels(x);
          x = convNormRelu(net, `halve${b}`, x, { k: 3, out, stride: 2 });
        }
        x = net.scope(`block${b}/${body}`, () => bodies[body].build(net, x));
      });
      return { logits: denseHead(net, x, into.classes) };
    });
  return {
    name: "residual",
    summary: `${config.layers} residual blocks, each one of ${bodies.length} kinds`,
    start: () => list.start(),
    decode,
    encode,
    key: (arch) => encode(arch).join(""),
    supernet(into) {
      requireSearchForm(into);
      // Declares the weights of every body in every block.
      bodies.forEach((_, body) => build({ blocks: new Array(config.layers).fill(body) }, into));
    },
    build,
    graphs({ blocks }) {
      const graph = new GraphBuilder();
      let last = graph.add("input");
      for (const body of blocks) last = graph.add(String(body), last);
      graph.add("output", last);
      return [graph.done()];
    },
    picture({ blocks }) {
      const names = ["stem", ...blocks.map((_, b) => `block ${b}`), "classifier"];
      const captions = ["stem", ...blocks.map((body) => bodies[body].label), "classifier"];
      const kind = (i: number) => i === 0 ? "input" : i === names.length - 1 ? "output" : "op";
      return [{
        name: "network",
        nodes: names.map((id, i) => ({ id, label: captions[i], kind: kind(i) })),
        edges: names.slice(1).map((to, i) => ({ from: names[i], to, kind: "sequence" as const })),
      }];
    },
    ...list.variation(encode, decode),
  };
}

export default defineSpace({
  name: "residual",
  summary: "a chain of residual blocks: an example of a space of one's own",
  settings,
  open,
  carried: ({ stem, layers, perStage }) => ({ stem, layers, perStage }),
  example: { settings: { layers: 2, perStage: 1, filters: 4, stem: 2 }, choice: [1, 3] },
});
