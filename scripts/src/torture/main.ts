// Does to the server what a machine can do, under load: kill -9, a full disk, a stopped process, a wrong clock, a
// damaged log. Then compares what is stored with what was answered 202. Prints a table and every broken promise, and
// fails if there is any.

import { parseArgs } from "node:util";
import { type Random, seededRandom } from "../../../test/support/random.ts";
import { oneOf, runCommand, wholeNumber } from "../command.ts";
import { provideTools } from "../tools.ts";
import { tortureByClock } from "./clock.ts";
import { tortureByDisk } from "./disk.ts";
import { type Findings, findingsTable } from "./findings.ts";
import { tortureByTrace } from "./fsync.ts";
import { type Durability, tortureByKill } from "./kill.ts";
import { tortureByLog } from "./log.ts";
import { tortureByStop } from "./stop.ts";

const HELP = `Usage: scripts/torture [OPTION…]

Tortures dist/simplelogs (built first) under load, and compares what it has with what it promised.

  --rounds N         rounds of kill -9 for each durability; the others take a part of it (default: 200)
  --durability WORD  sync, write, memory or all: which ones are killed (default: all)
  --only LIST        of these only: kill, fsync, disk, stop, clock, log
  --seed N           of what is done when (default: random, printed)
  --json             print one JSON object instead of a table
  --help             show this

  kill   kill -9 at random moments: under load, at the start, in a stop, while a quiet server merges
  fsync  that a 202 waits for the disk, from the system calls (with strace)
  disk   a disk that fills up at random points and is freed again (needs root to mount one)
  stop   SIGSTOP for 1 to 6 s, then SIGCONT
  clock  the clock set ahead and back, by seconds to decades (with libfaketime)
  log    the write-ahead log cut, followed by rubbish, or gone after kill -9
`;

const DURABILITIES: readonly Durability[] = ["sync", "write", "memory"];
const KINDS = ["kill", "fsync", "disk", "stop", "clock", "log"] as const;
type Kind = (typeof KINDS)[number];
/** Rounds of each kind to one of kill -9: a disk takes seconds to fill. */
const PART: Readonly<Record<Exclude<Kind, "kill" | "fsync">, number>> = { disk: 10, stop: 20, clock: 4, log: 4 };

interface Options {
  readonly rounds: number;
  readonly durabilities: readonly Durability[];
  readonly kinds: readonly Kind[];
  readonly seed: number;
  readonly isJson: boolean;
}

function readOptions(): Options | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    options: { rounds: text, durability: text, only: text, seed: text, json: flag, help: flag },
  });
  if (values.help === true) return undefined;
  const durability = oneOf("durability", values.durability ?? "all", [...DURABILITIES, "all"]);
  const seed = values.seed ?? String(Math.floor(Math.random() * 1e9));
  return {
    rounds: wholeNumber("rounds", values.rounds ?? "200", 1, 100_000),
    durabilities: durability === "all" ? DURABILITIES : [durability],
    kinds: values.only === undefined ? KINDS : values.only.split(",").map((word) => oneOf("only", word, KINDS)),
    seed: wholeNumber("seed", seed, 0, 2 ** 32 - 1),
    isJson: values.json === true,
  };
}

type Work = () => Promise<Findings>;

/** The kinds to run, each with a generator of its own, so that --only repeats the same of one kind. */
function worksOf({ rounds, durabilities, kinds, seed }: Options, tools: Readonly<Record<string, string>>): Work[] {
  const works: Work[] = [];
  const random = (offset: number): Random => seededRandom(seed + offset);
  const partOf = (kind: keyof typeof PART) => Math.ceil(rounds / PART[kind]);
  if (kinds.includes("kill")) {
    for (const durability of durabilities) {
      works.push(() => tortureByKill(durability, rounds, random(1 + DURABILITIES.indexOf(durability))));
    }
  }
  if (kinds.includes("fsync")) works.push(() => tortureByTrace(tools["SIMPLELOGS_TEST_STRACE"] ?? "strace"));
  if (kinds.includes("disk")) works.push(() => tortureByDisk(partOf("disk"), random(4)));
  if (kinds.includes("stop")) works.push(() => tortureByStop(partOf("stop"), random(5)));
  if (kinds.includes("clock")) {
    works.push(() => tortureByClock(tools["SIMPLELOGS_TEST_FAKETIME"] ?? "", partOf("clock"), random(6)));
  }
  if (kinds.includes("log")) works.push(() => tortureByLog(partOf("log"), random(7)));
  return works;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const print = (line: string) => void process.stderr.write(`${line}\n`);
  print(`seed ${options.seed}; ${options.rounds} rounds of kill -9; ${options.kinds.join(", ")}`);
  const all: Findings[] = [];
  for (const work of worksOf(options, provideTools(["torture"]))) {
    const startedAt = performance.now();
    const findings = await work();
    findings.seconds = (performance.now() - startedAt) / 1000;
    all.push(findings);
    const notes = findings.notes.length > 0 ? ` (${findings.notes.join("; ")})` : "";
    print(`${findings.name}: ${findings.rounds} rounds in ${findings.seconds.toFixed(0)} s${notes}`);
    for (const line of findings.broken) print(`BROKEN ${line}`);
  }
  if (options.isJson) process.stdout.write(`${JSON.stringify({ seed: options.seed, findings: all })}\n`);
  else process.stdout.write(`\n${findingsTable(all)}\n`);
  if (all.some((findings) => findings.broken.length > 0)) {
    print(`promises were broken; --seed ${options.seed} does the same again, as far as time lets it`);
    process.exitCode = 1;
  }
}

await runCommand(main);
