// y = act(x) w over pixels, all input channels in one dispatch, as a product of tiles.
// A work-group of 16 × 4 invocations makes 16 R pixels × 4 Q vec4 of outputs. One invocation makes R × Q of them.
// Slices of 4 K4 channels of x and w are staged in work-group memory, and read by 4 and by 16 invocations.
// For devices whose work-group memory is fast: each staged vec4 takes part in R or Q products of four. Staged
// as float16, products take half the memory and, on many cards, half the time. The sum of a slice is then
// float16, too, and the sum of slices float32.
//#if HALF
enable f16;
//#end
//#include lib/pixel.wgsl
//#include lib/relu.wgsl
alias V = vec4f;
// The type of what is staged.
alias H = vec4f;
const HALF = false;
// Whether input pixels differ from output pixels: coordinates are multiplied and shifted.
override SAMPLED: bool = false;
// Whether the result is zero wherever `gate` is not positive.
override GATED: bool = false;
override ADD: bool = false;
const R = 4u;
const Q = 2u;
const K4 = 4u;
const SIZE = 64u;

struct P {
  rows: u32, oh: u32, ow: u32, ih: u32, iw: u32, mul: u32, shift: i32,
  ci: u32, co: u32, w_at: u32, wk: u32, wn: u32, relu: u32,
  // x is multiplied by it before it becomes an H, and sums are divided by it.
  scale: f32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: P;

// By channel, then by pixel or output: neighbours read neighbours.
var<workgroup> xs: array<H, K4 * 16u * R>;
var<workgroup> ws: array<H, K4 * 4u * 4u * Q>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let top = (group.x + group.y * groups.x) * 16u * R;
  let left = group.z * 4u * Q;
  let ci = p.ci / 4u;
  let co = p.co / 4u;
  let r = local / 4u;
  let q = local % 4u;
  var sums: array<V, R * Q>;
  for (var k0 = 0u; k0 < ci; k0 += K4) {
    for (var i = local; i < K4 * 16u * R; i += SIZE) {
      let row = top + i / K4;
      let k = k0 + i % K4;
      var place = Source(row, row < p.rows);
      if (SAMPLED) { place = source(row, p.rows, p.oh, p.ow, p.ih, p.iw, p.mul, 1u, p.shift); }
      var v = V();
      if (place.live && k < ci) { v = relu_in(x[place.row * ci + k], p.relu != 0u); }
      xs[i % K4 * 16u * R + i / K4] = H(v * p.scale);
    }
    for (var i = local; i < K4 * 4u * 4u * Q; i += SIZE) {
      let k = k0 * 4u + i / (4u * Q);
      let n = left + i % (4u * Q);
      var v = V();
      if (k < p.ci && n < co) {
        let at = p.w_at + k * p.wk + n * 4u * p.wn;
        v = V(w[at], w[at + p.wn], w[at + 2u * p.wn], w[at + 3u * p.wn]);
      }
      ws[i] = H(v);
    }
    workgroupBarrier();
    var part: array<H, R * Q>;
    //#unroll j R
    //#unroll i Q
    part[$j * Q + $i] = H();
    //#end
    //#end
    for (var k = 0u; k < K4; k++) {
      //#unroll j R
      let a$j = xs[k * 16u * R + $j * 16 + r];
      //#end
      //#unroll c 4
      //#unroll i Q
      {
        let b = ws[(k * 4u + $c) * 4u * Q + $i * 4 + q];
        //#unroll j R
        part[$j * Q + $i] = fma(H(a$j[$c]), b, part[$j * Q + $i]);
        //#end
      }
      //#end
      //#end
    }
    //#unroll j R
    //#unroll i Q
    sums[$j * Q + $i] += V(part[$j * Q + $i]);
    //#end
    //#end
    workgroupBarrier();
  }
  for (var j = 0u; j < R; j++) {
    let row = top + j * 16u + r;
    for (var i = 0u; i < Q; i++) {
      let n = left + i * 4u + q;
      if (row < p.rows && n < co) {
        let at = row * co + n;
        var v = sums[j * Q + i] / p.scale;
        if (GATED) { v = select(V(), v, gate[at] > V()); }
        if (ADD) { v += y[at]; }
        y[at] = v;
      }
    }
  }
}
