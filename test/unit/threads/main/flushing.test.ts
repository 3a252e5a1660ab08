import { describe, expect, test } from "bun:test";
import { Settling } from "../../../../src/threads/main/flushing.ts";

function settlingOf() {
  let asked = 0;
  const settling = new Settling(() => asked++);
  return { settling, asked: () => asked };
}

describe("a reader", () => {
  test("waits for nothing while no group is kept", () => {
    const { settling, asked } = settlingOf();
    settling.settle();
    expect([settling.settled(), asked()]).toEqual([undefined, 0]);
  });

  test("waits with all others for one writing of what is kept", async () => {
    const { settling, asked } = settlingOf();
    settling.kept();
    const wait = settling.settled();
    expect([settling.settled() === wait, asked()]).toEqual([true, 1]);
    settling.settle();
    await wait;
    expect(settling.settled()).toBeUndefined();
  });

  test("asks again for what is kept after that", () => {
    const { settling, asked } = settlingOf();
    settling.kept();
    void settling.settled();
    settling.settle();
    settling.kept();
    void settling.settled();
    expect(asked()).toBe(2);
    settling.giveUp();
  });

  test("reads what there is once the writer cannot write, and the next one asks again", async () => {
    const { settling, asked } = settlingOf();
    settling.kept();
    const wait = settling.settled();
    settling.giveUp();
    await wait;
    void settling.settled();
    expect(asked()).toBe(2);
    settling.giveUp();
  });
});
