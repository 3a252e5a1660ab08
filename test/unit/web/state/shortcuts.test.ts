// The registry of shortcuts: single keys, sequences, and ignored keys.

import { describe, expect, test } from "bun:test";
import { Shortcuts } from "../../../../src/web/state/shortcuts.ts";

function makeKeyboard(areOn = true) {
  const clock = { nowMs: 0 };
  const shortcuts = new Shortcuts(() => clock.nowMs, areOn);
  const ran: string[] = [];
  const add = (keys: string, name = keys) =>
    shortcuts.add({ keys, label: name, group: "Test", run: () => void ran.push(name) });
  /** Whether the key was taken from the browser. */
  const press = (
    key: string,
    held: { ctrlKey?: boolean; metaKey?: boolean; altKey?: boolean } = {},
    isTyping = false,
  ) => {
    let isTaken = false;
    const preventDefault = () => {
      isTaken = true;
    };
    const event = {
      key,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      defaultPrevented: false,
      preventDefault,
      ...held,
    };
    shortcuts.press(event, isTyping);
    return isTaken;
  };
  return { clock, shortcuts, ran, add, press };
}

describe("a shortcut runs", () => {
  test("on its key, which the browser then does not get", () => {
    const { add, press, ran } = makeKeyboard();
    add("/");
    expect(press("/")).toBe(true);
    expect(ran).toEqual(["/"]);
  });

  test("on its keys one after the other, also with shift on the way", () => {
    const { add, press, ran } = makeKeyboard();
    add("g l");
    add("g ?");
    press("g");
    press("l");
    press("g");
    press("Shift");
    press("?");
    expect(ran).toEqual(["g l", "g ?"]);
  });

  test("by its own single key after a sequence that broke off", () => {
    const { add, press, ran } = makeKeyboard();
    add("g l");
    add("r");
    press("g");
    press("r");
    press("l");
    expect(ran).toEqual(["r"]);
  });

  test("in place of an older one with the same keys, until it is removed", () => {
    const { add, press, ran } = makeKeyboard();
    add("e", "old");
    const remove = add("e", "new");
    press("e");
    remove();
    press("e");
    expect(ran).toEqual(["new", "old"]);
  });
});

describe("a shortcut does not run", () => {
  test("while the user types", () => {
    const { add, press, ran } = makeKeyboard();
    add("r");
    expect(press("r", {}, true)).toBe(false);
    expect(ran).toEqual([]);
  });

  test.each([[{ ctrlKey: true }], [{ metaKey: true }], [{ altKey: true }]])("with %j held", (held) => {
    const { add, press, ran } = makeKeyboard();
    add("r");
    expect(press("r", held)).toBe(false);
    expect(ran).toEqual([]);
  });

  test("when its second key comes too late", () => {
    const { add, press, ran, clock } = makeKeyboard();
    add("g l");
    press("g");
    clock.nowMs = 1_501;
    press("l");
    expect(ran).toEqual([]);
    press("g");
    clock.nowMs += 1_500;
    press("l");
    expect(ran).toEqual(["g l"]);
  });

  test("while single keys are switched off", () => {
    const { add, press, ran, shortcuts } = makeKeyboard(false);
    add("r");
    press("r");
    shortcuts.areOn.value = true;
    press("r");
    expect(ran).toEqual(["r"]);
  });

  test("once it was removed, and is not listed", () => {
    const { add, press, ran, shortcuts } = makeKeyboard();
    const remove = add("r");
    expect(shortcuts.all.value.map(({ keys }) => keys)).toEqual(["r"]);
    remove();
    expect(press("r")).toBe(false);
    expect(ran).toEqual([]);
    expect(shortcuts.all.value).toEqual([]);
  });
});
