// Attacks the server with hostile clients while a well-behaved one goes on. Prints how long the well-behaved one
// waited, how much memory the server took, and every broken promise; fails if there is any. Linux only, since the
// figures come from /proc.

import { parseArgs } from "node:util";
import { integer, seededRandom } from "../../../test/support/random.ts";
import {
  NO_FAULTS,
  Probe,
  type ProbeResult,
  type ProcessState,
  probeFaults,
  processState,
} from "../../../test/support/raw_probe.ts";
import { configText, type TestServer, withServer } from "../../../test/support/server.ts";
import { wholeNumber } from "../command.ts";
import { markdownTable } from "../markdown_table.ts";
import type { Attack, Force } from "./attack.ts";
import { BODY_ATTACKS } from "./bodies.ts";
import { CONNECTION_ATTACKS } from "./connections.ts";
import { MEMORY_ATTACKS } from "./memory.ts";

const ATTACKS: readonly Attack[] = [...CONNECTION_ATTACKS, ...MEMORY_ATTACKS, ...BODY_ATTACKS];

const HELP = `Usage: scripts/siege [OPTION…]

Besieges dist/simplelogs (built first) with hostile clients, and checks that the others are served and lose nothing.

  --only LIST      of these only: ${ATTACKS.map(({ name }) => name).join(", ")}
  --connections N  idle ones; a tenth as many are slow, and a twentieth stall (default: 10000)
  --seconds N      how long the slow ones send, a byte a second (default: 30)
  --reloads N      rewrites of the configuration (default: 3000)
  --seed N         what the names and texts are (default: random, printed)
  --json           print one JSON object instead of a table
  --help           show this

${ATTACKS.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join("\n")}
`;

/** How long the server may take to be as it was, once the attack is over. */
const RECOVER_MS_MAX = 30_000;
/**
 * Handles more than before the attack that are nobody's: connections of the probe, and those of the data file that
 * SQLite keeps for the next reader while the writer has it open, one for each of as many queries as there were at once.
 */
const HANDLES_SPARE = 20 + 64;

interface Row {
  readonly attack: string;
  readonly seconds: number;
  readonly probe: ProbeResult;
  readonly before: ProcessState;
  readonly after: ProcessState;
  /** What the attack has to say of itself. */
  readonly notes: string;
  readonly broken: readonly string[];
}

async function besiege(attack: Attack, force: Force): Promise<Row> {
  return withServer(configText(), async (server) => {
    await server.send([{ message: "first" }]);
    const before = processState(server.pid);
    const probe = new Probe(server);
    const startedAtMs = performance.now();
    const { notes, broken, stored } = await attack.run(server, force);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const result = await probe.stop();
    const faults = [...broken, ...(await faultsOf(server, probe, result, before, stored))];
    const after = processState(server.pid);
    if ((await server.stop()) !== 0) faults.push("it did not stop as it should");
    return {
      attack: attack.name,
      seconds,
      probe: result,
      before,
      after,
      notes,
      broken: faults,
    };
  });
}

/** What every attack must leave as it was. */
async function faultsOf(
  server: TestServer,
  probe: Probe,
  { posts, health }: ProbeResult,
  before: ProcessState,
  stored: number,
): Promise<string[]> {
  const faults: string[] = [];
  const statuses = Object.keys({ ...posts, ...health });
  if (statuses.join() !== "200,202") faults.push(`others were answered ${statuses.join(", ")} (0: not at all)`);
  const untilMs = Date.now() + RECOVER_MS_MAX;
  while (processState(server.pid).handles > before.handles + HANDLES_SPARE && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { handles } = processState(server.pid);
  if (handles > before.handles + HANDLES_SPARE) faults.push(`${handles} handles are open, ${before.handles} were`);
  const records = await server.export();
  const found = probeFaults(probe.accepted, records);
  if (JSON.stringify(found) !== JSON.stringify(NO_FAULTS))
    faults.push(`of the others' entries: ${JSON.stringify(found)}`);
  const expected = 1 + probe.accepted.size + stored;
  if (records.length !== expected) faults.push(`${records.length} records are stored, ${expected} were accepted`);
  return faults;
}

function table(rows: readonly Row[]): string {
  const head = [
    "",
    "s",
    "others",
    "POST p50",
    "p99",
    "max",
    "healthz p99",
    "max",
    "MB before",
    "peak",
    "after",
    "handles",
    "broken",
  ];
  const lines = rows.map(({ attack, seconds, probe, before, after, broken }) => [
    attack,
    seconds.toFixed(0),
    probe.postMs.count,
    probe.postMs.p50,
    probe.postMs.p99,
    probe.postMs.max,
    probe.healthMs.p99,
    probe.healthMs.max,
    before.residentMb,
    after.peakMb,
    after.residentMb,
    after.handles - before.handles,
    broken.length,
  ]);
  return markdownTable(
    head,
    lines.map((cells) => cells.map(String)),
  );
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    options: { only: text, connections: text, seconds: text, reloads: text, seed: text, json: flag, help: flag },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const names = values.only?.split(",") ?? ATTACKS.map(({ name }) => name);
  const unknown = names.find((name) => !ATTACKS.some((attack) => attack.name === name));
  if (unknown !== undefined)
    throw new Error(`--only: expected ${ATTACKS.map(({ name }) => name).join(", ")}, got ${JSON.stringify(unknown)}`);
  const seed = wholeNumber("seed", values.seed ?? String(integer(Math.random, 1e6)), 0, 1e9);
  const force: Force = {
    connections: wholeNumber("connections", values.connections ?? "10000", 100, 50_000),
    seconds: wholeNumber("seconds", values.seconds ?? "30", 1, 110),
    reloads: wholeNumber("reloads", values.reloads ?? "3000", 10, 100_000),
    random: seededRandom(seed),
  };
  const rows: Row[] = [];
  for (const attack of ATTACKS) {
    if (!names.includes(attack.name)) continue;
    const row = await besiege(attack, force);
    rows.push(row);
    if (values.json !== true) console.log(`${row.attack}: ${row.notes}`);
  }
  const isBroken = rows.some(({ broken }) => broken.length > 0);
  if (values.json === true) console.log(JSON.stringify({ seed, rows }));
  else console.log(`\nTimes in ms, seed ${seed}.\n\n${table(rows)}`);
  for (const { attack, broken } of rows) for (const fault of broken) console.error(`${attack}: ${fault}`);
  return isBroken ? 1 : 0;
}

process.exitCode = await main();
