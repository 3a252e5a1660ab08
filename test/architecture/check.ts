// The house rules, one function each: sources in, sentences out that say where, what, and what to do instead. None: all
// is well.

import { basename } from "node:path";
import ts from "typescript";
import { loadEffects } from "./effects.ts";
import { folderCircles } from "./graph.ts";
import { checkPageReads } from "./page_reads.ts";
import {
  CIRCULAR_ROOMS,
  EMPTY_NAMES,
  ENTRY_POINTS,
  FILE_LINES_MAX,
  LINK_ATTRIBUTES,
  LINK_ELEMENTS,
  LINK_FILE,
  MARKUP_NAMES,
  OWNERS,
  PAGE_TESTS,
  PURE_ROOMS,
  ROOMS,
  RUNTIME_GLOBALS,
  TEST_MODIFIERS,
  TWIN_ALIAS,
  TWIN_FOLDERS,
} from "./rules.ts";
import {
  exportedNames,
  type Import,
  importsOf,
  isOwnFile,
  packageOf,
  place,
  resolveImport,
  roomOf,
  type Source,
  type Sources,
  visit,
} from "./sources.ts";

/** All rules over all files of src/. */
export function checkSources(sources: Sources): string[] {
  const found = [...sources.values()].flatMap((source) => [
    ...checkPlace(source),
    ...importsOf(source).flatMap((one) => checkImport(source, one)),
    ...checkGlobals(source),
    ...checkBarrel(source),
    ...(roomOf(source.path) === "web" ? checkMarkup(source) : []),
    ...(ENTRY_POINTS.includes(source.path) ? [] : loadEffects(sources, source)),
  ]);
  return [...found, ...checkTwins(sources), ...checkFolders(sources)];
}

/** Imports between folders lead one way. */
function checkFolders(sources: Sources): string[] {
  return folderCircles(sources)
    .filter((circle) => !circle.every(({ from }) => CIRCULAR_ROOMS.includes(roomOf(from))))
    .map((circle) => {
      const [first] = circle;
      const folders = [...circle.map(({ from }) => from), first?.from].join(" → ");
      const examples = circle.map(({ example }) => example).join(", ");
      return `folders form a circle: ${folders} (${examples}): move what both need into the folder that is imported, or the file to where its imports are`;
    });
}

/** Rooms of CIRCULAR_ROOMS that have no circle of folders left. */
export function needlessExemptions(sources: Sources): string[] {
  const circular = new Set(folderCircles(sources).flatMap((circle) => circle.map(({ from }) => roomOf(from))));
  return CIRCULAR_ROOMS.filter((room) => !circular.has(room)).map(
    (room) => `src/${room} has no circle of folders: take "${room}" off CIRCULAR_ROOMS in test/architecture/rules.ts`,
  );
}

/** Whatever one runtime has, the other has too, under the same names. */
function checkTwins(sources: Sources): string[] {
  const folders = Object.values(TWIN_FOLDERS);
  return folders.flatMap((folder) =>
    [...sources.values()]
      .filter((source) => source.path.startsWith(`${folder}/`))
      .flatMap((source) => {
        const name = source.path.slice(folder.length + 1);
        return folders
          .filter((other) => other !== folder)
          .flatMap((other) => {
            const twin = sources.get(`${other}/${name}`);
            if (twin === undefined)
              return [`${source.path} has no twin ${other}/${name}: write it, or move what both share`];
            const missing = exportedNames(source).filter((one) => !exportedNames(twin).includes(one));
            return missing.map((one) => `${twin.path} does not export ${one}, as its twin ${source.path} does`);
          });
      }),
  );
}

function checkPlace(source: Source): string[] {
  const found: string[] = [];
  const room = roomOf(source.path);
  if (ROOMS[room] === undefined) {
    found.push(
      `${source.path} is in no room: src/ has ${Object.keys(ROOMS).join(", ")}; a new room goes into test/architecture/rules.ts`,
    );
  }
  for (const part of source.path.split("/")) {
    const name = basename(part).replace(/\.tsx?$/, "");
    if (EMPTY_NAMES.includes(name))
      found.push(`${source.path}: "${name}" says nothing: name it after what it does, in the room that needs it`);
  }
  const lines = source.tree.getLineAndCharacterOfPosition(source.tree.end).line;
  if (lines > FILE_LINES_MAX)
    found.push(`${source.path} has ${lines} lines, at most ${FILE_LINES_MAX}: split it by what it is responsible for`);
  return found;
}

