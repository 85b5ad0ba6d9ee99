// A batch of images from bytes: gather, crop, flip, cut out, normalise. One invocation per pixel.
//#include lib/index.wgsl
//#include lib/random.wgsl
override SIZE: u32 = 64u;

struct P {
  n: u32, h: u32, w: u32, c: u32,
  first: u32, count: u32,
  start: u32, total: u32, in_order: u32,
  seed: u32, stream: u32, step: u32,
  pad: u32, flip: u32, cutout: u32, legacy: u32,
}
@group(0) @binding(0) var<storage, read> bytes: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
// What each byte becomes: 256 values per channel, so that no device rounds differently.
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

fn draw(example: u32, which: u32, below: u32) -> u32 {
  return random_bits(p.seed, p.stream, p.step, example * 8u + which) % below;
}

fn is_cut(example: u32, row: u32, column: u32) -> bool {
  let before = select(i32(p.cutout / 2u), 0, p.legacy != 0u);
  let dy = i32(row) - i32(draw(example, 3u, p.h)) + before;
  let dx = i32(column) - i32(draw(example, 4u, p.w)) + before;
  return dy >= 0 && dy < i32(p.cutout) && dx >= 0 && dx < i32(p.cutout);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let t = thread(id, groups, SIZE);
  if (t >= p.n * p.h * p.w) { return; }
  let example = t / (p.h * p.w);
  let row = t / p.w % p.h;
  let column = t % p.w;

  let place = (p.start + example) % p.total;
  var image = place;
  if (p.in_order == 0u) { image = order[place]; }
  let local = image - p.first;
  // The images of other chunks are written by dispatches of their own.
  if (local >= p.count) { return; }

  var turned = column;
  if (p.flip != 0u && draw(example, 2u, 2u) == 1u) { turned = p.w - 1u - column; }
  let from_row = i32(row + draw(example, 0u, 2u * p.pad + 1u)) - i32(p.pad);
  let from_column = i32(turned + draw(example, 1u, 2u * p.pad + 1u)) - i32(p.pad);
  let inside = from_row >= 0 && from_row < i32(p.h) && from_column >= 0 && from_column < i32(p.w);
  let keep = inside && !(p.cutout != 0u && is_cut(example, row, column));
  for (var k = 0u; k < p.c; k++) {
    var value = 0.0;
    if (keep) {
      let at = ((local * p.h + u32(from_row)) * p.w + u32(from_column)) * p.c + k;
      value = table[k * 256u + (bytes[at / 4u] >> (at % 4u * 8u) & 255u)];
    }
    y[t * p.c + k] = value;
  }
}
