// Finds the programs beside Bun that tests drive: real clients, a real browser, a load generator. Root gets a missing
// one from Debian's packages; for everybody else it is an error that names the command. No test is left out because a
// program is missing.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./command.ts";

interface Tool {
  readonly name: string;
  /** Debian's package; absent for what an npm package brings, and for what Debian has too old. */
  readonly debianPackage?: string;
  /** The suites (folders of test/) that need it. */
  readonly suites: readonly string[];
  /**
   * Programs with arguments, tried in order: the first that exits with `exitCode` is taken. With `isFile`, paths alone:
   * the first that exists.
   */
  readonly candidates: readonly (readonly string[])[];
  /** Default 0. */
  readonly exitCode?: number;
  readonly isFile?: boolean;
  /** The environment variable in which tests find the candidate that was taken; absent: they need not know it. */
  readonly variable?: string;
}

/** Paths of a library on the systems that Debian has. */
const libraryPaths = (path: string) =>
  ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((system) => [`/usr/lib/${system}/${path}`]);

const DENO_SYSTEMS = ["linux-x64-glibc", "linux-arm64-glibc", "darwin-x64", "darwin-arm64"];

const TOOLS: readonly Tool[] = [
  {
    name: "curl",
    debianPackage: "curl",
    suites: ["e2e", "deno", "senders"],
    candidates: [["curl", "--version"]],
    variable: "SIMPLELOGS_TEST_CURL",
  },
  {
    name: "Python 3 with requests",
    debianPackage: "python3-requests",
    suites: ["e2e", "deno", "client", "senders"],
    // Debian's package is for Debian's own Python, which need not be the first on PATH.
    candidates: [
      ["python3", "-c", "import requests"],
      ["/usr/bin/python3", "-c", "import requests"],
    ],
    variable: "SIMPLELOGS_TEST_PYTHON",
  },
  {
    name: "Chromium",
    debianPackage: "chromium",
    suites: ["e2e", "deno", "browser", "senders"],
    candidates: [
      ["chromium", "--version"],
      ["chromium-browser", "--version"],
      ["google-chrome", "--version"],
    ],
    variable: "SIMPLELOGS_TEST_CHROMIUM",
  },
  {
    name: "wrk",
    debianPackage: "wrk",
    suites: ["e2e", "bench"],
    // None of its options exits with 0.
    candidates: [["wrk", "--version"]],
    exitCode: 1,
    variable: "SIMPLELOGS_TEST_WRK",
  },
  {
    // Sets the clock of one program.
    name: "libfaketime",
    debianPackage: "libfaketime",
    suites: ["e2e", "clickhouse", "torture"],
    candidates: libraryPaths("faketime/libfaketimeMT.so.1"),
    isFile: true,
    variable: "SIMPLELOGS_TEST_FAKETIME",
  },
  {
    // Debian's package would start it as a service; tests start their own.
    name: "Prometheus Alertmanager",
    debianPackage: "prometheus-alertmanager",
    suites: ["e2e"],
    candidates: [["prometheus-alertmanager", "--version"]],
    variable: "SIMPLELOGS_TEST_ALERTMANAGER",
  },
  {
    name: "nginx",
    debianPackage: "nginx-light",
    suites: ["e2e"],
    candidates: [
      ["nginx", "-v"],
      ["/usr/sbin/nginx", "-v"],
    ],
    variable: "SIMPLELOGS_TEST_NGINX",
  },
  {
    name: "Caddy",
    debianPackage: "caddy",
    suites: ["e2e"],
    candidates: [["caddy", "version"]],
    variable: "SIMPLELOGS_TEST_CADDY",
  },
  {
    name: "rsyslog",
    debianPackage: "rsyslog",
    suites: ["senders"],
    candidates: [
      ["rsyslogd", "-v"],
      ["/usr/sbin/rsyslogd", "-v"],
    ],
    variable: "SIMPLELOGS_TEST_RSYSLOGD",
  },
  {
    name: "rsyslog's TLS",
    debianPackage: "rsyslog-gnutls",
    suites: ["senders"],
    candidates: libraryPaths("rsyslog/lmnsd_gtls.so"),
    isFile: true,
  },
  {
    name: "rsyslog's omelasticsearch",
    debianPackage: "rsyslog-elasticsearch",
    suites: ["senders"],
    candidates: libraryPaths("rsyslog/omelasticsearch.so"),
    isFile: true,
  },
  {
    // Of 2018: what somebody gets who installs ClickHouse from Debian.
    name: "Debian's ClickHouse",
    debianPackage: "clickhouse-server",
    suites: ["clickhouse"],
    candidates: [["/usr/sbin/clickhouse-server"]],
    isFile: true,
    variable: "SIMPLELOGS_TEST_OLD_CLICKHOUSE",
  },
  {
    name: "strace",
    debianPackage: "strace",
    suites: ["torture"],
    candidates: [["strace", "--version"]],
    variable: "SIMPLELOGS_TEST_STRACE",
  },
  {
    name: "Node 18 or later",
    debianPackage: "nodejs",
    suites: ["browser", "clickhouse", "client", "senders"],
    candidates: ["node", "/usr/bin/node"].map((program) => [
      program,
      "--eval",
      "process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)",
    ]),
    variable: "SIMPLELOGS_TEST_NODE",
  },
  {
    // Builds the OpenTelemetry Collector. Debian's is older than the Collector's modules need.
    name: "Go 1.21 or later",
    suites: ["senders"],
    candidates: [
      ["go", "version"],
      ["/usr/local/go/bin/go", "version"],
    ],
    variable: "SIMPLELOGS_TEST_GO",
  },
  {
    // npm may hold back install scripts, and then the package's own bin is none; the platform package beside it has the
    // real one.
    name: "Deno 2.9",
    suites: ["e2e", "deno", "client"],
    candidates: [...DENO_SYSTEMS.map((system) => join(ROOT, "node_modules/@deno", system, "deno")), "deno"].map(
      (program) => [program, "--version"],
    ),
    variable: "SIMPLELOGS_TEST_DENO",
  },
];

