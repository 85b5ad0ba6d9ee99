import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { clean, oneLine, table } from "../../src/cli/terminal.ts";
import { writePictures } from "../data/make.ts";
import { denas } from "./command.ts";

/** Clears the screen, sets the title, turns the writing, hides text, goes to the line's start. */
const hostile = "a\x1b[2Jb\x1b]0;title\x07c\u202ed\x9b8me\x1b[8mf\rg\x7f";

// deno-lint-ignore no-control-regex -- these are what it looks for
const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/;

Deno.test("text from files cannot steer a terminal; colours of our own stay", () => {
  const shown = clean(hostile);
  assert(!controls.test(shown), shown);
  assert(shown.startsWith("a\\u001b[2Jb\\u001b]0;title\\u0007c\\u202ed"), shown);
  const ours = "\x1b[31mdenas:\x1b[39m Zürich 動物\n\tnext";
  assertEquals(clean(ours), ours);
  assertEquals(oneLine("ant\ndenas: done\tx"), "ant\\u000adenas: done\\u0009x");
  assertEquals(table(["class"], [["a\nb"]]).split("\n").length, 2);
});

Deno.test("JSON keeps its content", () => {
  const value = { class: hostile };
  assertEquals(JSON.parse(clean(JSON.stringify(value))), value);
});

Deno.test("class names of a folder reach the terminal clean, in notes and errors too", async () => {
  const here = Deno.makeTempDirSync();
  const name = "b\x1b[2J\u202eee\nx";
  const dir = join(here, "photos");
  const parts = { train: 12, test: 2 };
  await writePictures(dir, parts, { classes: ["ant", name], size: [8, 8] });
  Deno.writeTextFileSync(join(dir, "train", name, "\x1b]0;t\x07.txt"), "no picture");
  Deno.removeSync(join(dir, "test", name), { recursive: true });
  const args = ["search", "--mode", "macro", "--preset", "smoke", "--data", "photos"];
  const { code, stderr } = await denas(args, { INIT_CWD: here });
  assertEquals(code, 1, stderr);
  assert(stderr.includes("no class b\\u001b[2J\\u202eee"), stderr);
  assert(!controls.test(stderr), JSON.stringify(stderr));
});
