// Mean over the pixels of an image.
// One invocation per image and channel group.
// No tile: every pixel is read once; neighbours read neighbouring channels.
// One loop in a fixed order: the maps are small, and images and channels enough for every lane.
//#include lib/index.wgsl
//#include lib/relu.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P { n: u32, pixels: u32, c: u32, relu: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n * p.c) { return; }
  var at = i / p.c * p.pixels * p.c + i % p.c;
  var sum = V(0.0);
  for (var q = 0u; q < p.pixels; q++) {
    let v = x[at];
    sum += relu_in(v, p.relu != 0u);
    at += p.c;
  }
  y[i] = sum / f32(p.pixels);
}
