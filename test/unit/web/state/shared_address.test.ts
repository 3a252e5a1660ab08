import { describe, expect, test } from "bun:test";
import { isViewAddress } from "../../../../src/core/views.ts";
import { type Address, formatAddress } from "../../../../src/web/state/router.ts";
import { addressOf, linkAddress, viewAddress } from "../../../../src/web/state/shared_address.ts";
import { readRange } from "../../../../src/web/state/time_range.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const rangeOf = ({ parameters }: Address) => readRange(parameters, NOW).range;

function view(text: string): string {
  const address = addressOf(text);
  return viewAddress(address, rangeOf(address));
}

function link(text: string, hasRange = true): string {
  const address = addressOf(text);
  return linkAddress(address, rangeOf(address), hasRange, NOW);
}

describe("the address of a view", () => {
  test("keeps a relative range, and leaves out a fixed one and the open record", () => {
    expect(view("/logs?project=shop&from=24h&q=level:error&columns=key&why=on")).toBe(
      "/logs?project=shop&from=24h&q=level:error&columns=key&why=on",
    );
    expect(view("/logs?from=2026-01-31T11:00:00Z&to=2026-01-31T12:00:00Z&q=a&open=7&clocks=utc")).toBe(
      "/logs?clocks=utc&q=a",
    );
    expect(view("/logs?from=2026-01-31&q=a")).toBe("/logs?q=a");
    expect(view("/logs?to=1h")).toBe("/logs");
    expect(view("/")).toBe("/");
    expect(view("/timings?show=touchpoint:api/orders&live=on")).toBe("/timings?live=on&show=touchpoint:api/orders");
  });

  test("is one that the server takes, and means the same page again, whatever is in it", () => {
    const random = seededRandom(runSeed("shared addresses"));
    const characters = [
      "a",
      " ",
      "+",
      "&",
      "=",
      "#",
      "%",
      '"',
      "/",
      "?",
      "é",
      "漢",
      "\u202e",
      "\u{1f600}",
      "\ud800",
      "\n",
    ];
    for (let round = 0; round < 300; round++) {
      const text = () => Array.from({ length: 1 + integer(random, 8) }, () => pick(random, characters)).join("");
      const parameters = { q: text(), show: text(), project: text(), from: pick(random, ["1h", "7d"]) };
      const address: Address = { page: pick(random, ["logs", "timings", "keys"]), parameters };
      const saved = viewAddress(address, rangeOf(address));
      expect(isViewAddress(saved)).toBe(true);
      expect(formatAddress(addressOf(saved))).toBe(saved);
      expect(addressOf(saved).parameters["q"]).toBe(parameters.q.toWellFormed());
    }
  });
});

describe("a link to what is shown", () => {
  test("has two fixed ends, and carries the open record", () => {
    expect(link("/logs?q=a&open=7&live=on")).toBe(
      "/logs?from=2026-01-31T11:00:00.000Z&to=2026-01-31T12:00:00.000Z&q=a&open=7",
    );
    expect(link("/timings?from=24h")).toBe("/timings?from=2026-01-30T12:00:00.000Z&to=2026-01-31T12:00:00.000Z");
    expect(link("/logs?from=2026-01-01T00:00:00Z")).toBe(
      "/logs?from=2026-01-01T00:00:00.000Z&to=2026-01-31T12:00:00.000Z",
    );
    expect(link("/logs?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z")).toBe(
      "/logs?from=2026-01-01T00:00:00.000Z&to=2026-01-02T00:00:00.000Z",
    );
    expect(link("/logs?to=2026-01-02T00:00:00Z")).toBe("/logs?to=2026-01-02T00:00:00.000Z");
  });

  test("to a page without a range is the page's address", () => {
    expect(link("/keys?project=shop&from=6h", false)).toBe("/keys?project=shop&from=6h");
  });
});
