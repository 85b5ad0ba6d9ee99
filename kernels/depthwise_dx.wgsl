// Gradient of a depthwise convolution by its input, any window, stride and dilation.
// One invocation per input pixel and channel group.
// No tile: the cache serves pixels that several windows share.
// Gathers from the windows that see a pixel, so that nothing needs atomics; the sliding-window kernel
// takes the usual sizes.
//#include lib/index.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32,
  k: u32, stride: u32, dilation: u32, pad_y: u32, pad_x: u32, relu: u32, add: u32, w_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> w: array<V>;
@group(0) @binding(2) var<storage, read> dy: array<V>;
@group(0) @binding(3) var<storage, read_write> dx: array<V>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let pixel = i / p.c;
  let n = pixel / (p.iw * p.ih);
  if (n >= p.n) { return; }
  let iy = pixel / p.iw % p.ih + p.pad_y;
  let ix = pixel % p.iw + p.pad_x;
  var g = V(0.0);
  let span = (p.k - 1u) * p.dilation + 1u;
  let y0 = max(i32(iy + p.stride) - i32(span), 0) / i32(p.stride);
  let x0 = max(i32(ix + p.stride) - i32(span), 0) / i32(p.stride);
  let y1 = min(iy / p.stride, p.oh - 1u);
  let x1 = min(ix / p.stride, p.ow - 1u);
  for (var oy = u32(y0); oy <= y1; oy++) {
    let down = iy - oy * p.stride;
    if (down % p.dilation != 0u) { continue; }
    let kh = down / p.dilation;
    let row = (n * p.oh + oy) * p.ow;
    for (var ox = u32(x0); ox <= x1; ox++) {
      let across = ix - ox * p.stride;
      if (across % p.dilation != 0u) { continue; }
      let kw = across / p.dilation;
      g += w[p.w_at / LANES + (kh * p.k + kw) * p.c + ch] * dy[(row + ox) * p.c + ch];
    }
  }
  if (p.relu != 0u) { g = select(V(0.0), g, x[i] > V(0.0)); }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
