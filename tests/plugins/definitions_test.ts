/** Laws of every definition: built-in ones by walking the registries, and the examples. */
import assert from "node:assert/strict";
import { WeightStore } from "../../src/nn/weights.ts";
import type { Plugin, SpaceDefinition } from "../../src/nas/definition.ts";
import { checkPlugin } from "../../src/nas/plugin_check.ts";
import { presetsOf } from "../../src/nas/config/presets.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";
import { register } from "../../src/nas/registry.ts";
import { evaluators, openSpace, spaces, strategies } from "../../src/nas/registry.ts";
import { drawText } from "../../src/run/draw.ts";
import grammar from "../../examples/grammar.ts";
import residual from "../../examples/residual.ts";
import throughput from "../../examples/throughput.ts";
import tpe from "../../examples/tpe.ts";

for (const example of [grammar, residual, tpe, throughput]) register(example as Plugin);
const all: Plugin[] = [...spaces.all(), ...strategies.all(), ...evaluators.all()];

for (const definition of all) {
  Deno.test(`${definition.type} ${definition.name}: a plug-in file might export it`, () => {
    assert.equal(checkPlugin(definition, "here"), definition);
  });
}

/** The space at the size of its example. */
const opened = ({ name, example }: SpaceDefinition) =>
  openSpace({ kind: name, ...example.settings });

for (const definition of spaces.all()) {
  const { name, example, settings } = definition;

  Deno.test(`space ${name}: its example is built and drawn; a supernet has every weight of it`, () => {
    const space = opened(definition);
    const arch = space.decode(example.choice);
    const target = { input: [16, 16, 3], classes: 3, form: "search" } as const;
    const [supernet, child] = [new WeightStore(), new WeightStore()];
    space.build(arch, { ...target, weights: child });
    assert.ok(child.params().length > 0);
    if (space.supernet) {
      space.supernet({ ...target, weights: supernet });
      const known = new Set(supernet.params().map((param) => param.name));
      assert.deepEqual(child.params().filter((param) => !known.has(param.name)), []);
    }
    assert.ok(drawText(space.picture(arch)).length > 0);
    for (const { labels, successors } of space.graphs(arch)) {
      assert.equal(labels.length, successors.length);
      assert.ok(successors.flat().every((v) => v < labels.length));
    }
  });

  Deno.test(`space ${name}: each of its presets is whole, and carried settings are its own`, () => {
    for (const preset of presetsOf(definition)) {
      assert.equal(resolveSearchConfig({ mode: name, preset }).space.kind, name);
      const { space } = resolveRetrainConfig({ space: name, preset });
      const { kind: _, ...own } = space;
      for (const field of Object.keys(definition.carried?.(own) ?? {})) {
        assert.ok(field in settings.shape, `${field} is no setting`);
      }
    }
  });
}

Deno.test("a name is taken once", () => {
  assert.throws(() => register({ ...tpe, name: "random" } as Plugin), {
    name: "UsageError",
    message: /^Cannot add strategy "random": the name is taken, expected another than enas, /,
  });
  // The same file loaded twice is no second plug-in.
  register(tpe as Plugin);
});
