// A batch of images from bytes: gather, crop, flip, rotate or shift, cut out, normalise.
// One invocation per pixel.
// No tile: every pixel of the batch is computed from at most four bytes.
// One kernel in place of one per augmentation: the batch is written once.
//#include lib/index.wgsl
//#include lib/random.wgsl
override SIZE: u32 = 64u;

struct P {
  n: u32, h: u32, w: u32, c: u32,
  first: u32, count: u32,
  start: u32, total: u32, in_order: u32,
  seed: u32, stream: u32, step: u32,
  pad: u32, crop: u32, flip: u32, cutout: u32, legacy: u32, rotate: f32, shift: f32,
}
@group(0) @binding(0) var<storage, read> bytes: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
// Normalised values of the 256 bytes per channel: a table, so that no device rounds differently.
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
// First byte, height and width of each image of the chunk; at least h rows and w columns.
@group(0) @binding(4) var<storage, read> places: array<u32>;
@group(0) @binding(5) var<uniform> p: P;

fn draw(example: u32, which: u32, below: u32) -> u32 {
  return random_bits(p.seed, p.stream, p.step, example * 8u + which) % below;
}

fn is_cut(example: u32, row: u32, column: u32) -> bool {
  let before = select(i32(p.cutout / 2u), 0, p.legacy != 0u);
  let dy = i32(row) - i32(draw(example, 3u, p.h)) + before;
  let dx = i32(column) - i32(draw(example, 4u, p.w)) + before;
  return dy >= 0 && dy < i32(p.cutout) && dx >= 0 && dx < i32(p.cutout);
}

// The normalised value at a position in an image; zero outside.
fn value_at(image: u32, row: i32, column: i32, k: u32) -> f32 {
  let height = i32(places[3u * image + 1u]);
  let width = i32(places[3u * image + 2u]);
  if (row < 0 || row >= height || column < 0 || column >= width) { return 0.0; }
  let at = places[3u * image] + u32(row * width + column) * p.c + k;
  return table[k * 256u + ((bytes[at / 4u] >> (at % 4u * 8u)) & 255u)];
}

// The row and column of an image at which its crop begins: at random, or around the centre.
fn corner_of(image: u32, example: u32) -> vec2i {
  let spare = vec2u(places[3u * image + 1u] - p.h, places[3u * image + 2u] - p.w);
  if (p.crop == 0u) { return vec2i(spare / 2u); }
  return vec2i(vec2u(draw(example, 6u, spare.x + 1u), draw(example, 7u, spare.y + 1u)));
}

// A position rotated about the centre by a random angle of at most p.rotate. Sine and cosine by series, since
// the functions of devices are less exact.
fn turned_place(example: u32, row: i32, column: i32) -> vec2f {
  let a = (2.0 * uniform01(p.seed, p.stream, p.step, example * 8u + 5u) - 1.0) * p.rotate;
  let b = a * a;
  let sine = a * (1.0 - b / 6.0 * (1.0 - b / 20.0 * (1.0 - b / 42.0 * (1.0 - b / 72.0))));
  let cosine = 1.0 - b / 2.0 * (1.0 - b / 12.0 * (1.0 - b / 30.0 * (1.0 - b / 56.0)));
  let centre = vec2f(f32(p.h) - 1.0, f32(p.w) - 1.0) / 2.0;
  let off = vec2f(f32(row), f32(column)) - centre;
  return centre + vec2f(cosine * off.x - sine * off.y, sine * off.x + cosine * off.y);
}

// A position shifted by a random share of the image of at most p.shift, and moved onto the nearest pixel inside.
fn shifted_place(example: u32, row: i32, column: i32) -> vec2f {
  let down = uniform01(p.seed, p.stream, p.step, example * 8u);
  let right = uniform01(p.seed, p.stream, p.step, example * 8u + 1u);
  let size = vec2f(f32(p.h), f32(p.w));
  let place = vec2f(f32(row), f32(column)) + (2.0 * vec2f(down, right) - 1.0) * p.shift * size;
  return clamp(place, vec2f(0.0), size - 1.0);
}

fn between(image: u32, place: vec2f, k: u32) -> f32 {
  let corner = vec2i(floor(place));
  let share = place - floor(place);
  let above = mix(value_at(image, corner.x, corner.y, k), value_at(image, corner.x, corner.y + 1, k), share.y);
  let below = mix(value_at(image, corner.x + 1, corner.y, k), value_at(image, corner.x + 1, corner.y + 1, k), share.y);
  return mix(above, below, share.x);
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
  let corner = corner_of(local, example);
  let cut = p.cutout != 0u && is_cut(example, row, column);
  for (var k = 0u; k < p.c; k++) {
    var value = 0.0;
    if (!cut && p.rotate == 0.0 && p.shift == 0.0) { value = value_at(local, corner.x + from_row, corner.y + from_column, k); }
    if (!cut && p.rotate > 0.0) {
      value = between(local, vec2f(corner) + turned_place(example, from_row, from_column), k);
    }
    if (!cut && p.shift > 0.0) {
      value = between(local, vec2f(corner) + shifted_place(example, i32(row), i32(turned)), k);
    }
    y[t * p.c + k] = value;
  }
}
