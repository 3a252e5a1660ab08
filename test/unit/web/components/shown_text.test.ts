// How texts reach the page, whatever component they come from.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Fragment, h, type Options, options, type VNode } from "preact";
import { showTextsSafely } from "../../../../src/web/components/shown_text.ts";

type Shown =
  | string
  | number
  | boolean
  | null
  | undefined
  | [type: unknown, props: Record<string, unknown>, ...children: Shown[]];

let before: Options["vnode"];

beforeAll(() => {
  before = options.vnode?.bind(options);
  showTextsSafely(options);
});

afterAll(() => {
  options.vnode = before as NonNullable<Options["vnode"]>;
});

function shownOf(node: unknown): Shown {
  if (typeof node !== "object" || node === null) return node as Shown;
  const { type, props } = node as VNode<Record<string, unknown>>;
  const { children, ...others } = props;
  const list = Array.isArray(children) ? children.flat() : children === undefined ? [] : [children];
  return [type, others, ...list.map(shownOf)];
}

const ESCAPE = ["span", { class: "text-escape" }, "\\u202e"];

test("a text with an override is isolated, its escape marked", () => {
  expect(shownOf(h("td", null, "ui/\u202eevil"))).toEqual(["td", {}, ["bdi", {}, "ui/", ESCAPE as Shown, "evil"]]);
});

test("so it is among others, in lists, in fragments and through components", () => {
  expect(shownOf(h("p", null, "No ", "\u202e", [" in ", "\u202e"], 5, null))).toEqual([
    "p",
    {},
    "No ",
    ["bdi", {}, ESCAPE as Shown],
    " in ",
    ["bdi", {}, ESCAPE as Shown],
    5,
    null,
  ]);
  expect(shownOf(h(Fragment, null, "\u202e"))).toEqual([Fragment, {}, ["bdi", {}, ESCAPE as Shown]]);
  const Cell = ({ children }: { children: unknown }) => h("td", null, children as string);
  expect(shownOf(Cell(h(Cell, null, "\u202e").props))).toEqual(["td", {}, ["bdi", {}, ESCAPE as Shown]]);
});

test("what is written from right to left is isolated, other text stays text", () => {
  expect(shownOf(h("p", null, "שלום", " and more"))).toEqual(["p", {}, ["bdi", {}, "שלום"], " and more"]);
});

test("attributes that are seen or heard have escapes, values and addresses do not change", () => {
  const all = { title: "\u202e", "aria-label": "\u202e", placeholder: "\u202e", value: "\u202e", href: "\u202e" };
  expect(shownOf(h("input", all))).toEqual([
    "input",
    { ...all, title: "\\u202e", "aria-label": "\\u202e", placeholder: "\\u202e" },
  ]);
});

test("elements that hold text only get text", () => {
  expect(shownOf(h("option", null, "a", "\u202e"))).toEqual(["option", {}, "a", "\\u202e"]);
});
