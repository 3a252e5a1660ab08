// The executable is held still for seconds and let go on, as when a machine sleeps.

import { describe, expect, test } from "bun:test";
import { tortureByStop } from "../../scripts/src/torture/stop.ts";
import { runSeed, seededRandom } from "../support/random.ts";

describe("a process that is paused again and again under load", () => {
  test("refuses nothing, restarts no thread, pairs and orphans timings correctly, and is ready at once", async () => {
    const { broken, rounds } = await tortureByStop(2, seededRandom(runSeed("held still")));
    expect({ broken, rounds }).toEqual({ broken: [], rounds: 2 });
  }, 240_000);
});