/** The candidate that works here. */
function find(tool: Tool): string | undefined {
  const works = ([program = "", ...commandLine]: readonly string[]) =>
    tool.isFile === true ? existsSync(program) : spawnSync(program, commandLine).status === (tool.exitCode ?? 0);
  return tool.candidates.find(works)?.[0];
}

function aptGet(...commandLine: string[]): boolean {
  const run = spawnSync("apt-get", commandLine, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return run.status === 0;
}

function install(missing: readonly Tool[]): void {
  const names = missing.map((tool) => tool.name).join(", ");
  const packages = missing.flatMap((tool) => tool.debianPackage ?? []);
  if (packages.length < missing.length) {
    throw new Error(`the tests need ${names}: no package brings it here; put it on PATH`);
  }
  if (spawnSync("apt-get", ["--version"]).status !== 0) {
    throw new Error(`the tests need ${names}: there is no apt-get here; install them and put them on PATH`);
  }
  if (process.getuid?.() !== 0) {
    throw new Error(`the tests need ${names}: run \`sudo apt-get install ${packages.join(" ")}\`, then this again`);
  }
  console.log(`installing ${packages.join(", ")}`);
  const isInstalled =
    aptGet("update", "--quiet=2") && aptGet("install", "--yes", "--quiet=2", "--no-install-recommends", ...packages);
  if (!isInstalled) throw new Error(`cannot install ${packages.join(", ")}: apt-get failed, see above`);
}

/** The tools that the tests of `suites` need. */
export function toolsOf(suites: readonly string[]): readonly Tool[] {
  return TOOLS.filter((tool) => tool.suites.some((suite) => suites.includes(suite)));
}

/**
 * Finds, or installs, what the tests of `suites` need.
 * @returns by environment variable, the program or path that tests find there.
 * @throws Error naming what is missing, and the command that installs it.
 */
export function provideTools(suites: readonly string[]): Record<string, string> {
  const needed = toolsOf(suites);
  const missing = needed.filter((tool) => find(tool) === undefined);
  if (missing.length > 0) install(missing);
  const variables: Record<string, string> = {};
  for (const tool of needed) {
    const found = find(tool);
    if (found === undefined) {
      throw new Error(`the tests need ${tool.name}: ${tool.debianPackage} is installed, but it does not run`);
    }
    if (tool.variable !== undefined) variables[tool.variable] = found;
  }
  return variables;
}
