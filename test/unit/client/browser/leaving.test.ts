// A page that is left: every entry goes to the browser or to its storage, under one key; what was tried before is not
// cut anew.

import { describe, expect, test } from "bun:test";
import { handOver } from "../../../../src/client/browser/leaving.ts";
import { createSender, type Sender } from "../../../../src/client/core/sender.ts";
import type { Batch } from "../../../../src/client/core/types.ts";
import { entriesOf, FakePlatform } from "../fake_platform.ts";

const URL_TEXT = "https://logs.example.com/api/v1/enqueue";

class LeftPage {
  readonly platform = new FakePlatform();
  readonly sender: Sender = createSender(this.platform, () => {});
  readonly beacons: { readonly key: string; readonly body: string }[] = [];
  readonly saved: Batch[] = [];
  readonly probablySent: boolean[] = [];
  /** Bytes that the browser still takes. */
  beaconRoom = 65_536;
  storageRoom = 262_144;

  constructor() {
    this.sender.configure({}, URL_TEXT, '{"key":"ck_1","source":"client","entries":[');
    this.platform.ring();
  }

  push(count: number, length: number): void {
    for (let at = 0; at < count; at++) this.sender.push(JSON.stringify({ message: `${at}`, text: "x".repeat(length) }));
  }

  leave(isOnline = true): void {
    handOver(
      this.sender,
      URL_TEXT,
      (url, body) => {
        if (body.length > this.beaconRoom) return false;
        this.beaconRoom -= body.length;
        this.beacons.push({ key: url.slice(url.indexOf("=") + 1), body });
        return true;
      },
      (batch, isProbablySent) => {
        if (batch.bytes > this.storageRoom) return false;
        this.probablySent.push(isProbablySent);
        this.storageRoom -= batch.bytes;
        this.saved.push(batch);
        return true;
      },
      isOnline,
    );
  }

  /** Messages by where they went, in order. */
  get messages(): string[] {
    return [...this.beacons, ...this.saved].flatMap(entriesOf).map(({ message }) => message);
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, at) => `${at}`);

describe("a page that is left", () => {
  test("hands a small queue over in one beacon", () => {
    const page = new LeftPage();
    page.push(3, 10);
    page.leave();
    expect([page.beacons.length, page.saved.length, page.messages]).toEqual([1, 0, numbered(3)]);
  });

  test("splits what the browser refuses, and saves what is left: all once, in order", () => {
    const page = new LeftPage();
    page.push(30, 3000);
    page.leave();
    expect(page.messages).toEqual(numbered(30));
    expect(page.beacons.every(({ body }) => body.length <= 60_000)).toBe(true);
    expect(page.beacons.flatMap(entriesOf).length).toBeWithin(19, 22);
    expect(page.saved.length).toBeWithin(1, 5);
    const keys = [...page.beacons.map(({ key }) => key), ...page.saved.map(({ id }) => id)];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("leaves the rest to be counted where neither has room", () => {
    const page = new LeftPage();
    page.beaconRoom = 0;
    page.storageRoom = 0;
    page.push(30, 3000);
    page.leave();
    expect(page.messages).toEqual([]);
    page.push(1, 1);
    page.platform.ring();
    expect(entriesOf(page.platform.last)[0]).toMatchObject({
      touchpoint: "simplelogs/dropped",
      metadata: { count: 30 },
    });
  });

  test("saves everything where the server did not answer, what was tried with its bytes and its key", async () => {
    const page = new LeftPage();
    page.push(30, 3000);
    page.platform.ring();
    const tried = page.platform.last;
    await tried.answer({ status: 0 });
    page.push(1, 1);
    page.leave();
    expect(page.beacons).toEqual([]);
    expect(page.messages).toEqual([...numbered(30), "0"]);
    expect(page.saved[0]?.body).toBe(tried.body);
    expect(tried.url).toEndWith(`=${page.saved[0]?.id}`);
  });

  test("saves everything where the browser is offline, and tries beacons where there is no storage", () => {
    const page = new LeftPage();
    page.push(3, 10);
    page.leave(false);
    expect([page.beacons.length, page.saved.length]).toEqual([0, 1]);
    const other = new LeftPage();
    other.storageRoom = 0;
    other.push(3, 10);
    other.leave(false);
    expect([other.beacons.length, other.saved.length]).toEqual([1, 0]);
  });

  test("does not cut a batch that was tried, which may be stored", async () => {
    const page = new LeftPage();
    page.push(15, 3000);
    page.platform.ring();
    await page.platform.last.answer({ status: 0 });
    page.platform.ring();
    page.beaconRoom = 0;
    page.leave();
    expect(page.saved.map(({ body }) => body)).toEqual([page.platform.last.body]);
  });

  test("keeps a first attempt in flight, marked, until it is answered; the rest goes by beacon", () => {
    const page = new LeftPage();
    page.push(3, 10);
    page.platform.ring();
    page.push(2, 10);
    page.leave();
    expect([page.saved.map(({ body }) => body), page.probablySent]).toEqual([[page.platform.last.body], [true]]);
    expect(page.beacons.flatMap(entriesOf).length).toBe(2);
  });

  test("sends a first attempt in flight by beacon where it cannot be kept, under the same key", () => {
    const page = new LeftPage();
    page.storageRoom = 0;
    page.push(3, 10);
    page.platform.ring();
    page.leave();
    expect(page.beacons.map(({ body }) => body)).toEqual([page.platform.last.body]);
    expect(page.platform.last.url).toEndWith(`=${page.beacons[0]?.key}`);
  });

  test("leaves in the storage what is from there", async () => {
    const page = new LeftPage();
    const body = '{"key":"ck_1","source":"client","entries":[{}]}';
    const old = { id: "old", body, bytes: 47, entryCount: 1, sequence: 0, isTried: true, onSettled: () => {} };
    page.sender.adopt([old, { ...old, id: "older" }]);
    page.leave();
    expect([page.beacons, page.saved]).toEqual([[], []]);
  });

  test("hands nothing over twice", () => {
    const page = new LeftPage();
    page.push(3, 10);
    page.leave();
    page.leave();
    expect(page.beacons.length).toBe(1);
  });
});
