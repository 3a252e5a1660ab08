// A thread that holds as many numbers as it is told to, collects garbage, and says so.

import { collectGarbage } from "#runtime/memory.ts";
import { listen, reply } from "../../src/runtime/thread.ts";

let held: number[] = [];

listen<number>((count) => {
  held = Array.from({ length: count }, (_, index) => index + 0.5);
  collectGarbage();
  reply(held.length);
});
