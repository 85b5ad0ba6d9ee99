/** Authentication: open to everybody, or by the token, sent as a bearer token or exchanged for a cookie. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { ServerOptions } from "../run/serving.ts";
import { Problem } from "./problem.ts";

const days = 24 * 3600;
/** Wrong tokens are answered one after another with this delay, so that parallel guesses are no faster. */
const slowMs = 250;
/** Most requests that wait for such an answer. */
const maxWaiting = 20;

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

export class Sessions {
  /** Name of the cookie. Cookies ignore ports, so each server of a machine needs its own. */
  readonly #cookie: string;
  readonly #token: string | undefined;
  readonly #attributes: string;
  readonly #wait: (milliseconds: number) => Promise<void>;
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor({ token, tls, wait }: Pick<ServerOptions, "token" | "tls" | "wait">, port: number) {
    this.#token = token;
    this.#cookie = `denas-${port}`;
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${tls ? "; Secure" : ""}`;
    this.#wait = wait ?? pause;
  }

  /** Whether a token is required. */
  get needed(): boolean {
    return this.#token !== undefined;
  }

  /** Whether a request may pass. @throws Problem 429 where too many wrong tokens wait for their answer. */
  async allows(headers: Headers): Promise<boolean> {
    if (this.#token === undefined) return true;
    const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined) return await this.#check(bearer, this.#token);
    const cookie = (headers.get("cookie") ?? "").split(/; */)
      .find((part) => part.startsWith(`${this.#cookie}=`))?.slice(this.#cookie.length + 1);
    return cookie !== undefined && await this.#check(cookie, this.#value());
  }

  /**
   * The Set-Cookie header for a token.
   * @throws Problem 401 for a wrong token, 429 where too many of them wait for their answer.
   */
  async begin(token: string): Promise<string> {
    if (this.#token === undefined) return this.end();
    if (!await this.#check(token, this.#token)) {
      throw new Problem(401, "Cannot begin a session: that is not this server's token");
    }
    return this.#header(this.#value(), 30 * days);
  }

  end(): string {
    return this.#header("", 0);
  }

  /** Answers a right token at once, and wrong ones one after another. */
  async #check(given: string, right: string): Promise<boolean> {
    if (same(given, right)) return true;
    if (this.#waiting >= maxWaiting) {
      throw new Problem(429, "Cannot answer: too many wrong tokens, expected the server's; wait", {
        "retry-after": "10",
      });
    }
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#wait(slowMs));
    await this.#turn;
    this.#waiting--;
    return false;
  }

  #header(value: string, maxAge: number): string {
    return `${this.#cookie}=${value}; ${this.#attributes}; Max-Age=${maxAge}`;
  }

  /** Value of the cookie: not the token itself, and the same after a restart. */
  #value(): string {
    return createHash("sha256").update(`denas session ${this.#token}`).digest("hex");
  }
}

/** Compares in constant time. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
