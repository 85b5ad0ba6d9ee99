// Per example: mean over classes of the sigmoid cross-entropy, 1 where all signs match the targets.
// One invocation per example.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, classes: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> hit: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let start = i * p.classes;
  var sum = 0.0;
  var all = true;
  for (var c = 0u; c < p.classes; c++) {
    let z = logits[start + c];
    let t = targets[start + c];
    sum += max(z, 0.0) - z * t + log(1.0 + exp(-abs(z)));
    all = all && (z >= 0.0) == (t > 0.5);
  }
  loss[i] = sum / f32(p.classes);
  hit[i] = f32(all);
}
