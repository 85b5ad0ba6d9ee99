/** Parsers of option values. Their messages complete "error: option '--epochs <n>' …: expected". */
import { InvalidArgumentError } from "commander";
import { type Limit, limits } from "../nas/config/limits.ts";

export function whole(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n)) {
    throw new InvalidArgumentError("a whole number");
  }
  return n;
}

export function positive(text: string): number {
  const n = whole(text);
  if (n === 0) throw new InvalidArgumentError("a whole number above 0");
  return n;
}

/** Reads a whole number from 1 up to a limit. */
export const sizeUpTo = (limit: Limit) => (text: string): number => within(positive(text), limit);

function within(n: number, { most, why }: Limit): number {
  if (n <= most) return n;
  throw new InvalidArgumentError(`at most ${most.toLocaleString("en-US")}: ${why}`);
}

export function number(text: string): number {
  const n = Number(text);
  if (text.trim() === "" || !Number.isFinite(n)) {
    throw new InvalidArgumentError("a number");
  }
  return n;
}

export function port(text: string): number {
  const n = whole(text);
  if (n > 65535) throw new InvalidArgumentError("a port up to 65535");
  return n;
}

/** Reads a number above 0, such as minutes, seconds or a share of them. */
export function numberAbove0(text: string): number {
  const n = number(text);
  if (n <= 0) throw new InvalidArgumentError("a number above 0");
  return n;
}

export function seconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text);
  if (!match || Number(match[1]) === 0) {
    throw new InvalidArgumentError("a time like 90s, 30m or 2h");
  }
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2]]!;
}

export function seedList(text: string): number[] {
  const seeds = text.split(",").map((word) => whole(word.trim()));
  within(seeds.length, limits.seeds);
  if (new Set(seeds).size < seeds.length) {
    throw new InvalidArgumentError("each seed once");
  }
  return seeds;
}

/** Adds one `name=value`; the value is read as JSON, or as a string where it is not JSON. */
export function setting(text: string, all: Record<string, unknown> = {}): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("name=value");
  return { ...all, [text.slice(0, at)]: jsonOrText(text.slice(at + 1)) };
}

/** Reads a value as JSON, or as a string where it is not JSON. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
