// Gradient of average pooling, any window and stride.
// One invocation per input pixel and channel group.
// No tile: the cache serves pixels that several windows share.
// Gathers from the windows that see a pixel, so that nothing needs atomics; the sliding-window kernel
// takes the usual sizes.
//#include lib/index.wgsl
//#include lib/avg_pool_cells.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32,
  k: u32, stride: u32, pad_y: u32, pad_x: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<V>;
@group(0) @binding(1) var<storage, read_write> dx: array<V>;
@group(0) @binding(2) var<uniform> p: P;

// Cells inside the image of the window at position o along one axis.
fn cells(o: u32, pad: u32, size: u32) -> u32 {
  return pool_cells(i32(o * p.stride) - i32(pad), p.k, size);
}

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
  let y0 = max(i32(iy + p.stride) - i32(p.k), 0) / i32(p.stride);
  let x0 = max(i32(ix + p.stride) - i32(p.k), 0) / i32(p.stride);
  let y1 = min(iy / p.stride, p.oh - 1u);
  let x1 = min(ix / p.stride, p.ow - 1u);
  for (var oy = u32(y0); oy <= y1; oy++) {
    let row = (n * p.oh + oy) * p.ow;
    for (var ox = u32(x0); ox <= x1; ox++) {
      g += dy[(row + ox) * p.c + ch] / f32(cells(oy, p.pad_y, p.ih) * cells(ox, p.pad_x, p.iw));
    }
  }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