function checkImport(source: Source, { specifier, node }: Import): string[] {
  const at = place(source, node);
  const room = roomOf(source.path);
  if (isOwnFile(specifier)) {
    if (!specifier.endsWith(".ts") && !specifier.endsWith(".tsx"))
      return [`${at} imports ${specifier}: write the file's extension`];
    const target = resolveImport(source, specifier);
    if (!target.startsWith("src/")) return [`${at} imports ${specifier}: src/ imports nothing outside src/`];
    if (specifier.startsWith(".") && Object.values(TWIN_FOLDERS).some((folder) => target.startsWith(`${folder}/`)))
      return [
        `${at} imports ${specifier}: write ${TWIN_ALIAS}${basename(target)}, which leads each runtime to its own`,
      ];
    const other = roomOf(target);
    if (other === room || ROOMS[room]?.includes(other) === true) return [];
    return [
      `${at}: ${room} may not import ${other}: declare the interface that ${room} needs, and let app.ts or threads/ join the two`,
    ];
  }
  const name = packageOf(specifier);
  if (name.startsWith("node:") && OWNERS[name] === undefined) {
    return PURE_ROOMS.includes(room)
      ? [`${at}: ${room} may not import ${name}: take what it gives as an argument`]
      : [];
  }
  if (name === "bun" || (name.startsWith("bun:") && OWNERS[name] === undefined)) {
    return room === "runtime"
      ? []
      : [`${at}: only runtime may import ${name}: put the difference there, behind a function of both twins`];
  }
  const owners = OWNERS[name];
  if (owners === undefined) return [`${at}: ${name} has no owner: name its room in test/architecture/rules.ts`];
  return owners.includes(room) ? [] : [`${at}: ${name} belongs to ${owners.join(", ")}: call what is exported there`];
}

function checkGlobals(source: Source): string[] {
  const allowed = Object.keys(TWIN_FOLDERS).find((name) => source.path.startsWith(`${TWIN_FOLDERS[name]}/`));
  const found: string[] = [];
  visit(source.tree, (node) => {
    if (!ts.isIdentifier(node) || !RUNTIME_GLOBALS.includes(node.text) || node.text === allowed) return;
    // `x.Bun` and `{ Bun: … }` are names of the file's own.
    const { parent } = node;
    const isOwnName =
      (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
    if (!isOwnName)
      found.push(`${place(source, node)} names ${node.text}: use the standard call, or a function of runtime/`);
  });
  return found;
}

/** In the app, every text is text, and only one file makes links. */
function checkMarkup(source: Source): string[] {
  const found: string[] = [];
  visit(source.tree, (node) => {
    const at = () => place(source, node);
    if (ts.isIdentifier(node) && MARKUP_NAMES.has(node.text)) {
      found.push(`${at()} names ${node.text}: show text as text, in JSX or with textContent`);
    }
    if (source.path === LINK_FILE) return;
    const isElement = ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node);
    if (isElement && ts.isIdentifier(node.tagName) && LINK_ELEMENTS.has(node.tagName.text) && !isPlainForm(node)) {
      found.push(`${at()} makes <${node.tagName.text}>: use what ${LINK_FILE} exports`);
    }
    if (ts.isJsxAttribute(node) && LINK_ATTRIBUTES.has(node.name.getText(source.tree))) {
      found.push(`${at()} sets ${node.name.getText(source.tree)}: use what ${LINK_FILE} exports`);
    }
  });
  return found;
}

/** A form is for its handler; an address it has would be found as an attribute. */
function isPlainForm(node: ts.JsxOpeningElement | ts.JsxSelfClosingElement): boolean {
  return ts.isIdentifier(node.tagName) && node.tagName.text === "form";
}

function checkBarrel(source: Source): string[] {
  const statements = source.tree.statements.filter((statement) => !ts.isImportDeclaration(statement));
  const isBarrel = statements.length > 0 && statements.every((statement) => ts.isExportDeclaration(statement));
  return isBarrel ? [`${source.path} only exports what others declare: import from the file that declares it`] : [];
}

/** Tests that would not run, or keep others from running; and those that look at a page only once. */
export function checkTests(sources: Sources): string[] {
  const found: string[] = [];
  for (const source of sources.values()) {
    if (PAGE_TESTS.some((begin) => source.path.startsWith(begin))) found.push(...checkPageReads(source));
    visit(source.tree, (node) => {
      if (!ts.isPropertyAccessExpression(node) || !TEST_MODIFIERS.includes(node.name.text)) return;
      if (!ts.isIdentifier(node.expression) || !["test", "it", "describe"].includes(node.expression.text)) return;
      found.push(`${place(source, node)} is ${node.getText(source.tree)}: make it run, or remove it`);
    });
  }
  return found;
}
