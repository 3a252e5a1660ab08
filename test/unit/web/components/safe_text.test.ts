// Client texts on their way into the page: isolated, with hidden characters as escapes.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Fragment, h, type Options, options, type VNode } from "preact";
import {
  characterOf,
  needsIsolation,
  showTextsSafely,
  textPieces,
  visibleText,
} from "../../../../src/web/components/safe_text.ts";
import { cpuMsOf } from "../../../support/cpu_ratio.ts";

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

describe("an escape stands for", () => {
  test.each([
    ["an override", "ui/\u202eevil", "ui/\\u202eevil"],
    [
      "every direction mark",
      "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069",
      "\\u061c\\u200e\\u200f\\u202a\\u202b\\u202c\\u202d\\u2066\\u2067\\u2068\\u2069",
    ],
    [
      "what takes no room",
      "ad\u200bm\u200ci\u200dn\u2060\ufeff\u00ad\u034f",
      "ad\\u200bm\\u200ci\\u200dn\\u2060\\ufeff\\u00ad\\u034f",
    ],
    ["fillers", "a\u115f\u1160\u3164\uffa0\u2800\u180e", "a\\u115f\\u1160\\u3164\\uffa0\\u2800\\u180e"],
    ["tags", "a\u{e0041}\u{e007f}", "a\\u{e0041}\\u{e007f}"],
    ["controls", "a\u0000\u0007\u001b[31m\u007f\u0085\u009b", "a\\u0000\\u0007\\u001b[31m\\u007f\\u0085\\u009b"],
    ["a carriage return that ends no line", "safe\rfake", "safe\\u000dfake"],
    ["separators and annotations", "a\u2028b\u2029c\ufff9d\ufffa\ufffb", "a\\u2028b\\u2029c\\ufff9d\\ufffa\\ufffb"],
    ["a variation of nothing", "a\ufe0f", "a\\ufe0f"],
  ])("%s", (_, text, shown) => {
    expect(visibleText(text)).toBe(shown);
    expect(
      textPieces(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(shown);
    expect(needsIsolation(text)).toBe(true);
    const sent = textPieces(text).map((piece) => (piece.isEscape ? characterOf(piece.text) : piece.text));
    expect(sent.join("")).toBe(text);
  });
});

describe("nothing changes in", () => {
  test.each([
    ["plain text", "api/orders/submit"],
    ["lines and tabs", "one\n\ttwo\r\nthree"],
    ["letters of other languages", "Größe ΧΡΗΣΤΗΣ 日本語 한국어 ไทย"],
    ["pictures with joiners and variations", "👩‍👩‍👧 ❤️ 1️⃣ 🏳️‍🌈"],
    ["joiners between letters that need them", "می‌خواهم क्‍ष"],
    ["what is written from right to left", "שלום مرحبا"],
    ["an escape that is text", "\\u202e"],
  ])("%s", (_, text) => {
    expect(visibleText(text)).toBe(text);
    expect(textPieces(text)).toEqual([{ text, isEscape: false }]);
  });

  test("but what is written from right to left is kept apart", () => {
    expect(["שלום", "a مرحبا", "api/orders", "日本語"].map(needsIsolation)).toEqual([true, true, false, false]);
  });
});

test("a text of a million hidden characters takes no more than ten times one of a hundred thousand, and some", () => {
  const cpuMs = (count: number) => cpuMsOf(() => void visibleText("\u200d".repeat(count)));
  cpuMs(1_000);
  expect(cpuMs(1_000_000)).toBeLessThan(40 * Math.max(cpuMs(100_000), 5));
});
