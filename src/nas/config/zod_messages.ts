/** Expected values in words, for our errors ("expected …"), instead of zod's own messages. */
import type { z } from "zod";

const kinds: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** Error map for `safeParse`; messages given in a schema take precedence. */
export function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${kinds[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `expected ${least(issue)}`;
    case "too_big":
      return `expected ${most(issue)}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "invalid_value":
      return `expected ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
  }
}

type Size = { origin: string; inclusive?: boolean; minimum?: unknown; maximum?: unknown };

/** Unit of a size: lists and texts are measured by length. */
const unit = ({ origin }: Size) =>
  origin === "array" ? " elements" : origin === "string" ? " characters" : "";

const least = (size: Size) =>
  `${size.inclusive === false ? "more than" : "at least"} ${size.minimum}${unit(size)}`;

const most = (size: Size) =>
  `${size.inclusive === false ? "less than" : "at most"} ${size.maximum}${unit(size)}`;

/** The first problem of a value: `child.layers is 2, expected at least 3`. */
export function firstProblem({ issues: [issue] }: z.ZodError, value: unknown): string {
  const { path, message } = issue;
  if (issue.code === "unrecognized_keys") {
    return `${[...path, issue.keys[0]].join(".")} is unknown, expected nothing of this name`;
  }
  const got = path.reduce<unknown>((v, k) => (v as Record<PropertyKey, unknown>)?.[k], value);
  const is = got === undefined ? "missing" : shortened(JSON.stringify(got));
  return `${path.join(".") || "it"} is ${is}, ${message}`;
}

/** Most characters of a value in a message. */
const MOST_SHOWN = 200;

const shortened = (text: string): string =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
