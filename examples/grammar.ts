/**
 * A custom grammar with a primitive that denas does not have: two blocks around a reduction, each a choice of
 * topology, whose edges hold convolutions, bottlenecks (He et al., CVPR 2016) or nothing.
 *
 *     ./denas search --mode stages --plugin examples/grammar.ts --preset smoke
 *     ./denas describe "Stages(Pair(bottleneck, conv3x3), resBlock, Side(id, zero, conv3x3))" \
 *         --space stages --plugin examples/grammar.ts
 */
import { channels, convNorm, convNormRelu, defineGrammar, type Primitive } from "denas";

const bottleneck: Primitive = {
  name: "bottleneck",
  inputs: 1,
  layer(net, x) {
    const out = channels(x), narrow = Math.max(1, out / 4);
    const a = convNormRelu(net, "narrow", x, { k: 1, out: narrow });
    const b = convNormRelu(net, "middle", a, { k: 3, out: narrow });
    return convNorm(net, "wide", b, { k: 1, out });
  },
};

const grammar = `
[grammar]
name: stages
start: NET

[topologies]
Stages: 1-2 2-3 3-4
Pair: 1-2 2-3
# The second argument is the side branch.
Side: 1-2 1-3 2-3

[productions]
NET -> Stages BLOCK resBlock BLOCK
BLOCK -> Pair OP OP | Side OP OP OP
OP -> id | zero | conv3x3 | bottleneck

[constraints]
Pair: path without zero
Side: path without zero

[kernel]
levels: 0
`;

export default defineGrammar({
  name: "stages",
  summary: "two blocks around a reduction, by a grammar of their own",
  grammar,
  primitives: [bottleneck],
  example: [0, 3, 2, 1, 2, 1, 3],
});
