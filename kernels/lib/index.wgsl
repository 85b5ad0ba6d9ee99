// Flat invocation index of a dispatch that was folded over x and y (65,535 groups per axis).
fn thread(id: vec3u, groups: vec3u, size: u32) -> u32 {
  return id.x + id.y * groups.x * size;
}
