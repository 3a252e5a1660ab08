// The main thread's end of shipping, with a thread that dies after each state that is written.

import { afterEach, expect, test } from "bun:test";
import type { ShippingState } from "../../src/commit/shipping_state.ts";
import { Shipping } from "../../src/threads/main/shipping.ts";
import { untilTrue } from "../support/condition.ts";

const STATE: ShippingState = { file: "a", shippedBelow: 1, batch: undefined };

let shipping: Shipping | undefined;
afterEach(() => shipping?.stop());

function started(said: string[]): Shipping {
  shipping = new Shipping({
    file: "none.db",
    history: { urls: ["http://127.0.0.1:1"], database: "logs", user: "default", password: "", cluster: "", node: 1 },
    rules: { retentionMs: new Map(), defaultRetentionMs: 1 },
    shipperUrl: new URL("../support/dying_shipper.ts", import.meta.url),
    clock: () => performance.now(),
    log: (level, message) => said.push(`${level}: ${message}`),
  });
  return shipping;
}

test("a thread that dies is started again, from the last state that was written", async () => {
  const said: string[] = [];
  const one = started(said);
  one.writerStarted(STATE, (number) => one.saved(number, true));
  await untilTrue("the third life has begun", () => said.includes("info: from 21"));
  expect(said.filter((line) => line.startsWith("info: from")).slice(0, 3)).toEqual([
    "info: from 1",
    "info: from 11",
    "info: from 21",
  ]);
  expect(said.filter((line) => line.startsWith("error: the shipper thread died")).length).toBeGreaterThanOrEqual(2);
});

test("a state that could not be written is not gone on from", async () => {
  const said: string[] = [];
  const one = started(said);
  one.writerStarted(STATE, (number) => one.saved(number, false));
  await untilTrue("the second life has begun", () => said.filter((line) => line === "info: from 1").length > 1);
  expect(said).toContain("info: not saved");
  expect(said).not.toContain("info: from 11");
});

test("a new writer starts the thread anew with what its data file has, and answers to the one before are dropped", async () => {
  const said: string[] = [];
  const asked: number[] = [];
  const one = started(said);
  one.writerStarted(STATE, (number) => asked.push(number));
  await untilTrue("the state is asked for", () => asked.length === 1);
  one.writerStarted({ ...STATE, shippedBelow: 500 }, () => undefined);
  one.saved(asked[0] as number, true);
  await untilTrue("the next life has begun", () => said.includes("info: from 500"));
  expect(said).not.toContain("info: saved");
  expect(one.figures().shippedBelow).toBe(500);
});
