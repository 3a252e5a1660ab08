// Attacks with bodies that are expensive to scan, decompress or parse: they aim at what reads a text before its sender
// is known, and at the engine's hash tables. Each body is sent alone, with a key and without, while others are served.

import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { integer, type Random } from "../../../test/support/random.ts";
import { collidingName, collidingText, objectText } from "../../../test/support/raw_collisions.ts";
import { ENQUEUE_PATH, SERVER_KEY, type TestServer } from "../../../test/support/server.ts";
import { type Attack, bodyOf, type Force, type Outcome, post } from "./attack.ts";

/** A little less than the default of max_body. */
const BODY_LENGTH = 5_000_000;

function repeated(piece: string, length = BODY_LENGTH): string {
  return piece.repeat(Math.floor(length / Buffer.byteLength(piece)));
}

/** Texts of up to 5 MB, by what they are made for. */
function madeTexts(random: Random): Record<string, string> {
  let count = 0;
  const name = () => (count++).toString(36);
  const many = (length: number, make: () => string) => Array.from({ length }, make).join();
  const log = JSON.stringify({ level: "info", message: "GET /api/orders 200", at: { "trace id": "4bf92f3577b34da6" } });
  return {
    "escaped quotes": `{"a":"${repeated('\\":')}"}`,
    spaces: `{"a"${repeated(" ")}:1}`,
    "escaped JSON": JSON.stringify({ entries: [{ message: JSON.stringify({ log: repeated(log, BODY_LENGTH / 3) }) }] }),
    backslashes: `{"a":"${repeated("\\\\")}"}`,
    quotes: repeated('"'),
    "names and spaces": repeated(`"a"${" ".repeat(60)}:1,`),
    brackets: repeated("[", BODY_LENGTH / 2) + repeated("]", BODY_LENGTH / 2),
    braces: repeated('{"":', BODY_LENGTH),
    "different names": `[${many(400_000, () => `{"${name()}":1}`)}]`,
    "different values": `[${many(500_000, () => `"${name()}"`)}]`,
    "names with one hash": `[${many(100_000, () => `{"${collidingName(random)}":1}`)}]`,
    "long names with one hash": `[${many(20_000, () => `{"${collidingText(random, 60)}":1}`)}]`,
    "values with one hash": `["${Array.from({ length: 100_000 }, () => collidingName(random)).join('","')}"]`,
    "one number as name": `[${repeated('{"999":0},')}0]`,
    "empty entries": `[${repeated("{},")}0]`,
  };
}

/** How a text becomes a request's body. */
const FORMS: Readonly<Record<string, (text: string) => { body: Uint8Array | string; encoding: string }>> = {
  plain: (body) => ({ body, encoding: "identity" }),
  gzip: (text) => ({ body: gzipSync(text), encoding: "gzip" }),
  "gzip, br, zstd": (text) => {
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };
    return { body: zstdCompressSync(brotliCompressSync(gzipSync(text), quality)), encoding: "gzip, br, zstd" };
  },
};

/** The longest that others waited while something was done, in ms. */
interface Waits {
  health: number;
  /** Of a sender with a key and one entry. */
  post: number;
}

/**
 * Does the work while others send requests all the time. It should not be work of this process, which would count as
 * waiting too.
 */
