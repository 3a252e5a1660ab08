// Templates of JSON: what is refused, and that no value ever leaves its place.

import { describe, expect, test } from "bun:test";
import { parseJsonTemplate, renderJsonTemplate } from "../../../src/core/json_template.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const NAMES = ["name", "value", "samples"];

function render(text: string, values: Readonly<Record<string, unknown>>): unknown {
  const parsed = parseJsonTemplate(text, NAMES);
  if (!parsed.ok) throw new Error(parsed.problem);
  const all = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      { text: typeof value === "string" ? value : JSON.stringify(value), value },
    ]),
  );
  return JSON.parse(renderJsonTemplate(parsed.template, all));
}

describe("a template", () => {
  test("takes texts in strings and values elsewhere, with spaces or without", () => {
    expect(
      render('{"a": "{{name}} {{ value }}", "{{name}}": [{{value}}, {{ name }}], "o":{"p":{{samples}}}}', {
        name: 'x"y',
        value: -5,
        samples: [{ a: 1 }],
      }),
    ).toEqual({
      a: 'x"y -5',
      'x"y': [-5, 'x"y'],
      o: { p: [{ a: 1 }] },
    });
  });

  test("keeps braces that are no placeholder", () => {
    expect(render('{"a":{"b":{"c":"{ {name} }"}}}', {})).toEqual({ a: { b: { c: "{ {name} }" } } });
  });

  const refused: readonly (readonly [text: string, says: RegExp])[] = [
    ["{{name}} fires", /not JSON/],
    ["", /not JSON/],
    ['{"a": {{name}}', /not JSON/],
    ['{"a": "{{name}}}', /not JSON/],
    ["{{{name}}: 1}", /not JSON/],
    ['{"a": 1{{value}}}', /not JSON/],
    ['{"a": -{{value}}}', /not JSON/],
    ['{"a": {{value}}5}', /not JSON/],
    ['{"a": {{value}}.5}', /not JSON/],
    ['{"a": "\\u00{{name}}"}', /not JSON/],
    ['{"a": "\\u00{{name}}22"}', /not JSON/],
    ['{"a": "\\u{{name}}0022"}', /not JSON/],
    ['{"a": "\\{{name}}"}', /not JSON/],
    ['{"a": "{{nmae}}"}', /there is no \{\{nmae\}\}; did you mean \{\{name\}\}/],
    ['{"a": {{samlpes}}}', /did you mean \{\{samples\}\}/],
    ['{"a": "{{constructor}}"}', /there is no/],
    [`{"a": "${"x".repeat(30_000)}"}`, /more than 20000 characters/],
  ];
  test.each(refused)("of %s is refused", (text, says) => {
    const parsed = parseJsonTemplate(text, NAMES);
    expect(parsed).toEqual({ ok: false, problem: expect.stringMatching(says) });
  });

  test("that is taken gives JSON of the same form for all values, over random ones", () => {
    const seed = runSeed("templates");
    const random = seededRandom(seed);
    const pieces = [
      '"',
      "\\",
      "{{name}}",
      "{{value}}",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "1",
      "-",
      "a",
      "u0022",
      " ",
      "{{",
      "}}",
      "\\u",
      "\n",
    ];
    const evil = ['"', "\\", '","x":"', "\\u0022", "\u2028", "\ud800", "\u0000", "{{value}}", "}", "0", ""];
    let taken = 0;
    for (let round = 0; round < 30_000; round++) {
      const inner = Array.from({ length: integer(random, 8) }, () => pick(random, pieces)).join("");
      const text = random() < 0.5 ? `{"a":"${inner}"}` : `{"a":${inner}}`;
      const parsed = parseJsonTemplate(text, NAMES);
      if (!parsed.ok) continue;
      taken++;
      const shape = (value: string, number: unknown) => {
        const rendered = renderJsonTemplate(parsed.template, {
          name: { text: value, value },
          value: { text: value, value: number },
        });
        return Object.keys(JSON.parse(rendered) as object);
      };
      const value = Array.from({ length: integer(random, 4) }, () => pick(random, evil)).join("");
      for (const number of [-1.5, null, Number.NaN, [1], value])
        expect([text, shape(value, number).length]).toEqual([text, shape("x", 0).length]);
    }
    expect(taken).toBeGreaterThan(1_000);
  });
});
