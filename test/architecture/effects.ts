// "Nothing works on import": finds what a module would do while it loads. Follows the calls that a constant's value
// makes, through the project's own functions, to whatever touches the world. A function that is only made, not called,
// does nothing.

import ts from "typescript";
import { EFFECT_GLOBALS, PURE_IMPORTS } from "./rules.ts";
import { type Named, place, resolveName, type Source, type Sources } from "./sources.ts";

/** One sentence for each thing that `source` does when it is loaded. */
export function loadEffects(sources: Sources, source: Source): string[] {
  const found: string[] = [];
  for (const statement of source.tree.statements) {
    if (ts.isVariableStatement(statement)) {
      if (isDeclared(statement)) continue;
      const isConst = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
      if (!isConst)
        found.push(`${place(source, statement)} keeps state in the module: put it into a class or a function's result`);
      const effect = new EffectSearch(sources).find(source, statement);
      if (effect !== undefined) {
        found.push(
          `${place(source, statement)} works on import (${effect}): do it in a function that the composition root calls`,
        );
      }
    } else if (!isDeclaration(statement)) {
      found.push(
        `${place(source, statement)} works on import: put the statement into a function that the composition root calls`,
      );
    }
  }
  return found;
}

function isDeclared(statement: ts.VariableStatement): boolean {
  return statement.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DeclareKeyword) === true;
}

function isDeclaration(statement: ts.Statement): boolean {
  // `import "./x.ts"` has no clause, and no other purpose than to run the module.
  if (ts.isImportDeclaration(statement)) return statement.importClause !== undefined;
  return (
    ts.isExportDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isModuleDeclaration(statement)
  );
}

class EffectSearch {
  readonly #sources: Sources;
  readonly #seen = new Set<ts.Node>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** The name of the first thing with an effect that evaluating `node` reaches. */
  find(source: Source, node: ts.Node): string | undefined {
    if (ts.isFunctionLike(node) || ts.isTypeNode(node)) return undefined;
    if (ts.isAwaitExpression(node)) return "await";
    if (ts.isIdentifier(node)) return EFFECT_GLOBALS.has(node.text) ? node.text : undefined;
    // A property's name is no reference.
    if (ts.isPropertyAccessExpression(node)) return this.find(source, node.expression);
    if (ts.isPropertyAssignment(node)) return this.find(source, node.initializer);
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = this.#run(source, node.expression);
      return callee ?? this.#first(node.arguments ?? [], (argument) => this.#run(source, argument));
    }
    const children: ts.Node[] = [];
    ts.forEachChild(node, (child) => {
      children.push(child);
    });
    return this.#first(children, (child) => this.find(source, child));
  }

  /** As `find`, for what is called: itself, or by the function that gets it. */
  #run(source: Source, node: ts.Node): string | undefined {
    if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return this.find(source, node.body);
    const root = rootOf(node);
    if (root === undefined) return this.find(source, node);
    const named = resolveName(this.#sources, source, root.text);
    if (named === undefined) return this.find(source, node);
    if ("node" in named) return this.#runNamed(named);
    const pure = PURE_IMPORTS[named.package];
    return pure === "all" || pure?.includes(named.name) === true ? undefined : named.package;
  }

  #runNamed({ source, node }: Named): string | undefined {
    if (this.#seen.has(node)) return undefined;
    this.#seen.add(node);
    if (ts.isVariableDeclaration(node)) return node.initializer && this.#run(source, node.initializer);
    if (ts.isFunctionDeclaration(node)) return node.body && this.find(source, node.body);
    return this.#first(node.members, (member) => {
      if (ts.isConstructorDeclaration(member)) return member.body && this.find(source, member.body);
      return ts.isPropertyDeclaration(member) && member.initializer ? this.find(source, member.initializer) : undefined;
    });
  }

  #first<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
    for (const item of items) {
      const found = find(item);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** `a` of `a.b.c`; undefined for what does not start with a name. */
function rootOf(node: ts.Node): ts.Identifier | undefined {
  if (ts.isIdentifier(node)) return node;
  return ts.isPropertyAccessExpression(node) ? rootOf(node.expression) : undefined;
}
