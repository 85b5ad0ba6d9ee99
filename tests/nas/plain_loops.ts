/** Layers as plain loops in float64, to check the engine independently. */

/** Images for nested loops: value(n, y, x, c). */
export interface Map4 {
  shape: [number, number, number, number];
  data: Float64Array;
}

export const make = (
  shape: Map4["shape"],
  value: (n: number, y: number, x: number, c: number) => number,
): Map4 => {
  const [n, h, w, c] = shape;
  const data = new Float64Array(n * h * w * c);
  let i = 0;
  for (let a = 0; a < n; a++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) for (let k = 0; k < c; k++) data[i++] = value(a, y, x, k);
    }
  }
  return { shape, data };
};
const at = (
  { shape: [, h, w, c], data }: Map4,
  n: number,
  y: number,
  x: number,
  k: number,
) => data[((n * h + y) * w + x) * c + k];
const inside = ({ shape: [, h, w] }: Map4, y: number, x: number) =>
  y >= 0 && x >= 0 && y < h && x < w;
export const relu = (m: Map4) => make(m.shape, (...i) => Math.max(0, at(m, ...i)));
export const add = (a: Map4, b: Map4) => make(a.shape, (...i) => at(a, ...i) + at(b, ...i));
export const first = (m: Map4, c: number) =>
  make([m.shape[0], m.shape[1], m.shape[2], c], (...i) => at(m, ...i));
export const joined = (maps: Map4[]) =>
  make(
    [
      maps[0].shape[0],
      maps[0].shape[1],
      maps[0].shape[2],
      maps.reduce((s, m) => s + m.shape[3], 0),
    ],
    (n, y, x, k) => {
      const m = maps.find(({ shape }) => (k -= shape[3]) < 0)!;
      return at(m, n, y, x, k + m.shape[3]);
    },
  );

/** Starts of the windows of `span`, and their number (SAME). */
function window(size: number, span: number, stride: number): [start: number, count: number] {
  const count = Math.ceil(size / stride);
  return [-Math.floor(Math.max((count - 1) * stride + span - size, 0) / 2), count];
}

function overWindows(
  m: Map4,
  out: number,
  { k, stride, dilation = 1 }: { k: number; stride: number; dilation?: number },
  fold: (taps: { ky: number; kx: number; y: number; x: number }[], n: number, c: number) => number,
): Map4 {
  const span = (k - 1) * dilation + 1;
  const [top, h] = window(m.shape[1], span, stride), [left, w] = window(m.shape[2], span, stride);
  return make([m.shape[0], h, w, out], (n, oy, ox, c) => {
    const taps = [];
    for (let ky = 0; ky < k; ky++) {
      for (let kx = 0; kx < k; kx++) {
        const y = oy * stride + top + ky * dilation, x = ox * stride + left + kx * dilation;
        if (inside(m, y, x)) taps.push({ ky, kx, y, x });
      }
    }
    return fold(taps, n, c);
  });
}

export const pool = (m: Map4, kind: "max" | "avg", k: number, stride: number) =>
  overWindows(m, m.shape[3], { k, stride }, (taps, n, c) => {
    const values = taps.map(({ y, x }) => at(m, n, y, x, c));
    return kind === "max" ? Math.max(...values) : values.reduce((a, b) => a + b) / values.length;
  });

/** Layers that take their weights by name. */
export class Reference {
  constructor(
    readonly weights: Record<string, { shape: readonly number[]; data: ArrayLike<number> }>,
  ) {}

  conv(m: Map4, name: string, k: number, stride = 1): Map4 {
    const { shape, data } = this.weights[`${name}/w`];
    const ci = m.shape[3], out = shape[shape.length - 1];
    // A 1×1 convolution of stride 2 takes the even pixels.
    if (k === 1) {
      const [n, h, w] = m.shape;
      return make([n, Math.ceil(h / stride), Math.ceil(w / stride), out], (a, y, x, c) => {
        let sum = 0;
        for (let i = 0; i < ci; i++) sum += at(m, a, y * stride, x * stride, i) * data[i * out + c];
        return sum;
      });
    }
    return overWindows(m, out, { k, stride }, (taps, n, c) => {
      let sum = 0;
      for (const { ky, kx, y, x } of taps) {
        for (let i = 0; i < ci; i++) {
          sum += at(m, n, y, x, i) * data[((ky * k + kx) * ci + i) * out + c];
        }
      }
      return sum;
    });
  }

  depthwise(m: Map4, name: string, k: number, stride: number, dilation = 1): Map4 {
    const { data } = this.weights[`${name}/dw`];
    const channels = m.shape[3];
    return overWindows(
      m,
      channels,
      { k, stride, dilation },
      (taps, n, c) =>
        taps.reduce(
          (sum, { ky, kx, y, x }) => sum + at(m, n, y, x, c) * data[(ky * k + kx) * channels + c],
          0,
        ),
    );
  }

  /** A 1×1 convolution of weight `pw`. */
  mix(m: Map4, name: string): Map4 {
    return new Reference({ "w/w": this.weights[`${name}/pw`] }).conv(m, "w", 1);
  }

  norm(m: Map4, name: string): Map4 {
    const [n, h, w, c] = m.shape;
    const count = n * h * w;
    const mean = new Float64Array(c), square = new Float64Array(c);
    m.data.forEach((v, i) => mean[i % c] += v / count);
    m.data.forEach((v, i) => square[i % c] += (v - mean[i % c]) ** 2 / count);
    const gamma = this.weights[`${name}/gamma`].data, beta = this.weights[`${name}/beta`].data;
    return make(
      m.shape,
      (a, y, x, k) =>
        (at(m, a, y, x, k) - mean[k]) / Math.sqrt(square[k] + 1e-5) * gamma[k] + beta[k],
    );
  }

  convNorm(m: Map4, name: string, k: number, stride = 1): Map4 {
    return this.norm(this.conv(m, name, k, stride), name);
  }

  /** Halves the image: half of the channels each from the even and the odd pixels. */
  halve(m: Map4, name: string): Map4 {
    const even = new Reference({ "w/w": this.weights[`${name}/even`] }).conv(m, "w", 1, 2);
    const [n, h, w, c] = m.shape;
    const shifted = make(
      [n, h, w, c],
      (a, y, x, k) => inside(m, y + 1, x + 1) ? at(m, a, y + 1, x + 1, k) : 0,
    );
    const odd = new Reference({ "w/w": this.weights[`${name}/odd`] }).conv(shifted, "w", 1, 2);
    return this.norm(joined([even, odd]), name);
  }

  classify(m: Map4): number[] {
    const [n, h, w, c] = m.shape;
    const { data, shape: [, classes] } = this.weights["head/w"];
    const bias = this.weights["head/b"].data;
    return Array.from({ length: n * classes }, (_, i) => {
      const image = Math.floor(i / classes), k = i % classes;
      let sum = bias[k];
      for (let ch = 0; ch < c; ch++) {
        let mean = 0;
        for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) mean += at(m, image, y, x, ch);
        sum += mean / (h * w) * data[ch * classes + k];
      }
      return sum;
    });
  }
}
