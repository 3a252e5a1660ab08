// A page changes while a test looks at it. What is read from it is therefore read again until it is as expected, and that
// something is not there is expected of a page that has settled: test/support/expect_soon.ts has both.

import ts from "typescript";
import { PAGE_READS, REPEATED_READS } from "./rules.ts";
import { place, type Source, visit } from "./sources.ts";

/** Reads of a page that are not repeated. */
export function checkPageReads(source: Source): string[] {
  const found: string[] = [];
  const readers = readersOf(source);
  visit(source.tree, (node) => {
    if (!ts.isCallExpression(node)) return;
    const at = place(source, node);
    if (isCallOf(node, "expect") && node.arguments.some((argument) => isRead(argument, readers))) {
      found.push(`${at} expects what a page shows at that moment: await expectSoon(() => …) of the read`);
    } else if (isAwaitedRead(node) && !isRepeated(node)) {
      found.push(`${at} reads a page once: take what await expectSoon(() => …) gives, or read in a function for it`);
    } else if (isCountOfNone(node)) {
      found.push(`${at} accepts a page that does not show it yet: await expectNone(locator)`);
    }
  });
  return found;
}

/** Names of the file's functions that read a page, or call one that does. */
function readersOf(source: Source): ReadonlySet<string> {
  const functions: (readonly [name: string, body: ts.Node])[] = [];
  visit(source.tree, (node) => {
    const name = nameOfFunction(node);
    if (name !== undefined) functions.push([name, node]);
  });
  const readers = new Set<string>();
  for (let count = -1; count !== readers.size; ) {
    count = readers.size;
    for (const [name, body] of functions) if (contains(body, (node) => isReadCall(node, readers))) readers.add(name);
  }
  return readers;
}

/** `function name() {}` and `const name = () => {}`. */
function nameOfFunction(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node)) return node.name?.text;
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) return undefined;
  const { parent } = node;
  return ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) ? parent.name.text : undefined;
}

/** Of a page itself, by a method that reads, or by a function of the file that does. */
function isRead(argument: ts.Node, readers: ReadonlySet<string>): boolean {
  return contains(argument, (node) => isReadCall(node, readers) || (ts.isIdentifier(node) && node.text === "page"));
}

function isReadCall(node: ts.Node, readers: ReadonlySet<string>): boolean {
  if (!ts.isCallExpression(node)) return false;
  return isReadOfPage(node) || [...readers].some((name) => isCallOf(node, name));
}

function isReadOfPage({ expression }: ts.CallExpression): boolean {
  return ts.isPropertyAccessExpression(expression) && PAGE_READS.has(expression.name.text);
}

function isAwaitedRead(node: ts.CallExpression): boolean {
  return isReadOfPage(node) && ts.isAwaitExpression(node.parent);
}

/** Whether a function around it has a name, or is given to something that repeats it. */
function isRepeated(node: ts.Node): boolean {
  for (let one = node.parent; one !== undefined; one = one.parent) {
    if (nameOfFunction(one) !== undefined) return true;
    if (ts.isCallExpression(one) && ts.isIdentifier(one.expression) && REPEATED_READS.has(one.expression.text)) {
      return true;
    }
  }
  return false;
}

/** `expectSoon(() => x.count()).toBe(0)` */
function isCountOfNone({ expression, arguments: [expected] }: ts.CallExpression): boolean {
  if (!ts.isPropertyAccessExpression(expression) || expected?.getText() !== "0") return false;
  const soon = expression.expression;
  if (!ts.isCallExpression(soon) || !isCallOf(soon, "expectSoon")) return false;
  return soon.arguments[0]?.getText().endsWith(".count()") === true;
}

function isCallOf({ expression }: ts.CallExpression, name: string): boolean {
  return ts.isIdentifier(expression) && expression.text === name;
}

function contains(node: ts.Node, isIt: (node: ts.Node) => boolean): boolean {
  let found = false;
  visit(node, (one) => {
    found ||= isIt(one);
  });
  return found;
}
