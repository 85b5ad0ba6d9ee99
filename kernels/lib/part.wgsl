// Finds which of up to four tensors side by side a column belongs to. A kernel that includes this has in p
// the columns of all (`columns`), and those of the first three.
struct Part { index: u32, column: u32, columns: u32 }

fn part_of(column: u32) -> Part {
  let second = p.columns0;
  let third = second + p.columns1;
  let fourth = third + p.columns2;
  if (column < second) { return Part(0u, column, p.columns0); }
  if (column < third) { return Part(1u, column - second, p.columns1); }
  if (column < fourth) { return Part(2u, column - third, p.columns2); }
  return Part(3u, column - fourth, p.columns - fourth);
}
