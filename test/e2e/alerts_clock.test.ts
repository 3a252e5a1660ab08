// Alerts of the compiled server while its machine's clock is set: while it runs, and between two starts. libfaketime sets
// it for that process alone.

import { expect, test } from "bun:test";
import { setClock } from "../../scripts/src/torture/clock.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { ADMIN_TOKEN, configText, type TestServer, withStoppedServer } from "../support/server.ts";

const LIBRARY = process.env["SIMPLELOGS_TEST_FAKETIME"] ?? "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const HOUR_S = 3_600;
const WAIT_MS_MAX = 60_000;

interface Told {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

function tables(url: string): string {
  return `[[destinations]]
name = "chat"
type = "webhook"
url = "${url}"

[[alerts]]
name = "errors"
q = "level:error"
window = "4s"
every = "1s"
above = 0
notify = ["chat"]

[[alerts]]
name = "silence"
q = "level:info"
kind = "silence"
window = "1h"
every = "1s"
notify = ["chat"]
`;
}

async function stateOf({ url }: TestServer, name: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/api/v1/alerts`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  const { rules } = (await answer.json()) as { readonly rules: readonly { name: string; state: string }[] };
  return rules.find((rule) => rule.name === name)?.state;
}

/** How many times the rules have noticed that the clock was set. */
function noticed({ logLines }: TestServer): number {
  return logLines.filter(({ message }) => message.startsWith("the clock was set by")).length;
}

for (const isRunning of [true, false]) {
  const when = isRunning ? "while the server runs" : "between two starts";
  test(`a clock that is set by hours and days ${when} loses no resolve, fires no silence and tells nothing twice`, async () => {
    const told: Told[] = [];
    const receiver = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        told.push((await request.json()) as Told);
        return new Response("");
      },
    });
    // What was told right before a kill may be told again, with the same id.
    const count = (state: string) => new Set(told.flatMap((one) => (one.state === state ? one.id : []))).size;
    await withStoppedServer(configText({ tables: tables(`http://127.0.0.1:${receiver.port}/`) }), async (server) => {
      setClock(server, LIBRARY, 0);
      await server.start();
      let round = 0;
      for (const offsetS of [-5 * HOUR_S, 9 * 24 * HOUR_S, 0]) {
        round++;
        await server.send([{ level: "error", message: `error ${round}` }, { level: "info" }]);
        await untilTrue(`firing is told, round ${round}`, () => count("firing") === round, WAIT_MS_MAX);
        if (!isRunning) await server.kill();
        setClock(server, LIBRARY, offsetS);
        if (!isRunning) await server.start();
        // A record that comes right before that may be in the window that is unknown.
        if (isRunning) await untilTrue(`the clock is noticed, round ${round}`, () => noticed(server) >= round);
        await untilTrue(`resolved is told, round ${round}`, () => count("resolved") === round, WAIT_MS_MAX);
        await eventually("it is at rest", async () => (await stateOf(server, "errors")) === "ok", WAIT_MS_MAX);
      }
    });
    await receiver.stop(true);
    expect(told.filter(({ name }) => name === "silence")).toEqual([]);
    const states = [...new Map(told.map(({ id, state }) => [id, state])).values()];
    expect(states).toEqual(["firing", "resolved", "firing", "resolved", "firing", "resolved"]);
    expect(told.at(-1)?.state).toBe("resolved");
  }, 240_000);
}
