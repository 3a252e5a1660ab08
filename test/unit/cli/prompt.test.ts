import { describe, expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import { createPrompt } from "../../../src/cli/prompt.ts";

/** Asks, and gives what is typed once the question stands there; null ends the input. */
async function ask(typed: string | null): Promise<{ answer: string | undefined; shown: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = shown === "";
    shown += text;
    if (!isFirst) return;
    if (typed === null) input.end();
    else input.write(typed);
  });
  const answer = await createPrompt(input, output)("Name? ");
  return { answer, shown };
}

describe("a prompt", () => {
  test("shows the question and gives the line that was typed", async () => {
    const { answer, shown } = await ask("shop\r");
    expect([answer, shown.includes("Name? ")]).toEqual(["shop", true]);
  });

  test.each([[null], ["\u0003"], ["\u0004"]])(
    "gives nothing when the input ends or is broken off with %j",
    async (typed) => {
      expect((await ask(typed)).answer).toBeUndefined();
    },
  );
});
