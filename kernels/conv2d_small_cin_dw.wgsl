// Weight gradient of a convolution with few input channels, output channels in fours: sums of x dy over a
// span of output rows, to be added up by sum_splits.
// One invocation per span and Q vec4 of output channels.
// The windows of T pixels are held in registers, and all sums of Q vec4 of outputs.
// A window has so few numbers that all taps are written out.
//#include lib/index.wgsl
//#include lib/relu.wgsl
alias V = f32;
override SIZE: u32 = 8u;
override OH: u32 = 1u;
override OW: u32 = 1u;
const K = 3u;
const S = 2u;
const CI = 1u;
const Q = 4u;
// Pixels per step, numbers in a kernel row, and in the part of a row of x that they see.
const T = 2u;
const ROW = 3u;
const INPUT_SPAN = 5u;
// Whether sums are in registers, and copied at the end; else in memory, where software keeps them anyway.
const IN_REGISTERS = false;

struct P {
  ih: u32, iw: u32, co: u32, rows: u32, top: i32, left: i32,
  span: u32, splits: u32, relu: u32, count: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let co = p.co / 4u;
  let outs = (co + Q - 1u) / Q;
  let o = i % outs * Q;
  let split = i / outs;
  if (split >= p.splits) { return; }
  var a: array<vec4f, K * ROW * Q>;
  let start = split * p.span * OW;
  let end = min((split + 1u) * p.span, p.rows) * OW;
  var ox = 0u;
  for (var pixel = start; pixel < end; pixel += min(T, OW - ox)) {
    let row = pixel / OW;
    ox = pixel % OW;
    let above = i32(row % OH * S) - p.top;
    let column = i32(ox * S) - p.left;
    var v: array<f32, K * INPUT_SPAN>;
    //#unroll k K
    let at$k = (i32(row / OH * p.ih) + above + $k) * i32(p.iw) + column;
    let live$k = u32(above + $k) < p.ih;
    //#unroll l INPUT_SPAN
    v[$k * INPUT_SPAN + $l] = x[max(at$k * i32(CI) + $l, 0i)];
    v[$k * INPUT_SPAN + $l] = relu_in(v[$k * INPUT_SPAN + $l], p.relu != 0u);
    v[$k * INPUT_SPAN + $l] =
      select(0.0, v[$k * INPUT_SPAN + $l], live$k && u32(column + i32($l / CI)) < p.iw);
    //#end
    //#end
    //#unroll q Q
    {
      //#unroll t T
      let d$t = select(dy[(pixel + $t) * co + min(o + $q, co - 1u)], vec4f(), ox + $t >= OW);
      //#end
      //#unroll k K
      //#unroll j ROW
      {
        var sum = a[($k * ROW + $j) * Q + $q];
        //#unroll t T
        sum = fma(vec4f(v[$k * INPUT_SPAN + $t * S * CI + $j]), d$t, sum);
        //#end
        a[($k * ROW + $j) * Q + $q] = sum;
      }
      //#end
      //#end
    }
    //#end
  }
  {
    //#if IN_REGISTERS
    var a = a;
    //#end
    // The text has one store: each takes as long to compile as many terms.
    for (var j = 0u; j < p.count; j++) {
      let at = o + j % Q;
      if (at < co) { sums[(split * K * ROW + j / Q) * co + at] = a[j]; }
    }
  }
}
