/** Assertions on the class and message of an error; they return the error. */
import { assert } from "@std/assert";

type ErrorClass = new (message: string) => Error;

function check(error: unknown, kind: ErrorClass, text: string): Error {
  assert(error instanceof kind, `${error} is no ${kind.name}`);
  assert(error.message.includes(text), `"${error.message}" lacks "${text}"`);
  return error;
}

export function expectThrow(fn: () => unknown, kind: ErrorClass = Error, text = ""): Error {
  let error: unknown = "nothing thrown";
  try {
    fn();
  } catch (thrown) {
    error = thrown;
  }
  return check(error, kind, text);
}

export async function expectReject(
  fn: () => Promise<unknown>,
  kind: ErrorClass = Error,
  text = "",
): Promise<Error> {
  let error: unknown = "nothing thrown";
  try {
    await fn();
  } catch (thrown) {
    error = thrown;
  }
  return check(error, kind, text);
}
