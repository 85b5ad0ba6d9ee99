/** Form fields from a JSON schema. An empty field keeps the preset's value. */
import { h } from "./dom.js";
import { words } from "./format.js";

const unlimited = Number.MAX_SAFE_INTEGER;

/** Resolves `$ref`s and merges a union into `{ type, enum, … }`, as far as one field can hold its values. */
export function simplified(schema, root) {
  if (schema.$ref) return simplified(resolve(schema.$ref, root), root);
  const union = schema.anyOf ?? schema.oneOf;
  if (union && union.every((part) => "const" in part)) {
    return { ...schema, enum: union.map((part) => part.const) };
  }
  return schema;
}

function resolve(ref, root) {
  return ref.replace(/^#\//, "").split("/").reduce((at, name) => at?.[name], root);
}

/**
 * @param {string} path dotted name of the setting
 * @param {object} schema
 * @returns {{element: HTMLElement, read: () => unknown, preset: (v: unknown) => void} | null} null for
 *   what one field cannot hold
 */
export function settingField(path, schema) {
  const name = path.split(".").at(-1);
  const control = schema.enum
    ? choice(schema.enum)
    : schema.type === "boolean"
    ? choice([true, false])
    : schema.type === "integer" || schema.type === "number"
    ? numeric(schema)
    : null;
  if (!control) return null;
  control.input.name = path;
  const label = h(
    "label",
    { title: schema.description },
    h("span", {}, words(name)),
    control.input,
  );
  return { element: label, input: control.input, path, read: control.read, preset: control.preset };
}

/** @param {unknown[]} values; @param {(v: unknown) => string} [text] */
export function choice(values, text = String) {
  const words = new Map([[true, "on"], [false, "off"], ["", "its own"]]);
  const shown = (v) => words.get(v) ?? text(v);
  const inherited = h("option", { value: "" }, "as preset");
  const input = h(
    "select",
    {},
    inherited,
    ...values.map((v, i) => h("option", { value: String(i) }, shown(v))),
  );
  return {
    input,
    read: () => input.value === "" ? undefined : values[Number(input.value)],
    preset: (v) => inherited.textContent = v === undefined ? "as preset" : `${shown(v)} (preset)`,
  };
}

function numeric(schema) {
  const limit = (n) => Math.abs(n) < unlimited ? String(n) : null;
  const whole = schema.type === "integer";
  const input = h("input", {
    type: "number",
    // The server checks an exclusive bound of fractions.
    min: limit(schema.minimum ?? (whole ? schema.exclusiveMinimum + 1 : schema.exclusiveMinimum)),
    max: limit(schema.maximum),
    step: whole && !schema.multipleOf ? "1" : "any",
    inputmode: whole ? "numeric" : "decimal",
  });
  return {
    input,
    read: () => input.value === "" ? undefined : input.valueAsNumber,
    preset: (v) => input.placeholder = v === undefined ? "" : String(v),
  };
}

/**
 * Every field of an object schema, nested objects as groups of their own.
 * @param {{title?: string, path?: string, leave?: string[]}} [options] `path` is the dotted name of the object
 *   itself, `leave` names what is no field
 * @returns {[string, object[]][]} group name and fields
 */
export function settingGroups(schema, root, { title = "General", path = "", leave = [] } = {}) {
  const own = [];
  const nested = [];
  for (const [name, raw] of Object.entries(schema.properties)) {
    if (leave.includes(name)) continue;
    const part = simplified(raw, root);
    const inner = path ? `${path}.${name}` : name;
    if (part.type === "object" && part.properties) {
      const group = path ? `${title}, ${words(name).toLowerCase()}` : words(name);
      nested.push(...settingGroups(part, root, { title: group, path: inner }));
    } else {
      const field = settingField(inner, part);
      if (field) own.push(field);
    }
  }
  return [[title, own], ...nested].filter(([, fields]) => fields.length);
}

/** @param {[string, object[]][]} groups; @param {object[]} [leave] fields that are shown elsewhere */
export function fieldsets(groups, leave = []) {
  return groups.map(([title, fields]) => {
    const shown = fields.filter((field) => !leave.includes(field));
    const inner = h("div", { class: "fields" }, ...shown.map(({ element }) => element));
    return h("fieldset", {}, h("legend", {}, title), inner);
  });
}

/** Values of the fields, as the nested object that the server takes. */
export function collect(fields) {
  const settings = {};
  for (const { path, read } of fields) {
    const value = read();
    if (value === undefined) continue;
    const names = path.split(".");
    const last = names.pop();
    let at = settings;
    for (const name of names) at = at[name] ??= {};
    at[last] = value;
  }
  return settings;
}

export const valueAt = (object, path) => path.split(".").reduce((at, name) => at?.[name], object);
