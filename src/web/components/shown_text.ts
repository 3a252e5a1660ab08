// Every text on its way into the page, looked at once, where elements are made: so no component can forget it. A text that needs it
// becomes a <bdi> with its escapes marked; in attributes that people see or hear, and in elements that hold text only, it becomes a
// text with escapes. What a field holds stays as it is, and what is copied is what was sent.

import { type ComponentChildren, Fragment, h, type Options, type VNode } from "preact";
import { characterOf, needsIsolation, textPieces, visibleText } from "../state/visible_text.ts";

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
