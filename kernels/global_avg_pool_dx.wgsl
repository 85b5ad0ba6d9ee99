// Gradient of the mean over pixels.
// One invocation per 8 pixels of an image and channel group.
// No tile: every element is written once.
// Several pixels per invocation share the division and the mean.
//#include lib/index.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P { n: u32, pixels: u32, blocks: u32, c: u32, relu: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> dx: array<V>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let n = i / (p.c * p.blocks);
  if (n >= p.n) { return; }
  let first = i / p.c % p.blocks * 8u;
  let mean = dy[n * p.c + ch] / f32(p.pixels);
  for (var q = first; q < min(first + 8u, p.pixels); q++) {
    let at = (n * p.pixels + q) * p.c + ch;
    var g = mean;
    if (p.relu != 0u) { g = select(V(0.0), g, x[at] > V(0.0)); }
    if (p.add != 0u) { g += dx[at]; }
    dx[at] = g;
  }
}
