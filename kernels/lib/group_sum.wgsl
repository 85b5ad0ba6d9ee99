// Sum over a work-group of SIZE (a power of two) invocations, in a fixed order; all of them must call it.
var<workgroup> lanes: array<f32, SIZE>;

fn group_sum(value: f32, local: u32) -> f32 {
  lanes[local] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (local < half) { lanes[local] += lanes[local + half]; }
    workgroupBarrier();
  }
  let sum = lanes[0];
  workgroupBarrier();
  return sum;
}
