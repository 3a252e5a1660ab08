// Makes hidden characters of client texts visible, so that no name can pass for another. It hooks into the creation of
// elements, so no component can forget it. A text that needs it becomes a <bdi> with its escapes marked; attributes,
// and elements that hold only text, get the escapes as text. Fields keep their value, and a copied selection is the
// text as it was sent. Source: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing

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
/** Elements that hold only text. */
const TEXT_ONLY: ReadonlySet<string> = new Set(["option", "title", "textarea", "text", "tspan"]);

type Props = Record<string, unknown> & { children?: ComponentChildren };

/** Treats every element that Preact creates from now on. */
export function showTextsSafely(options: Options): void {
  const before = options.vnode?.bind(options);
  options.vnode = (vnode) => {
    if (typeof vnode.type === "string" || vnode.type === Fragment) treat(vnode);
    before?.(vnode);
  };
}

/** Copies a selection as it was sent: during the copy, each escape is the character that it stands for. */
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
  // Made by `isolated`, which has treated its pieces.
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

/** A piece of a text: plain, or the escape of one character. */
export interface TextPiece {
  readonly text: string;
  readonly isEscape: boolean;
}

/**
 * Hidden characters: controls except tab and line ends; characters that Unicode lets programs ignore (direction marks
 * and overrides, zero widths, fillers, tags); line and paragraph separators, annotations, the blank Braille pattern.
 * Joiners and variation selectors among letters and emoji beyond ASCII are allowed, because such text needs them.
 */
const HIDDEN =
  /(?!\t|\n|\r\n|(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])|(?<=[^\0-\x7f]|[\d#*])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}])[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\ufff9-\ufffb]/gu;
/** Letters of scripts that run from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** Nearly every text is plain: one fast test. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;

/** Whether a text must be isolated from the text around it. */
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

/** The text with escapes as plain text, for attributes and titles. */
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
