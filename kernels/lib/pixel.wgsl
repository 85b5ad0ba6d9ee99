struct Source { row: u32, live: bool }

// The pixel (row of a matrix) that output pixel `row` reads: coordinates are multiplied, shifted, divided.
// Not live if the division has a remainder or the position is outside; `row` is then 0, safe to read.
fn source(
  row: u32, rows: u32, oh: u32, ow: u32, ih: u32, iw: u32, mul: u32, div: u32, shift: i32,
) -> Source {
  var s = Source(row, row < rows);
  if (mul != 1u || div != 1u || shift != 0i) {
    let plane = row / ow;
    let at = vec2i(vec2u(row % ow, plane % oh) * mul) + shift;
    let to = at / i32(div);
    s.live = s.live && all(at >= vec2i()) && all(to * i32(div) == at) && all(to < vec2i(vec2u(iw, ih)));
    s.row = ((plane / oh) * ih + u32(to.y)) * iw + u32(to.x);
  }
  if (!s.live) { s.row = 0u; }
  return s;
}
