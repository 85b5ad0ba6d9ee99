/**
 * The functions of `@std/assert` that the tests use, on top of `node:assert/strict`: the JSR registry is out
 * of reach of the machines that build this project.
 */
import assert from "node:assert/strict";

// Newer types of Node refuse an undefined message, though Node itself treats it as none.

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  assert.deepEqual(actual, expected, message!);
}

export function assert_(value: unknown, message?: string): asserts value {
  assert.ok(value, message!);
}
export { assert_ as assert };

/** Fails unless `fn` throws an Error whose message matches `pattern`. */
export function assertThrows(fn: () => unknown, pattern: RegExp): void {
  assert.throws(fn, (error: Error) => (assert.match(error.message, pattern), true));
}

/** Fails unless the promise rejects with an Error whose message matches `pattern`. */
export async function assertRejects(fn: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(fn, (error: Error) => (assert.match(error.message, pattern), true));
}

/** assertEquals for long lists: reports the first difference, since printing them all takes minutes. */
export function assertSameNumbers(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Object.is(actual[i], expected[i]), `element ${i}: ${actual[i]}, not ${expected[i]}`);
  }
}

/** Fails unless |actual − expected| ≤ tolerance. */
export function assertAlmostEquals(actual: number, expected: number, tolerance = 1e-7): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${actual} is not within ${tolerance} of ${expected}`,
  );
}
