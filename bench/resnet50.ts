/**
 * ResNet-50 (He et al. 2015; the stride of a block in its 3×3 convolution) as a space of one network: a yardstick
 * for engines. 224×224 images and 1,000 classes make 25.5 million weights.
 */
import type { Value } from "../src/autodiff/mod.ts";
import type { SearchSpace } from "../src/nas/space.ts";
import { toModel } from "../src/nas/spaces/child.ts";
import type { NetworkSettings } from "../src/nas/spaces/settings.ts";
import { channels, convNorm, convNormRelu, head, type Net, pool3 } from "../src/nn/layers.ts";
import { add, relu } from "../src/ops/mod.ts";

/** Blocks of each stage; a stage has twice the channels of the one before. */
const stages = [3, 4, 6, 3];
const WIDTH = 64;
/** A block's outputs are so many times its inner channels. */
const EXPANSION = 4;

function bottleneck(net: Net, x: Value, width: number, stride: number): Value {
  const out = EXPANSION * width;
  const inner = convNormRelu(net, "narrow", x, { k: 1, out: width });
  const seen = convNormRelu(net, "see", inner, { k: 3, out: width, stride });
  const wide = convNorm(net, "wide", seen, { k: 1, out });
  const same = stride === 1 && channels(x) === out;
  return relu(add(wide, same ? x : convNorm(net, "shortcut", x, { k: 1, out, stride })));
}

function features(net: Net, images: Value): Value {
  const stem = convNormRelu(net, "stem", images, { k: 7, out: WIDTH, stride: 2 });
  let x = pool3(stem, "max", 2);
  stages.forEach((blocks, stage) => {
    for (let i = 0; i < blocks; i++) {
      const stride = i === 0 && stage > 0 ? 2 : 1;
      x = net.scope(`stage${stage}/${i}`, () => bottleneck(net, x, WIDTH * 2 ** stage, stride));
    }
  });
  return x;
}

/** Constants of its batch norms and first weights. */
const config: NetworkSettings = {
  stem: 2,
  legacyInit: false,
  bnEpsilon: 1e-5,
  bnDecay: 0.9,
  bnDebias: true,
};

export const resnet50: SearchSpace<unknown> = {
  name: "resnet50",
  summary: "ResNet-50",
  start: () => ({
    decision: null,
    choose: () => {
      throw new Error("Cannot choose: ResNet-50 leaves no choice");
    },
  }),
  decode: () => "resnet50",
  encode: () => [],
  key: () => "resnet50",
  build: (_, into) =>
    toModel({ ...into, config }, (net, images) => ({
      logits: head(net, features(net, images), { classes: into.classes, keep: 1 }),
    })),
  graphs: () => [],
  picture: () => [],
};
