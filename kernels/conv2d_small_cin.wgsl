// y = act(x) ∗ w for few input channels, output channels in fours.
// One invocation per T neighbouring pixels of a row and Q vec4 of output channels.
// All weights of Q vec4 of outputs are staged in work-group memory, the windows of T pixels in registers.
// A window has so few numbers that all taps are written out.
//#include lib/index.wgsl
//#include lib/relu.wgsl
alias V = f32;
override SIZE: u32 = 64u;
// Known when compiling: division by other numbers takes longer than loads and products.
override TILES: u32 = 1u;
override OH: u32 = 1u;
override OW: u32 = 1u;
const K = 3u;
const S = 2u;
const CI = 1u;
const T = 1u;
const Q = 4u;
// Numbers in a kernel row, and in the part of a row of x that T pixels see.
const ROW = 3u;
const INPUT_SPAN = 3u;

struct P {
  pixels: u32, ih: u32, iw: u32, co: u32, top: i32, left: i32,
  w_at: u32, relu: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: P;

var<workgroup> tile: array<vec4f, K * ROW * Q>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let first = group.z * Q;
  for (var j = local; j < K * ROW * Q; j += SIZE) {
    let o = (first + j % Q) * 4u;
    let at = p.w_at + j / Q * p.co + o;
    var v = vec4f();
    if (o < p.co) { v = vec4f(w[at], w[at + 1u], w[at + 2u], w[at + 3u]); }
    tile[j] = v;
  }
  workgroupBarrier();

  let i = thread(id, groups, SIZE);
  let row = i / TILES;
  let ox = i % TILES * T;
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
  var a: array<vec4f, T * Q>;
  //#unroll t T
  //#unroll q Q
  //#unroll k K
  //#unroll j ROW
  a[$t * Q + $q] = fma(
    vec4f(v[$k * INPUT_SPAN + $t * S * CI + $j]),
    tile[($k * ROW + $j) * Q + $q],
    a[$t * Q + $q],
  );
  //#end
  //#end
  //#end
  //#end
  //#unroll t T
  if (i < p.pixels && ox + $t < OW) {
    let to = (row * OW + ox + $t) * (p.co / 4u) + first;
    //#unroll q Q
    if ((first + $q) * 4u < p.co) { y[to + $q] = a[$t * Q + $q]; }
    //#end
  }
  //#end
}
