import { describe, expect, test } from "bun:test";
import { formatTable } from "../../../src/cli/style.ts";

describe("a table", () => {
  test("aligns names left and numbers right, without spaces at the end of a line", () => {
    const rows = [
      ["NAME", "COUNT", "WHY"],
      ["läden", "1,000", ""],
      ["a😀", "", "x"],
      ["支払い", "2", ""],
      ["e\u0301", "3", ""],
    ];
    expect(formatTable(rows, ["left", "right", "left"])).toBe(
      ["NAME    COUNT  WHY", "läden   1,000", "a😀            x", "支払い      2", "e\u0301           3", ""].join(
        "\n",
      ),
    );
  });

  test("escapes control characters before it counts", () => {
    const rows = [
      ["a\u001b", "b"],
      ["abcdefg", "c"],
    ];
    expect(formatTable(rows, ["left", "left"])).toBe("a\\x1b    b\nabcdefg  c\n");
  });

  test("cuts long texts and keeps its columns", () => {
    const names = ["x".repeat(201), "\u202e".repeat(2_000_000), "y".repeat(200), "支".repeat(1_500_000)];
    const table = formatTable(
      names.map((name) => [name, "1"]),
      ["left", "right"],
    );
    expect(table.length).toBeLessThan(2_500);
    const shown = table.split("\n").map((line) => line.replace(/ +1$/, ""));
    expect(shown).toEqual([
      `${"x".repeat(199)}…`,
      `${"\\u202e".repeat(33)}\\…`,
      "y".repeat(200),
      `${"支".repeat(199)}…`,
      "",
    ]);
  });

  test("is as wide with colours as without", () => {
    const paint = (text: string) => `<${text}>`;
    expect(
      formatTable(
        [
          [
            { text: "a", paint },
            { text: "1", paint },
          ],
          ["bb", "22"],
        ],
        ["left", "right"],
      ),
    ).toBe("<a>    <1>\nbb  22\n");
  });

  test("without rows is nothing", () => {
    expect(formatTable([], ["left"])).toBe("");
  });
});
