/**
 * The rules of this tree that `deno lint` can check:
 * - one-way-imports: layers import downwards only;
 * - no-ambient: no Math.random, console or environment in the library, so that a run depends on its config
 *   only and a program that embeds denas gets events only;
 * - gpu-globals: only src/gpu names GPU* globals;
 * - portable-core: files that a browser loads too use no host API, and import files that do only dynamically.
 */
import { dirname, join, relative } from "@std/path";
import config from "../deno.json" with { type: "json" };
import { inCore } from "./core.ts";
import { forbidden } from "./layers.ts";

const root = dirname(import.meta.dirname!);
const imports: Record<string, string> = config.imports;

/** Globals that read or write state outside the config: object → members, or all of them. */
const ambient: Record<string, readonly string[] | "all"> = {
  Math: ["random"],
  Deno: ["env"],
  process: ["env"],
  console: "all",
};

/** Paths where these are allowed: code that talks to a person or to the system. */
const mayBeAmbient = /^(src\/(cli|http)|tests|bench|tools|lint)\/|^(cli|server)\.ts$/;

/** A path from the root of the tree, with forward slashes. */
function fromRoot(path: string): string {
  return relative(root, path).replaceAll("\\", "/");
}

/** The file of this tree that an import resolves to; null for packages and built-ins. */
function target(file: string, specifier: string): string | null {
  const mapped = imports[specifier];
  if (mapped?.startsWith("./")) return mapped.slice(2);
  if (specifier.startsWith("file:")) return fromRoot(new URL(specifier).pathname);
  if (/^\.\.?\//.test(specifier)) return fromRoot(join(dirname(file), specifier));
  return null;
}

const oneWayImports: Deno.lint.Rule = {
  create(context) {
    const check = (node: Deno.lint.Node, source: unknown) => {
      if (typeof source !== "string") return;
      const imported = target(context.filename, source);
      if (imported === null) return;
      const reason = forbidden(fromRoot(context.filename), imported);
      if (reason !== null) context.report({ node, message: `Cannot import ${source}: ${reason}` });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ImportExpression: (node) => check(node, node.source.type === "Literal" && node.source.value),
      TSImportType(node) {
        const argument = node.argument;
        if (argument.type === "TSLiteralType" && argument.literal.type === "Literal") {
          check(node, argument.literal.value);
        }
      },
    };
  },
};

/** The name of a global, also when written globalThis.name. */
function globalName(node: Deno.lint.Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression" && globalName(node.object) === "globalThis") {
    return memberName(node);
  }
}

function memberName(node: Deno.lint.MemberExpression): string | undefined {
  if (!node.computed && node.property.type === "Identifier") return node.property.name;
  if (node.property.type === "Literal") return String(node.property.value);
}

function isAmbient(object: string | undefined, member: string | undefined): boolean {
  const members = object !== undefined && Object.hasOwn(ambient, object)
    ? ambient[object]
    : undefined;
  return members === "all" || (member !== undefined && members?.includes(member) === true);
}

const noAmbient: Deno.lint.Rule = {
  create(context) {
    if (mayBeAmbient.test(fromRoot(context.filename))) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `Cannot use ${what} here, expected it in src/cli or src/http only`,
        hint: "Take the value as a parameter, draw from src/common/random.ts, or yield an event.",
      });
    return {
      MemberExpression(node) {
        const [object, member] = [globalName(node.object), memberName(node)];
        if (isAmbient(object, member)) report(node, `${object}.${member}`);
      },
      VariableDeclarator(node) {
        if (node.id.type !== "ObjectPattern" || !node.init) return;
        const object = globalName(node.init);
        for (const property of node.id.properties) {
          if (property.type !== "Property" || property.key.type !== "Identifier") continue;
          if (isAmbient(object, property.key.name)) {
            report(property, `${object}.${property.key.name}`);
          }
        }
      },
    };
  },
};

const gpuGlobals: Deno.lint.Rule = {
  create(context) {
    const file = fromRoot(context.filename);
    if (!file.startsWith("src/") || file.startsWith("src/gpu/")) return {};
    const report = (node: Deno.lint.Node, name: string) =>
      context.report({
        node,
        message: `Cannot use ${name} here, expected WebGPU's own names in src/gpu only`,
      });
    return {
      Identifier(node) {
        const parent = node.parent;
        const isMember = parent.type === "MemberExpression" && parent.property === node;
        const isKey = parent.type === "Property" && parent.key === node;
        if (/^GPU[A-Z]/.test(node.name) && !isMember && !isKey) report(node, node.name);
      },
      MemberExpression(node) {
        if (globalName(node.object) === "navigator" && memberName(node) === "gpu") {
          report(node, "navigator.gpu");
        }
      },
    };
  },
};

const portableCore: Deno.lint.Rule = {
  create(context) {
    const file = fromRoot(context.filename);
    if (!inCore(file)) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `Cannot ${what} here: browsers load this file too`,
        hint:
          "Take it as a parameter (Files, Store, RunIO), or import what needs a host dynamically.",
      });
    const check = (node: Deno.lint.Node, source: unknown, isStatic: boolean) => {
      if (typeof source !== "string") return;
      if (source.startsWith("node:")) report(node, `import ${source}`);
      const imported = target(context.filename, source);
      if (!isStatic || !imported?.startsWith("src/") || inCore(imported)) return;
      report(node, `import ${source} statically`);
    };
    return {
      ImportDeclaration: (node) => check(node, node.source.value, node.importKind !== "type"),
      ExportAllDeclaration: (node) => check(node, node.source.value, node.exportKind !== "type"),
      ExportNamedDeclaration: (node) => check(node, node.source?.value, node.exportKind !== "type"),
      ImportExpression: (node) =>
        check(node, node.source.type === "Literal" && node.source.value, false),
      Identifier(node) {
        const { parent } = node;
        const isMember = parent.type === "MemberExpression" && parent.property === node &&
          !parent.computed && globalName(parent.object) !== "globalThis";
        const isKey = parent.type === "Property" && parent.key === node;
        const asksWhether = parent.type === "UnaryExpression" && parent.operator === "typeof";
        if (node.name === "Deno" && !isMember && !isKey && !asksWhether) report(node, "use Deno");
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "denas",
  rules: {
    "one-way-imports": oneWayImports,
    "no-ambient": noAmbient,
    "gpu-globals": gpuGlobals,
    "portable-core": portableCore,
  },
};
export default plugin;
