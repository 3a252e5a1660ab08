// A storm of configurations: each is written and loaded at once, and then judged by what the server answers.

import { untilTrue } from "./condition.ts";
import { configText, ENQUEUE_PATH, type TestServer } from "./server.ts";

const LOAD_MS_MAX = 90_000;

export interface Storm {
  readonly rounds: number;
  readonly seconds: number;
  /** Batches that were answered 202, of one entry each. */
  readonly accepted: number;
  /** Rounds whose configuration never came into force, or did when it should not have. */
  readonly wrong: readonly string[];
}

interface Pair {
  readonly key: string;
  readonly origin: string;
  readonly isRevoked: boolean;
  /** As it stands in the configuration. */
  readonly table: string;
}

/** A pair of its own each round; in every third it is revoked. */
function pairOf(round: number): Pair {
  const [key, origin, isRevoked] = [
    `ck_storm${String(round).padStart(16, "0")}`,
    `https://o${round}.example.com`,
    round % 3 === 0,
  ];
  const table = `[[keys]]\nname = "storm ${round}"\nclient = "${key}"\norigins = ["${origin}"]\nrevoked = ${isRevoked}\n`;
  return { key, origin, isRevoked, table };
}

/**
 * Rewrites the file so many times, every other one with a file that does not load, which leaves the one before in
 * force; at the end it is as configText() makes it. `from` is the number of rounds of the storms before it, an even
 * one.
 */
export async function stormOf(server: TestServer, rounds: number, from = 0): Promise<Storm> {
  const startedAtMs = performance.now();
  const wrong: string[] = [];
  let accepted = 0;
  const ask = async ({ key, origin }: Pair): Promise<number> => {
    const body = JSON.stringify({ key, source: "client", entries: [{ message: `storm ${key}` }] });
    const answer = await fetch(`${server.url}${ENQUEUE_PATH}`, { method: "POST", headers: { origin }, body });
    await answer.text();
    if (answer.status === 202) accepted++;
    return answer.status;
  };
  const load = (text: string) => {
    server.writeConfig(text);
    server.signal("SIGHUP");
  };
  let inForce = pairOf(from);
  for (let round = from + 1; round <= from + rounds; round++) {
    const isValid = round % 2 === 1;
    const gone = inForce;
    if (isValid) inForce = pairOf(round);
    const expected = `${inForce.isRevoked ? 401 : 202}${isValid ? ",401" : ""}`;
    const seen = async () => [await ask(inForce), ...(isValid ? [await ask(gone)] : [])].join();
    const readTo = server.stderr.length;
    load(configText({ tables: isValid ? inForce.table : `[storage]\nx${round} = 1\n` }));
    if (!isValid) {
      const told = `storage.x${round}:`;
      await untilTrue("the log tells of the refusal", () => server.stderr.includes(told, readTo), LOAD_MS_MAX);
    }
    let answers = await seen();
    const untilMs = Date.now() + (isValid ? LOAD_MS_MAX : 0);
    while (answers !== expected && Date.now() < untilMs) answers = await seen();
    if (answers !== expected) wrong.push(`round ${round}: answered ${answers} instead of ${expected}`);
  }
  load(configText());
  return { rounds, accepted, seconds: Math.round(performance.now() - startedAtMs) / 1000, wrong };
}
