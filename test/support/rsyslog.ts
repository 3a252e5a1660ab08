// rsyslogd as a sender: its own configuration, state and socket in a folder, in the foreground, ended by the test.

import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilTrue } from "./condition.ts";
import { run } from "./run.ts";

export const LOGGER = "/usr/bin/logger";
const RSYSLOGD = process.env["SIMPLELOGS_TEST_RSYSLOGD"] ?? "/usr/sbin/rsyslogd";

/** A running rsyslogd. */
export interface Rsyslog {
  /** Logs a message as an application of this machine does; `commandLine` is of util-linux logger. */
  log(...commandLine: string[]): Promise<void>;
  /** Ends it; with a queue on disk, what it has not sent stays there. */
  stop(): Promise<void>;
}

/** Starts rsyslogd with an action, in the language of its configuration. Times are in UTC. */
export async function startRsyslog(folder: string, action: string, globals = ""): Promise<Rsyslog> {
  const socket = join(folder, "log.sock");
  const file = join(folder, "rsyslog.conf");
  const text = `global(workDirectory="${folder}" ${globals})
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" RateLimit.Interval="0")
${action}
`;
  writeFileSync(file, text);
  const child = spawn(RSYSLOGD, ["-n", "-f", file, "-i", join(folder, "rsyslog.pid")], {
    env: { PATH: process.env["PATH"], TZ: "UTC" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
    });
  }
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await untilTrue("rsyslogd listens", () => existsSync(socket) || child.exitCode !== null);
  if (child.exitCode !== null) throw new Error(`rsyslogd ended:\n${output}`);
  return {
    async log(...commandLine) {
      const { exitCode, stderr } = await run(LOGGER, ["--socket", socket, ...commandLine]);
      if (exitCode !== 0) throw new Error(`logger ended with ${exitCode}: ${stderr}`);
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
