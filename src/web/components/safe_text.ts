// Every text on its way into the page, looked at once, where elements are made: so no component can forget it. A text that needs it
// becomes a <bdi> with its escapes marked; in attributes that people see or hear, and in elements that hold text only, it becomes a
// text with escapes. What a field holds stays as it is, and what is copied is what was sent.

import { type ComponentChildren, Fragment, h, type Options, type VNode } from "preact";

const ATTRIBUTES = [
  "title",
  "placeholder",
  "alt",
  "label",
  "aria-label",
  "aria-description",
  "aria-valuetext",
] as const;
const ESCAPE_CLASS = "text-escape";
/** Elements that hold no other elements. */
const TEXT_ONLY: ReadonlySet<string> = new Set(["option", "title", "textarea", "text", "tspan"]);

type Props = Record<string, unknown> & { children?: ComponentChildren };

/** Puts it into effect for all that is made from now on. */
export function showTextsSafely(options: Options): void {
  const before = options.vnode?.bind(options);
  options.vnode = (vnode) => {
    if (typeof vnode.type === "string" || vnode.type === Fragment) treat(vnode);
    before?.(vnode);
  };
}

/** Has a selection that is copied say what was sent: for a moment its escapes are the characters they stand for. */
export function copyTextsAsSent(document: Document): void {
  document.addEventListener("copy", (event) => {
    const selection = document.getSelection();
    const escapes = Array.from(document.querySelectorAll(`.${ESCAPE_CLASS}`), (element) => element.firstChild).filter(
      (node): node is Text => node instanceof Text && selection?.containsNode(node, true) === true,
    );
    if (selection === null || event.clipboardData === null || escapes.length === 0) return;
    const shown = escapes.map((node) => node.data);
    for (const node of escapes) node.data = characterOf(node.data);
    event.clipboardData.setData("text/plain", selection.toString());
    for (const [index, node] of escapes.entries()) node.data = shown[index] ?? "";
    event.preventDefault();
  });
}

function treat({ type, props }: VNode<Props>): void {
  // Made below: its pieces are as they are to be.
  if (type === "bdi") return;
  if (typeof type === "string") {
    for (const name of ATTRIBUTES) {
      const value = props[name];
      if (typeof value === "string") props[name] = visibleText(value);
    }
  }
  const isTextOnly = typeof type === "string" && TEXT_ONLY.has(type);
  if (props.children !== undefined) props.children = shown(props.children, isTextOnly);
}

function shown(children: ComponentChildren, isTextOnly: boolean): ComponentChildren {
  if (typeof children === "string") {
    if (isTextOnly) return visibleText(children);
    return needsIsolation(children) ? isolated(children) : children;
  }
  if (!Array.isArray(children)) return children;
  const hasText = children.some((child) => (typeof child === "string" ? needsIsolation(child) : Array.isArray(child)));
  return hasText ? children.map((child) => shown(child, isTextOnly)) : children;
}

function isolated(text: string): VNode {
  const pieces = textPieces(text).map((piece) =>
    piece.isEscape ? h("span", { class: ESCAPE_CLASS }, piece.text) : piece.text,
  );
  return h("bdi", null, ...pieces);
}

/** A piece of a text: as it is, or an escape in place of a character. */
export interface TextPiece {
  readonly text: string;
  readonly isEscape: boolean;
}

/**
 * Controls but tab and line ends; whatever Unicode lets programs ignore (direction marks and overrides, zero widths, fillers, tags);
 * line and paragraph separators, annotations, the blank Braille pattern. Not joiners and variation selectors among letters and
 * pictures beyond ASCII, which need them.
 */
const HIDDEN =
  /(?!\t|\n|\r\n|(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])|(?<=[^\0-\x7f]|[\d#*])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}])[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\ufff9-\ufffb]/gu;
/** What is written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Nearly every text is plain: one quick look. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;

/** Whether a text has to be kept apart from what stands around it. */
export function needsIsolation(text: string): boolean {
  return !PLAIN.test(text) && (RIGHT_TO_LEFT.test(text) || text.search(HIDDEN) !== -1);
}

/** The text in pieces, in order. */
export function textPieces(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), isEscape: false });
    pieces.push({ text: escapeOf(match[0]), isEscape: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isEscape: false });
  return pieces;
}

/** The text with its escapes in place, where no element can mark them: attributes, titles. */
export function visibleText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(HIDDEN, escapeOf);
}

/** "\u202e", "\u{e0041}". */
function escapeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
}

/** The character that an escape stands for. */
export function characterOf(escape: string): string {
  const code = Number.parseInt(escape.replace(/^\\u\{?/, ""), 16);
  return Number.isNaN(code) ? escape : String.fromCodePoint(code);
}
