// Average pooling over the cells inside the image, any window and stride.
// One invocation per output pixel and channel group.
// No tile: the cache serves pixels that several windows share.
// Plain code for rare sizes: the sliding-window kernel takes the usual ones and is tested against this one.
//#include lib/index.wgsl
//#include lib/avg_pool_cells.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32,
  k: u32, stride: u32, pad_y: i32, pad_x: i32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let pixel = i / p.c;
  let n = pixel / (p.ow * p.oh);
  if (n >= p.n) { return; }
  let top = i32(pixel / p.ow % p.oh * p.stride) - p.pad_y;
  let left = i32(pixel % p.ow * p.stride) - p.pad_x;
  let y0 = max(top, 0);
  let y1 = min(top + i32(p.k), i32(p.ih));
  let x0 = max(left, 0);
  let x1 = min(left + i32(p.k), i32(p.iw));
  var sum = V(0.0);
  for (var iy = y0; iy < y1; iy++) {
    let row = (n * p.ih + u32(iy)) * p.iw;
    for (var ix = x0; ix < x1; ix++) { sum += x[(row + u32(ix)) * p.c + ch]; }
  }
  y[i] = sum / f32(pool_cells(top, p.k, p.ih) * pool_cells(left, p.k, p.iw));
}
