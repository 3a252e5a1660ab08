// [markers] and [projects.NAME.markers]: what is refused, with its column, and what the settings are.

import { describe, expect, test } from "bun:test";
import { problemsOf, settingsOf } from "../../support/configuration.ts";

const table = (q: string, label?: string) => {
  return `[markers]\nq = ${JSON.stringify(q)}\n${label === undefined ? "" : `label = ${JSON.stringify(label)}\n`}`;
};

describe("markers", () => {
  test("are a search and a field; the message, where no field is named; none without the table", () => {
    expect(settingsOf(table("touchpoint:deploy/*", "metadata.build")).markers).toEqual({
      q: "touchpoint:deploy/*",
      label: "metadata.build",
    });
    expect(settingsOf(table("release")).markers).toEqual({ q: "release", label: "message" });
    expect(settingsOf("").markers).toBeUndefined();
  });

  test("of a project stand beside those of all", () => {
    const { markers, projects } = settingsOf(`${table("release")}
      [projects.shop.markers]\nq = "kind:log deployed"\nlabel = "key"
      [projects.blog]\nretention = "1d"`);
    expect(markers?.q).toBe("release");
    expect(projects["shop"]?.markers).toEqual({ q: "kind:log deployed", label: "key" });
    expect(projects["blog"]).not.toHaveProperty("markers");
  });

  test("take names and searches of any kind of field", () => {
    for (const label of ["message", "key", "touchpoint", "id", "metadata.a.b", 'metadata."odd name"', "apiKey"]) {
      expect(problemsOf(table("level:error OR (a -b)", label))).toEqual([]);
    }
  });
});

describe("markers are refused", () => {
  const cases: readonly (readonly [text: string, problem: string])[] = [
    [table("touchpoint:deploy/* (a"), '2: markers.q = "touchpoint:deploy/* (a": '],
    [table("a*b"), '2: markers.q = "a*b": '],
    [
      table("touchpiont:deploy/*"),
      '2: markers.q = "touchpiont:deploy/*": unknown field "touchpiont"; did you mean touchpoint?',
    ],
    [table("a", "messag"), '3: markers.label = "messag": unknown field "messag"; did you mean message?'],
    [
      table("a", "metdata.build"),
      '3: markers.label = "metdata.build": unknown field "metdata.build"; did you mean metadata.build?',
    ],
    [table("a", "metadata."), '3: markers.label = "metadata.": unknown field'],
    [table("a", ""), '3: markers.label = "": unknown field'],
    ["[markers]\n", '1: markers: "q" is missing: expected a search, such as "touchpoint:deploy/*"'],
    ['[markers]\nq = "a"\nlable = "key"\n', '3: markers.lable: unknown name; did you mean "label"?'],
    ['[marker]\nq = "a"\n', '1: marker: unknown name; did you mean "markers"?'],
    ["[markers]\nq = 7\n", "2: markers.q = 7: expected a search"],
    ['[projects.shop.markers]\nq = "b)"\n', '2: projects.shop.markers.q = "b)": '],
  ];
  test.each(cases)("%j", (text, problem) => {
    const [first = "", ...others] = problemsOf(text);
    expect(first).toStartWith(problem);
    expect(others).toEqual([]);
  });

  test("with the column of the search that is wrong", () => {
    const columns = ["touchpoint:deploy/* (a", "  b)", "a OR", "duration:fast", "x level:fatal"].map((q) => {
      return /\(column (\d+) of the search\)$/.exec(problemsOf(table(q))[0] ?? "")?.[1];
    });
    expect(columns).toEqual(["21", "4", "3", "10", "9"]);
  });
});
