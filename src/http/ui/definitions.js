/** Definitions that a run is made of: a space, strategy or evaluator, each with its own settings. */
import { h, setText, uniqueId } from "./dom.js";
import { fieldsets, settingGroups, simplified } from "./settings.js";

/** Members of a union schema by title, which is the definition's name. */
export function definitionsIn(union, root) {
  const { anyOf, oneOf } = simplified(union, root);
  const each = (oneOf ?? anyOf).map((member) => simplified(member, root));
  return new Map(each.map((member) => [member.title, member]));
}

/** A select with a line below it that explains the chosen option. */
export class ExplainedSelect {
  /** @param {string[][]} options value and text; without a text the value is shown */
  constructor(label, name, options, changed) {
    const id = uniqueId("help");
    this.help = h("p", { class: "note", id });
    this.input = h(
      "select",
      { name, onchange: changed, "aria-describedby": id },
      ...options.map(([value, text]) => h("option", { value }, text ?? value)),
    );
    this.element = h("div", {}, h("label", {}, h("span", {}, label), this.input), this.help);
  }

  get value() {
    return this.input.value;
  }

  explain(text = "") {
    setText(this.help, text);
  }
}

/** Fields of the chosen definition only. */
export class DefinitionFields {
  fields = [];
  element = h("div");
  #shown = null;

  /**
   * @param {string} name of the settings in a request, such as `strategy`; @param {string} title
   * @param {Map<string, object>} definitions schemas by name; @param {object} root
   */
  constructor(name, title, definitions, root) {
    Object.assign(this, { name, title, definitions, root });
  }

  /** @param {string | null | undefined} kind shows no fields where it is missing */
  show(kind) {
    if (kind === this.#shown) return;
    this.#shown = kind;
    const schema = this.definitions.get(kind);
    const title = `${this.title}: ${kind}`;
    const groups = schema
      ? settingGroups(schema, this.root, { title, path: this.name, leave: ["kind"] })
      : [];
    this.fields = groups.flatMap(([, fields]) => fields);
    this.element.replaceChildren(...fieldsets(groups));
  }

  summary(kind) {
    return this.definitions.get(kind)?.description;
  }
}
