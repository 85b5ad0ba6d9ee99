/** Who may ask: everybody, or who knows the token, as a bearer or by a cookie that was given for it. */
import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "./problem.ts";

const days = 24 * 3600;

export class Sessions {
  /** Cookies know no ports: several servers of one machine must not take each other's. */
  readonly #cookie: string;

  constructor(private readonly token: string | undefined, port: number) {
    this.#cookie = `denas-${port}`;
  }

  /** Whether a token is demanded at all. */
  get needed(): boolean {
    return this.token !== undefined;
  }

  allows(headers: Headers): boolean {
    if (this.token === undefined) return true;
    const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined) return same(bearer, this.token);
    const cookie = (headers.get("cookie") ?? "").split(/; */)
      .find((part) => part.startsWith(`${this.#cookie}=`))?.slice(this.#cookie.length + 1);
    return cookie !== undefined && same(cookie, this.#value());
  }

  /**
   * The Set-Cookie header for a token.
   * @throws Problem 401 when it is the wrong one.
   */
  begin(token: string): string {
    if (this.token === undefined) return this.end();
    if (!same(token, this.token)) {
      throw new Problem(401, "Cannot begin a session: that is not this server's token");
    }
    return this.#header(this.#value(), 30 * days);
  }

  end(): string {
    return this.#header("", 0);
  }

  #header(value: string, maxAge: number): string {
    return `${this.#cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}`;
  }

  /** Not the token itself, and the same after a restart. */
  #value(): string {
    return createHash("sha256").update(`denas session ${this.token}`).digest("hex");
  }
}

/** Compares in a time that does not tell how much was right. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
