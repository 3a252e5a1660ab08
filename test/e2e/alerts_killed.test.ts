// The compiled server killed at each step of a delivery: whoever is told hears of each change at least once, a repetition
// has the same id, and no resolve is lost.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";

const WAIT_MS_MAX = 60_000;

interface Told {
  readonly id: string;
  readonly state: string;
}

/** Where the server is when it is killed. */
const STEPS = ["connected", "request sent", "answer received", "told"] as const;
type Step = (typeof STEPS)[number];

/** A webhook's receiver that stops at a step of the first telling of a state. */
class Receiver implements AsyncDisposable {
  readonly told: Told[] = [];
  /** The state whose telling stops. */
  held: { readonly state: string; readonly step: Step } | undefined;
  /** Whether it has stopped. */
  isHeld = false;
  readonly #server = createServer((request, response) => void this.#receive(request, response));

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  of(state: string): Told[] {
    return this.told.filter((one) => one.state === state);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { id, state } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Told;
    const step = this.held?.state === state ? this.held.step : undefined;
    // As if it had read nothing: the request never came to where it counts.
    if (step !== "connected") this.told.push({ id, state });
    if (step === "connected" || step === "request sent") {
      this.isHeld = true;
      return;
    }
    response.end("ok", () => {
      if (step !== undefined) this.isHeld = true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

function tables(url: string): string {
  return `[[destinations]]
name = "chat"
type = "webhook"
url = "${url}"

[[alerts]]
name = "errors"
q = "level:error"
window = "3s"
every = "1s"
above = 0
notify = ["chat"]
`;
}

async function waiting({ url }: TestServer): Promise<number> {
  const answer = await fetch(`${url}/api/v1/alerts`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  const { destinations } = (await answer.json()) as { readonly destinations: readonly { readonly waiting: number }[] };
  return destinations.reduce((sum, one) => sum + one.waiting, 0);
}

/** Deliveries of the data file: a moment after nothing waits in memory, there are none here. */
function kept({ dataFile }: TestServer): number {
  const database = new Database(dataFile, { readonly: true });
  try {
    return (database.query("SELECT count(*) AS count FROM alerts WHERE kind = 'delivery'").get() as { count: number })
      .count;
  } finally {
    database.close();
  }
}

describe("a server that is killed", () => {
  for (const state of ["firing", "resolved"]) {
    for (const step of STEPS) {
      test(`while it tells that a rule is ${state}, at the step "${step}", tells it with the same id`, async () => {
        await using receiver = await Receiver.start();
        await withServer(configText({ tables: tables(receiver.url) }), async (server) => {
          receiver.held = { state, step };
          await server.send([{ level: "error", message: "one" }]);
          await untilTrue("it stops", () => receiver.isHeld, WAIT_MS_MAX);
          if (step === "told") await untilTrue("it is noted as told", () => kept(server) === 0, WAIT_MS_MAX);
          await server.kill();
          const before = receiver.of(state).length;
          receiver.held = undefined;
          await server.start();
          await untilTrue("it has resolved", () => receiver.of("resolved").length > 0, WAIT_MS_MAX);
          await eventually("nothing waits", async () => (await waiting(server)) === 0, WAIT_MS_MAX);
          for (const one of ["firing", "resolved"]) {
            const ids = receiver.of(one).map(({ id }) => id);
            expect([one, new Set(ids).size, ids.length > 0]).toEqual([one, 1, true]);
          }
          // What was held back is told again; what was noted as told is not.
          const after = receiver.of(state).length;
          if (step === "connected" || step === "request sent") expect(after).toBe(before + 1);
          if (step === "told") expect(after).toBe(before);
          expect(receiver.told.at(-1)?.state).toBe("resolved");
        });
      }, 180_000);
    }
  }

  test("right after it has received a record looks at it though the window is over when it starts again", async () => {
    await using receiver = await Receiver.start();
    await withServer(configText({ tables: tables(receiver.url) }), async (server) => {
      // Evaluated once, so that it is known until when.
      const evaluated = async () => ((await server.metrics()).get("simplelogs_alert_evaluations_total") ?? 0) > 1;
      await eventually("it has evaluated", evaluated, WAIT_MS_MAX);
      await server.send([{ level: "error", message: "the last word" }]);
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await server.start();
      await untilTrue("it has resolved", () => receiver.of("resolved").length > 0, WAIT_MS_MAX);
      expect([receiver.of("firing").length, receiver.of("resolved").length]).toEqual([1, 1]);
    });
  }, 180_000);
});
