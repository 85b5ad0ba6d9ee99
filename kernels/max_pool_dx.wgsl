// Gradient of max pooling, any window and stride. One invocation per input pixel and channel group.
//#include lib/index.wgsl
alias V = vec4f;
alias U = vec4u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32,
  k: u32, stride: u32, pad_y: i32, pad_x: i32, add: u32,
}
@group(0) @binding(0) var<storage, read> won: array<U>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> dx: array<V>;
@group(0) @binding(3) var<uniform> p: P;

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
      let o = (row + u32(ox)) * p.c + ch;
      g += select(V(0.0), dy[o], won[o] == U(u32(kh) * p.k + u32(kw)));
    }
  }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
