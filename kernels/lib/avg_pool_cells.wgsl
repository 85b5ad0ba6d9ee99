// Cells that count along one axis of an average pool's window of k from start on.
fn pool_cells(start: i32, k: u32, size: u32) -> u32 {
  return u32(min(start + i32(k), i32(size)) - max(start, 0));
}
