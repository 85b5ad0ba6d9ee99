/** A real browser for the tests of the page: Debian's Chromium, driven by playwright-core. */
import { assertEquals } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import axe from "axe-core/axe.min.js" with { type: "text" };

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/** Path of a browser. Without one the tests of the page are skipped, but fail where CI is set. */
export const browserPath: string | undefined = places.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

if (browserPath === undefined && Deno.env.get("CI")) {
  throw new Error("Cannot test the page: no Chromium, expected one; apt-get install chromium");
}

/** Timeout of a page: it ends tests that hang, but none on a busy machine. */
const patienceMs = 600_000;

export interface Opened extends AsyncDisposable {
  page: Page;
  /** Errors that the browser reported: of scripts, of loading, of the security policy. */
  complaints: string[];
}

export class Browsing {
  /** @param flags additional flags of the browser. */
  constructor(private readonly flags: readonly string[] = []) {}

  #browser: Promise<Browser> | null = null;

  /** @param allowed complaints that the test expects. */
  async open(options: BrowserContextOptions = {}, allowed: RegExp = /^$/): Promise<Opened> {
    this.#browser ??= chromium.launch({
      executablePath: browserPath,
      args: ["--no-sandbox", ...this.flags],
    });
    const context = await (await this.#browser).newContext({ reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    const complaints: string[] = [];
    const complain = (text: string) => allowed.test(text) || complaints.push(text);
    page.on("pageerror", (error) => complain(`${error.message}\n${error.stack}`));
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      complain(`${message.text()} ${message.location().url}`);
    });
    return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
  }

  async close(): Promise<void> {
    await (await this.#browser)?.close();
  }
}

interface Violation {
  impact: string;
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Checks the rules of WCAG 2.2 A and AA that a program can check. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const violations = await page.evaluate<Violation[]>(
    `axe.run(document, { runOnly: ${JSON.stringify(rules)} }).then((r) => r.violations)`,
  );
  const told = violations.map(({ impact, id, help, nodes }) =>
    [`${impact} ${id}: ${help}`, ...nodes.slice(0, 3).map((n) => `${n.html}\n${n.failureSummary}`)]
      .join("\n")
  );
  assertEquals(told, []);
}
