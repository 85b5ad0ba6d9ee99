// Adds a training step to running sums: loss times images, hits, and the gradient's norm from the sums of
// squares of its chunks. The first step of a sum replaces the old values.
// One work-group, of which the first invocation writes.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// Sums stay on the device: figures of many steps are one read-back, which costs at least 12 ms.
//#include lib/group_sum.wgsl
const SIZE: u32 = 256u;
// The root of the largest float: if squares overflow, the sum stays finite.
const LARGEST: f32 = 1.8446743e19;

struct P { images: u32, chunks: u32, add: u32 }
@group(0) @binding(0) var<storage, read> loss: array<f32>;
@group(0) @binding(1) var<storage, read> hits: array<f32>;
@group(0) @binding(2) var<storage, read> squares: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < p.chunks; i += SIZE) { sum += squares[i]; }
  let norm = min(sqrt(group_sum(sum, local)), LARGEST);
  if (local == 0u) {
    let add = p.add != 0u;
    sums[0] = select(0.0, sums[0], add) + loss[0] * f32(p.images);
    sums[1] = select(0.0, sums[1], add) + hits[0];
    sums[2] = select(0.0, sums[2], add) + norm;
  }
}
