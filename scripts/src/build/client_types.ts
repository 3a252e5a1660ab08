// The types of one entry point of the client library as one file: what tsc declares of it and of the files that it
// imports, joined. Only what the entry's own exports need is kept, and only they are exported. No two files of the
// library declare the same name.

import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { LEVELS, SOURCES } from "../../../src/core/record.ts";

/** The server's file, whose two types are written out: the rest of it needs the schema library. */
const ENTRY_FILE = "src/core/entry.ts";
/** Its type that is not: nobody needs it. */
const LEFT_OUT = "Entry";

/** Exported names, each with the name that it is declared by. */
type Exports = ReadonlyMap<string, string>;

/** A declaration, and the names in it. */
interface Declaration {
  readonly text: string;
  readonly names: ReadonlySet<string>;
  readonly uses: ReadonlySet<string>;
  /** Kept whoever needs it: what it adds to the global names is there for all. */
  readonly isGlobal: boolean;
}

/**
 * The text of a declaration file. `entry`: relative to the checkout `root`. @throws Error where the sources have
 * mistakes.
 */
export function declarationsOf(root: string, entry: string): string {
  const library = new Library(emit(root, entry));
  const exported = [...library.join(entry)].filter(([name]) => name !== LEFT_OUT);
  const needed = library.neededBy(exported.map(([, local]) => local));
  const list = exported.map(([name, local]) => (name === local ? name : `${local} as ${name}`));
  return `${needed}export {${list.length === 0 ? "" : ` ${list.join(", ")} `}};\n`;
}

/** By source file, relative to `root`, what tsc declares. */
function emit(root: string, entry: string): Map<string, string> {
  const configPath = join(root, "src", "client", "tsconfig.json");
  const { config } = ts.readConfigFile(configPath, (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(configPath));
  const program = ts.createProgram([join(root, entry)], {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: join(root, "dist", "types"),
  });
  const texts = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (_path, text, _mark, _error, sources) => {
    const [source] = sources ?? [];
    if (source !== undefined) texts.set(source.fileName.slice(root.length + 1), text);
  });
  const [problem] = diagnostics;
  if (problem)
    throw new Error(`cannot declare ${entry}: ${ts.flattenDiagnosticMessageText(problem.messageText, "\n")}`);
  return texts;
}

/** Files that tsc has declared, joined from the entry on. */
class Library {
  readonly #emitted: ReadonlyMap<string, string>;
  readonly #exports = new Map<string, Exports>();
  readonly #declarations: Declaration[] = [];
  /** By module of the runtime: what is imported of it. */
  readonly #imported = new Map<string, Set<string>>();

  constructor(emitted: ReadonlyMap<string, string>) {
    this.#emitted = emitted;
  }

