// Source text in, syntax and names out: what a file imports, what it declares at its top, and where a line is.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { TWIN_ALIAS, TWIN_FOLDERS } from "./rules.ts";

/** One source file. `path` is relative to the checkout, with "/". */
export interface Source {
  readonly path: string;
  readonly tree: ts.SourceFile;
}

export interface Import {
  /** As it is written. */
  readonly specifier: string;
  readonly node: ts.Node;
}

export type Sources = ReadonlyMap<string, Source>;

export function parseSource(path: string, text: string): Source {
  return { path, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

/** Every source file of a folder of the checkout `root`. */
export function readSources(root: string, folder: string): Sources {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .filter((path) => /\.tsx?$/.test(path));
  return new Map(paths.map((path) => [path, parseSource(path, readFileSync(join(root, path), "utf8"))]));
}

/** `path:line`, as editors take it. */
export function place(source: Source, node: ts.Node): string {
  return `${source.path}:${source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1}`;
}

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** Every import of a file: static, type-only, re-exporting, dynamic, and in types. */
export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, node: ts.Node) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) imports.push({ specifier: specifier.text, node });
  };
  visit(source.tree, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier, node);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], node);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, node);
  });
  return imports;
}

/** Whether a specifier names a file of ours. */
export function isOwnFile(specifier: string): boolean {
  return specifier.startsWith(".") || specifier.startsWith(TWIN_ALIAS);
}

/** The file that a specifier of ours names; of twins, Bun's. */
export function resolveImport(source: Source, specifier: string): string {
  if (specifier.startsWith(TWIN_ALIAS))
    return posix.join(TWIN_FOLDERS["Bun"] ?? "", specifier.slice(TWIN_ALIAS.length));
  return posix.join(posix.dirname(source.path), specifier);
}

/** "elysia" of "elysia/ws", "@sinclair/typebox" of "@sinclair/typebox/value", "node:fs" of "node:fs/promises". */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The names that a file exports by declaring them. */
export function exportedNames(source: Source): string[] {
  const names: string[] = [];
  for (const statement of source.tree.statements) {
    if (!ts.canHaveModifiers(statement)) continue;
    if (ts.getModifiers(statement)?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword) !== true) continue;
    if (ts.isVariableStatement(statement)) {
      names.push(...statement.declarationList.declarations.map((one) => one.name.getText(source.tree)));
    } else if ("name" in statement && statement.name !== undefined) {
      names.push((statement.name as ts.Identifier).text);
    }
  }
  return names;
}

/** The room of a file under src/: its folder, or its own name. */
export function roomOf(path: string): string {
  return path.split("/")[1] ?? "";
}

export interface Named {
  readonly source: Source;
  readonly node: ts.FunctionDeclaration | ts.ClassDeclaration | ts.VariableDeclaration;
}

/** An export of a package. */
export interface Imported {
  readonly package: string;
  readonly name: string;
}

/** What `name` means at the top of a file: a declaration, in it or where it is imported from, or a package's export. */
export function resolveName(sources: Sources, source: Source, name: string): Named | Imported | undefined {
  for (const statement of source.tree.statements) {
    if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text === name) {
      return { source, node: statement };
    }
    if (ts.isVariableStatement(statement)) {
      const node = statement.declarationList.declarations.find(
        (one) => ts.isIdentifier(one.name) && one.name.text === name,
      );
      if (node !== undefined) return { source, node };
    }
    if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const imported = importedName(statement, name);
      if (imported === undefined) continue;
      const specifier = statement.moduleSpecifier.text;
      if (!isOwnFile(specifier)) return { package: packageOf(specifier), name: imported };
      const target = sources.get(resolveImport(source, specifier));
      return target === undefined ? undefined : resolveName(sources, target, imported);
    }
  }
  return undefined;
}

/** The name that `local` has in the module it is imported from. */
function importedName(statement: ts.ImportDeclaration, local: string): string | undefined {
  const clause = statement.importClause;
  if (clause?.name?.text === local) return "default";
  const bindings = clause?.namedBindings;
  if (bindings === undefined) return undefined;
  if (ts.isNamespaceImport(bindings)) return bindings.name.text === local ? "*" : undefined;
  const element = bindings.elements.find((one) => one.name.text === local);
  return element === undefined ? undefined : (element.propertyName ?? element.name).text;
}
