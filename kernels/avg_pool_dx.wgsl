// Gradient of average pooling, any window and stride. One invocation per input pixel and channel group.
//#include lib/index.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32,
  k: u32, stride: u32, pad_y: i32, pad_x: i32, add: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<V>;
@group(0) @binding(1) var<storage, read_write> dx: array<V>;
@group(0) @binding(2) var<uniform> p: P;

// Cells inside the image of the window at position o along one axis.
fn cells(o: i32, pad: i32, size: u32) -> i32 {
  let first = o * i32(p.stride) - pad;
  return min(first + i32(p.k), i32(size)) - max(first, 0);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let pixel = i / p.c;
  let n = pixel / (p.iw * p.ih);
  if (n >= p.n) { return; }
  let iy = i32(pixel / p.iw % p.ih) + p.pad_y;
  let ix = i32(pixel % p.iw) + p.pad_x;
  let s = i32(p.stride);
  var g = V(0.0);
  for (var kh = 0; kh < i32(p.k); kh++) {
    let oy = (iy - kh) / s;
    if (iy < kh || oy * s != iy - kh || oy >= i32(p.oh)) { continue; }
    let row = (n * p.oh + u32(oy)) * p.ow;
    for (var kw = 0; kw < i32(p.k); kw++) {
      let ox = (ix - kw) / s;
      if (ix < kw || ox * s != ix - kw || ox >= i32(p.ow)) { continue; }
      g += dy[(row + u32(ox)) * p.c + ch] / f32(cells(oy, p.pad_y, p.ih) * cells(ox, p.pad_x, p.iw));
    }
  }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