  /** Adds a file after those that it imports. */
  join(path: string): Exports {
    const known = this.#exports.get(path);
    if (known !== undefined) return known;
    if (path === ENTRY_FILE) return this.#joinEntryFile();
    const exports = new Map<string, string>();
    this.#exports.set(path, exports);
    const tree = ts.createSourceFile(path, this.#emitted.get(path) ?? "", ts.ScriptTarget.Latest, true);
    for (const statement of tree.statements) {
      if (ts.isImportDeclaration(statement)) this.#import(path, statement);
      else if (ts.isExportDeclaration(statement)) this.#export(path, statement, exports);
      else if (ts.isExportAssignment(statement)) exports.set("default", statement.expression.getText(tree));
      else this.#declare(path, tree, statement, exports);
    }
    return exports;
  }

  /** The declarations that these names need, and theirs, in the order of the files; imports stand first. */
  neededBy(names: readonly string[]): string {
    const wanted = new Set(names);
    const kept = new Set<Declaration>();
    for (let isGrowing = true; isGrowing; ) {
      const found = this.#declarations.filter(
        (one) => !kept.has(one) && (one.isGlobal || [...one.names].some((name) => wanted.has(name))),
      );
      for (const one of found) {
        kept.add(one);
        for (const name of one.uses) wanted.add(name);
      }
      isGrowing = found.length > 0;
    }
    const imports = [...this.#imported].flatMap(([module, all]) => {
      const used = [...all].filter((name) => wanted.has(name));
      return used.length === 0 ? [] : [`import type { ${used.join(", ")} } from "${module}";`];
    });
    const texts = this.#declarations.filter((one) => kept.has(one)).map(({ text }) => text);
    return [...imports, ...texts].map((text) => `${text}\n`).join("");
  }

  #joinEntryFile(): Exports {
    const union = (values: readonly string[]) => values.map((value) => JSON.stringify(value)).join(" | ");
    for (const [name, values] of [
      ["Level", LEVELS],
      ["Source", SOURCES],
    ] as const) {
      const text = `type ${name} = ${union(values)};`;
      this.#declarations.push({ text, names: new Set([name]), uses: new Set(), isGlobal: false });
    }
    const exports = new Map(["Level", "Source", LEFT_OUT].map((name) => [name, name]));
    this.#exports.set(ENTRY_FILE, exports);
    return exports;
  }

  #import(path: string, { moduleSpecifier, importClause }: ts.ImportDeclaration): void {
    const module = textOf(moduleSpecifier);
    if (module.startsWith(".")) {
      this.join(resolve(path, module));
      return;
    }
    if (!module.startsWith("node:")) throw new Error(`${path} needs the types of ${module}: write out what it takes`);
    const names = this.#imported.get(module) ?? new Set();
    this.#imported.set(module, names);
    const bindings = importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) throw new Error(`${path} imports ${module} as a whole`);
    for (const { name, propertyName } of bindings.elements) {
      if (propertyName !== undefined) throw new Error(`${path} renames ${propertyName.text} of ${module}`);
      names.add(name.text);
    }
  }

  #export(path: string, statement: ts.ExportDeclaration, exports: Map<string, string>): void {
    const { moduleSpecifier, exportClause } = statement;
    const from = moduleSpecifier === undefined ? undefined : this.join(resolve(path, textOf(moduleSpecifier)));
    if (exportClause === undefined) {
      for (const [name, local] of from ?? []) if (name !== "default") exports.set(name, local);
      return;
    }
    if (!ts.isNamedExports(exportClause)) throw new Error(`${path} exports a namespace`);
    for (const { name, propertyName } of exportClause.elements) {
      const own = (propertyName ?? name).text;
      exports.set(name.text, from?.get(own) ?? own);
    }
  }

  #declare(path: string, tree: ts.SourceFile, statement: ts.Statement, exports: Map<string, string>): void {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    const isExported = modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    const isGlobal = ts.isModuleDeclaration(statement) && statement.name.text === "global";
    const names = isGlobal ? [] : namesOf(statement, tree);
    const written = statement.getFullText(tree).trim();
    const unexported = isExported ? written.replace(/^((?:\/\*\*[\s\S]*?\*\/\s*)?)export /, "$1") : written;
    // Types that tsc names by their file.
    const text = unexported.replaceAll(/import\("(\.[^"]+)"\)\.(\w+)/g, (_, file: string, name: string) => {
      return this.join(resolve(path, file)).get(name) ?? name;
    });
    const uses = new Set<string>(text.match(/\b[A-Za-z_$][\w$]*\b/g));
    this.#declarations.push({ text, names: new Set(names), uses, isGlobal });
    if (isExported) for (const name of names) exports.set(name, name);
  }
}

function textOf(specifier: ts.Expression): string {
  return ts.isStringLiteral(specifier) ? specifier.text : "";
}

function resolve(path: string, specifier: string): string {
  return normalize(join(dirname(path), specifier)).replaceAll("\\", "/");
}

function namesOf(statement: ts.Statement, tree: ts.SourceFile): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText(tree));
  return "name" in statement && statement.name !== undefined ? [(statement.name as ts.Identifier).text] : [];
}
