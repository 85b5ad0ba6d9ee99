import assert from "node:assert/strict";
import { BufferPool, sizeClass, standIn } from "../../src/gpu/pool.ts";

function made() {
  let ids = 0;
  return new BufferPool((bytes) => ({ ...standIn(bytes), id: ids++ }));
}

const MIB = 2 ** 20;

Deno.test("a label gets its buffer again, whatever others took and gave back in between", () => {
  const pool = made();
  const a = pool.acquire(MIB, "a");
  pool.release(a);
  const b = pool.acquire(MIB, "b");
  const c = pool.acquire(MIB, "c");
  pool.release(c);
  pool.release(b);
  assert.notEqual(b, a);
  assert.equal(pool.acquire(MIB, "c"), c);
  assert.equal(pool.acquire(MIB, "a"), a);
  assert.equal(pool.acquire(MIB, "b"), b);
  assert.equal(pool.ownedBytes, 3 * MIB);
});

Deno.test("a label that is taken several times at once gets the same buffers in the same order", () => {
  const pool = made();
  const take = () => [0, 1, 2].map(() => pool.acquire(1000, "unused"));
  const first = take();
  assert.equal(new Set(first).size, 3);
  for (const buffer of [...first].reverse()) pool.release(buffer);
  assert.deepEqual(take(), first);
});

Deno.test("labels share memory once the pool is large, and no buffer is handed out twice", () => {
  const pool = made();
  const size = 100 * MIB;
  const first = ["a", "b"].map((label) => pool.acquire(size, label));
  for (const buffer of first) pool.release(buffer);
  const owned = pool.ownedBytes;
  const c = pool.acquire(size, "c");
  assert.equal(pool.ownedBytes, owned);
  assert.equal(c, first[0]);
  // Its own is taken: another one, and the first again as soon as it is free.
  assert.equal(pool.acquire(size, "a"), first[1]);
  const live = pool.acquire(size, "d");
  assert.ok(!first.includes(live));
  assert.equal(pool.liveBytes, 3 * sizeClass(size));
  pool.release(c);
  assert.equal(pool.acquire(size, "a"), c);
});

Deno.test("a label that needs memory takes what fewest labels had", () => {
  const pool = made();
  const size = 80 * MIB;
  const all = ["a", "b", "c"].map((label) => pool.acquire(size, label));
  for (const buffer of all) pool.release(buffer);
  for (const [label, expected] of [["d", 0], ["e", 1], ["f", 2], ["g", 0]] as const) {
    const buffer = pool.acquire(size, label);
    assert.equal(buffer, all[expected]);
    pool.release(buffer);
  }
});
