import { assertEquals } from "@std/assert";
import { parseLog } from "../../../src/nas/arch_formats/log.ts";
import { macroLog } from "./made_log.ts";

Deno.test("a log of the released code gives its architectures with epoch, place, score and line", () => {
  const { architectures, epochs, problems } = parseLog(macroLog);
  assertEquals(problems, []);
  const settings = { stem: 1, layers: 3, filters: 96, branches: 6 };
  assertEquals(architectures, [
    {
      space: "macro",
      settings,
      epoch: 1,
      index: 0,
      choice: [1, 4, 0, 2, 0, 1],
      score: 0.5062,
      line: 7,
    },
    {
      space: "macro",
      settings,
      epoch: 1,
      index: 1,
      choice: [0, 3, 1, 5, 1, 1],
      score: 0.625,
      line: 12,
    },
    {
      space: "macro",
      settings,
      epoch: 2,
      index: 0,
      choice: [0, 3, 1, 5, 1, 1],
      score: 0.75,
      line: 25,
    },
  ]);
  assertEquals(epochs, [
    { epoch: 1, valid: 0.55, test: 0.5411 },
    { epoch: 2, valid: 0.61, test: 0.6 },
  ]);
});

Deno.test("cells are two rows, long rows go over several lines, other lines do not matter", () => {
  const { architectures, problems } = parseLog(`Epoch 15: Training controller
WARNING: something [else] happened
[0 1 1 0 1 1 0 3 1 2 0 0 0 1 1 4
 1 0 3 1]
[ 0  1  0  1  1  0  1  1  0  2  2  3  2  1  3  4
  4  0  5  1]
val_acc=0.4000
`);
  assertEquals(problems, []);
  assertEquals(architectures.map(({ space, choice, line }) => [space, choice.length, line]), [
    ["micro", 40, 3],
  ]);
  assertEquals(architectures[0].choice.slice(-4), [4, 0, 5, 1]);
});

Deno.test("rows of channel ranges are known from macro rows", () => {
  const rows = ["[0 8 3 2]", "[0 1 0 8 1]", "[7 1 2 6 0 1]"].join("\n");
  const { architectures, problems } = parseLog(`Epoch 1: x\n${rows}\nval_acc=0.5000\n`);
  const [{ space, settings: { branches }, choice }] = architectures;
  // The log has counts, the choice how many more than one.
  assertEquals([space, branches, problems], ["macro-range", 2, []]);
  assertEquals(choice, [0, 7, 3, 1, 0, 0, 0, 7, 1, 7, 0, 2, 5, 0, 1]);
});

Deno.test("of an epoch that a restarted run repeats the last figures count", () => {
  const { epochs } = parseLog(macroLog + "Epoch 2: Eval\nvalid_accuracy: 0.7000\n");
  assertEquals(epochs.at(-1), { epoch: 2, valid: 0.7, test: 0.6 });
});

Deno.test("a log cut anywhere gives what it has, and says with its line what it lacks", () => {
  const full = parseLog(macroLog);
  for (let at = 0; at <= macroLog.length; at += 7) {
    const cut = parseLog(macroLog.slice(0, at));
    assertEquals(cut.architectures, full.architectures.slice(0, cut.architectures.length));
    cut.epochs.forEach((epoch, i) => {
      if (epoch.valid !== undefined) assertEquals(epoch.valid, full.epochs[i].valid);
      if (epoch.test !== undefined) assertEquals(epoch.test, full.epochs[i].test);
    });
  }
  const upTo = (text: string, from = 0) =>
    parseLog(macroLog.slice(0, macroLog.indexOf(text, from) + text.length));
  assertEquals(upTo("[2 0").problems, [
    "line 9: it is cut and was left out",
    "line 7: an architecture without its val_acc= was left out",
  ]);
  assertEquals(upTo("val_acc=0.62").problems[0], "line 15: it is cut and was left out");
  assertEquals(upTo("val_acc=0.6250").architectures.length, 2);
  assertEquals(upTo("valid_accuracy: 0.5").epochs, []);
});

Deno.test("figures that are none and rows that fit no space are left out with their line", () => {
  const cases: [string, string][] = [
    ["[0]\n[1 1]\nval_acc=nan\n", "line 3: val_acc= nan, expected a fraction"],
    ["[0]\n[1 1 1]\nval_acc=0.5000\n", "line 1: rows of 1, 3 numbers are no architecture"],
    ["val_acc=0.5000\n", "line 1: val_acc= without rows before it"],
    ["[0]\n[1 1]\nHere are 10 architectures\n", "line 1: an architecture without its val_acc="],
    ["valid_accuracy: 0.5000\n", 'line 1: valid_accuracy: 0.5000 stands before any "Epoch"'],
    ["[0 1\nsomething else\n", "line 1: a row has no end"],
  ];
  for (const [text, problem] of cases) {
    const { architectures, problems } = parseLog(text);
    assertEquals(architectures, []);
    assertEquals(problems[0]?.slice(0, problem.length), problem, text);
  }
});
