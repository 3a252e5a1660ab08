import { describe, expect, test } from "bun:test";
import { BodyRoom } from "../../../../src/http/bodies/body_room.ts";

/** Begins a body of so many bytes; `gone` gets its name when it gives way. */
function hold(room: BodyRoom, name: string, bytes: number, gone: string[]) {
  const read = room.begin(() => gone.push(name));
  room.add(read, bytes);
  return read;
}

describe("a body has room", () => {
  test("by its declared length while that fits, and again once it is released", () => {
    const room = new BodyRoom(10, 100);
    expect([room.reserve(60), room.reserve(40), room.reserve(1), room.reserve(0)]).toEqual([true, true, false, true]);
    room.release(40);
    expect([room.reserve(41), room.reserve(40), room.bytes]).toEqual([false, true, 100]);
  });

  test("in pieces beside what is reserved", () => {
    const room = new BodyRoom(10, 100);
    const gone: string[] = [];
    expect(room.reserve(100)).toBe(true);
    hold(room, "a", 60, gone);
    hold(room, "b", 40, gone);
    expect([gone, room.bytes]).toEqual([[], 200]);
  });

  test("four times over, however large it may be", () => {
    const room = new BodyRoom(1_000, 10);
    const gone: string[] = [];
    for (const name of ["a", "b", "c", "d"]) hold(room, name, 1_000, gone);
    expect(gone).toEqual([]);
  });
});

describe("a body gives way", () => {
  test("when those after it need its room: as many as it takes, the oldest first", () => {
    const room = new BodyRoom(10, 100);
    const gone: string[] = [];
    const [a, b, c] = [hold(room, "a", 30, gone), hold(room, "b", 30, gone), hold(room, "c", 40, gone)];
    const d = hold(room, "d", 50, gone);
    expect([gone, room.bytes]).toEqual([["a", "b"], 90]);
    expect([a, b, c, d].map(({ isEvicted: hasGivenWay }) => hasGivenWay)).toEqual([true, true, false, false]);
    room.end(a);
    room.end(d);
    room.end(d);
    expect(room.bytes).toBe(40);
  });

  test("to its own next bytes, when it is the oldest", () => {
    const room = new BodyRoom(10, 100);
    const gone: string[] = [];
    const oldest = hold(room, "oldest", 50, gone);
    hold(room, "other", 50, gone);
    room.add(oldest, 1);
    expect([gone, oldest.isEvicted, room.bytes]).toEqual([["oldest"], true, 50]);
  });
});