async function waitsDuring(server: TestServer, work: () => Promise<unknown>): Promise<Waits & { entries: number }> {
  const waits = { health: 0, post: 0, entries: 0 };
  const state = { isOver: false };
  const ask = async (kind: keyof Waits, request: () => Promise<Response>) => {
    while (!state.isOver) {
      const startedAtMs = performance.now();
      const answer = await request();
      await answer.text();
      waits[kind] = Math.max(waits[kind], performance.now() - startedAtMs);
      if (answer.status === 202) waits.entries++;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const body = bodyOf('{"message":"another"}');
  const asked = [
    ask("health", () => fetch(`${server.url}/healthz`)),
    ask("post", () => fetch(`${server.url}${ENQUEUE_PATH}`, { method: "POST", body })),
  ];
  await work();
  state.isOver = true;
  await Promise.all(asked);
  return waits;
}

/** The longest waits so far, and what for. */
class WorstWaits {
  #health = { ms: 0, name: "nothing" };
  #post = { ms: 0, name: "nothing" };
  /** Entries that others have sent. */
  entries = 0;

  add(name: string, { health, post: others, entries }: Waits & { entries: number }): void {
    if (health > this.#health.ms) this.#health = { ms: health, name };
    if (others > this.#post.ms) this.#post = { ms: others, name };
    this.entries += entries;
  }

  toString(): string {
    const shown = ({ ms, name }: { ms: number; name: string }) => `${ms.toFixed(0)} ms (${name})`;
    return `/healthz waited at most ${shown(this.#health)}, another sender ${shown(this.#post)}`;
  }
}

async function madeBodies(server: TestServer, { random }: Force, isKnown: boolean): Promise<Outcome> {
  const worst = new WorstWaits();
  const statuses: Record<string, number> = {};
  const broken: string[] = [];
  const allowed = isKnown ? [202, 400, 413, 422] : [401, 413];
  const before = `{"key":"${SERVER_KEY}","source":"server","entries":[{"message":"made"}],"made":`;
  for (const [name, text] of Object.entries(madeTexts(random))) {
    for (const [form, make] of Object.entries(FORMS)) {
      const { body, encoding } = make(isKnown ? `${before}${text}}` : text);
      const waits = await waitsDuring(server, async () => {
        const { status } = await post(server, body, encoding);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (!allowed.includes(status)) broken.push(`${name} as ${form} was answered ${status}`);
      });
      worst.add(`${name} as ${form}`, waits);
    }
  }
  const stored = worst.entries + (statuses[202] ?? 0);
  return { notes: `${JSON.stringify(statuses)}; ${worst.toString()}`, broken, stored };
}

/**
 * Bodies of 6 kB whose names, values or touchpoints have one hash, many at a time, so that they are parsed together.
 */
async function smallFloods(server: TestServer, { random }: Force): Promise<Outcome> {
  const colliding = () => Array.from({ length: 200 }, () => collidingName(random));
  const kinds: Readonly<Record<string, (names: readonly string[]) => string>> = {
    names: (names) => `{"metadata":${objectText(names)}}`,
    values: (names) => names.map((value) => `{"metadata":{"v":"${value}"}}`).join(),
    touchpoints: (names) => names.map((touchpoint) => `{"touchpoint":"${touchpoint}"}`).join(),
  };
  const worst = new WorstWaits();
  const notes: string[] = [];
  const broken: string[] = [];
  let stored = 0;
  for (const [name, make] of Object.entries(kinds)) {
    const bodies = Array.from({ length: 300 }, () => bodyOf(make(colliding())));
    const statuses: Record<string, number> = {};
    const startedAtMs = performance.now();
    const waits = await waitsDuring(server, async () => {
      for (const { status } of await Promise.all(bodies.map((body) => post(server, body)))) {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status === 202) stored += name === "names" ? 1 : 200;
        if (status !== 202 && status !== 422) broken.push(`a small body of ${name} was answered ${status}`);
      }
    });
    worst.add(name, waits);
    notes.push(`${name} ${JSON.stringify(statuses)} in ${(performance.now() - startedAtMs).toFixed(0)} ms`);
  }
  return { notes: `300 bodies each: ${notes.join(", ")}; ${worst.toString()}`, broken, stored: stored + worst.entries };
}

/**
 * Nothing but what costs the most to explain: a batch whose last entry alone is wrong, or a long value where few are
 * allowed.
 */
async function explained(server: TestServer, { random }: Force): Promise<Outcome> {
  const bad = {
    "empty entries": `${repeated("{},")}0`,
    "short entries": `${repeated('{"level":"info"},')}{"level":${integer(random, 9)}}`,
    "a level of 5 MB": `{"level":"${repeated("sk_a ")}"}`,
  };
  const worst = new WorstWaits();
  const broken: string[] = [];
  for (const [name, entries] of Object.entries(bad)) {
    const body = gzipSync(bodyOf(entries));
    const waits = await waitsDuring(server, async () => {
      const { status } = await post(server, body, "gzip");
      if (status !== 422) broken.push(`${name}: answered ${status}`);
    });
    worst.add(name, waits);
  }
  return { notes: worst.toString(), broken, stored: worst.entries };
}

export const BODY_ATTACKS: readonly Attack[] = [
  {
    name: "strange",
    about: "bodies of 5 MB that are expensive to look at, without a key, compressed and not",
    run: (server, force) => madeBodies(server, force, false),
  },
  {
    name: "dear",
    about: "the same in a batch with a key",
    run: (server, force) => madeBodies(server, force, true),
  },
  { name: "swarm", about: "300 bodies of 6 kB at once, whose names or values have one hash", run: smallFloods },
  { name: "explain", about: "batches whose refusal is expensive to explain", run: explained },
];
