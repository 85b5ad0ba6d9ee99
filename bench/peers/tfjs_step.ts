/**
 * A training step of a child of the micro search in idiomatic TensorFlow.js: the network of
 * `src/nas/spaces/micro_network.ts`, as in the search. The L2 term is left out, in the library's favour.
 */
import {
  auxLayer,
  type Cell,
  isReduction,
  looseEnds,
  microOps,
} from "../../src/nas/spaces/micro_arch.ts";
import type { Answer, StepJob } from "./mod.ts";
import { batchNorm, flush } from "./tfjs.ts";
import { passTimes, startCounting } from "./timestamps.ts";

// deno-lint-ignore no-explicit-any
type Tf = any;
// deno-lint-ignore no-explicit-any
type Tensor = any;

class Child {
  readonly weights = new Map<string, Tensor>();

  constructor(private readonly tf: Tf, private readonly job: StepJob) {
    if (job.auxHead) {
      throw new Error(`Cannot write the auxiliary head after layer ${auxLayer(job.layers)}`);
    }
  }

  logits(images: Tensor): Tensor {
    const { tf, job: { filters, layers, stem, keep } } = this;
    const first = this.norm("stem", this.conv("stem", images, 3, 3 * filters, stem));
    let history: [Tensor, Tensor] = [first, first];
    let width = filters;
    for (let l = 0; l < layers + 2; l++) {
      const reduction = isReduction(l, layers);
      if (reduction) width *= 2;
      history = this.layer(`layer${l}`, history, width, reduction);
    }
    const features = tf.dropout(tf.mean(tf.relu(history[1]), [1, 2]), 1 - keep);
    return tf.matMul(features, this.weight("head", [features.shape[1], 10]));
  }

  private layer(at: string, [h0, h1]: [Tensor, Tensor], width: number, reduction: boolean) {
    const { tf, job } = this;
    const second = reduction ? this.halve(`${at}/halve`, h1, width, false) : h1;
    const fit = (name: string, h: Tensor) =>
      h.shape[3] === width ? h : this.norm(name, this.conv(name, tf.relu(h), 1, width, 1));
    const nodes: Tensor[] = [
      h0.shape[1] === second.shape[1]
        ? fit(`${at}/fit0`, h0)
        : this.halve(`${at}/fit0`, h0, width, true),
      fit(`${at}/fit1`, second),
    ];
    const cell: Cell = reduction ? job.reduce : job.normal;
    cell.forEach((block, b) => {
      const [x, y] = (["x", "y"] as const).map((side) => {
        const { input, op } = block[side];
        return this.operation(`${at}/${b}${side}${input}`, nodes[input], op, width);
      });
      nodes.push(tf.add(x, y));
    });
    const ends = tf.relu(tf.concat(looseEnds(cell).map((i) => nodes[i]), 3));
    return [second, this.norm(`${at}/out`, this.conv(`${at}/out`, ends, 1, width, 1))] as [
      Tensor,
      Tensor,
    ];
  }

  private operation(at: string, x: Tensor, op: number, width: number): Tensor {
    const { tf } = this;
    const { kind, k } = microOps[op];
    if (kind === "identity") return x;
    if (kind === "avg") return tf.avgPool(x, 3, 1, "same");
    if (kind === "max") return tf.maxPool(x, 3, 1, "same");
    for (let i = 0; i < 2; i++) {
      const name = `${at}/sep${k}/${i}`;
      const dw = this.weight(`${name}/dw`, [k, k, width, 1]);
      const spread = tf.depthwiseConv2d(tf.relu(x), dw, 1, "same");
      x = this.norm(name, this.conv(name, spread, 1, width, 1));
    }
    return x;
  }

  /** Halves the image: even and odd pixels through a 1×1 convolution each. */
  private halve(at: string, h: Tensor, width: number, relu: boolean): Tensor {
    const { tf } = this;
    const x = relu ? tf.relu(h) : h;
    const moved = tf.slice(tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]]), [0, 1, 1, 0], x.shape);
    const half = width / 2;
    const parts = [
      this.conv(`${at}/even`, x, 1, half, 2),
      this.conv(`${at}/odd`, moved, 1, half, 2),
    ];
    return this.norm(at, tf.concat(parts, 3));
  }

  private conv(name: string, x: Tensor, k: number, out: number, stride: number): Tensor {
    return this.tf.conv2d(x, this.weight(`${name}/w`, [k, k, x.shape[3], out]), stride, "same");
  }

  private norm(name: string, x: Tensor): Tensor {
    const c = x.shape[3];
    const gamma = this.weight(`${name}/gamma`, [c], 1), beta = this.weight(`${name}/beta`, [c], 0);
    return batchNorm(this.tf, [x, gamma, beta], { epsilon: this.job.epsilon });
  }

  private weight(name: string, shape: number[], fill?: number): Tensor {
    let weight = this.weights.get(name);
    if (!weight) {
      const { tf } = this;
      const fan = shape.length === 1 ? 1 : shape.slice(0, -1).reduce((a, b) => a * b, 1);
      weight = tf.keep(tf.variable(
        fill === undefined
          ? tf.randomNormal(shape, 0, Math.sqrt(2 / fan), "float32", 1)
          : tf.fill(shape, fill),
      ));
      this.weights.set(name, weight);
    }
    return weight;
  }
}

/** Times whole steps: loss, gradients and momentum update, until the loss is read. */
export async function timeStep(tf: Tf, job: StepJob, samples: number): Promise<Answer> {
  const child = new Child(tf, job);
  const images = tf.randomNormal([job.batch, ...job.input], 0, 1, "float32", 1);
  const labels = tf.oneHot(
    tf.tensor1d([...Array(job.batch).keys()].map((i) => i % 10), "int32"),
    10,
  );
  tf.dispose(tf.tidy(() => child.logits(images))); // Makes the weights.
  const optimizer = tf.train.momentum(0.01, 0.9, true);
  const step = async () => {
    startCounting();
    const start = performance.now();
    const loss = optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(labels, child.logits(images)),
      true,
    );
    const [value] = await loss.data();
    const ms = performance.now() - start;
    flush(tf);
    const times = await passTimes();
    loss.dispose();
    return { ms, deviceMs: times.reduce((a, b) => a + b, 0), loss: value };
  };
  const first = await step();
  // Range of the loss of an untrained network with ten classes.
  if (!(first.loss > 1 && first.loss < 10)) return { unable: `its first loss is ${first.loss}` };
  let [ms, deviceMs] = [Infinity, Infinity];
  for (let i = 0; i < samples; i++) {
    const one = await step();
    [ms, deviceMs] = [Math.min(ms, one.ms), Math.min(deviceMs, one.deviceMs)];
  }
  const parameters = [...child.weights.values()].reduce((sum, w) => sum + w.size, 0);
  return { ms, deviceMs, parameters };
}
