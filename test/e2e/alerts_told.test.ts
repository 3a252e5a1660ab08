// Alerts of the compiled server at a real Alertmanager and a mail server, told of a firing and of its end, though the
// server is killed between.

import { expect, test } from "bun:test";
import { withAlertmanager } from "../support/alertmanager.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { configText, withServer } from "../support/server.ts";
import { SmtpSink } from "../support/smtp_sink.ts";

const WAIT_MS_MAX = 60_000;

function tables(alertmanager: string, mailPort: number): string {
  return `[[destinations]]
name = "prometheus"
type = "alertmanager"
url = "${alertmanager}"

[[destinations]]
name = "mail"
type = "email"
url = "smtp://127.0.0.1:${mailPort}"
from = "SimpleLogs <logs@example.com>"
to = ["oncall@example.com"]

[[alerts]]
name = "errors"
q = "level:error"
window = "8s"
every = "1s"
above = 0
group_by = "touchpoint"
notify = ["prometheus", "mail"]
`;
}

const headerOf = (data: string, name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(data)?.[1]?.trim();

test("Alertmanager and people by e-mail are told that a rule fires and has resolved, though the server is killed between", async () => {
  await using sink = await SmtpSink.start();
  await withAlertmanager(async ({ destination, passedOn, active }) => {
    const config = configText({ tables: tables(destination.url.reveal(), sink.port) });
    await withServer(config, async (server) => {
      await server.send([{ level: "error", touchpoint: "api/pay", message: "declined\r\nBcc: all@example.com" }]);
      await untilTrue("both are told", () => passedOn.length > 0 && sink.mails.length > 0, WAIT_MS_MAX);
      await server.kill();
      await server.start();
      // What fires is sent again at once: it does not wait for the next minute.
      await eventually("it is active", async () => (await active()).includes("errors"), WAIT_MS_MAX);
      const isResolved = () => passedOn.some(({ status }) => status === "resolved") && sink.mails.length > 1;
      await untilTrue("it has resolved", isResolved, WAIT_MS_MAX);
      expect(await active()).toEqual([]);
    });
    const [first] = passedOn;
    expect(first?.alerts[0]?.labels).toEqual({
      alertname: "errors",
      job: "simplelogs",
      severity: "warning",
      touchpoint: "api/pay",
    });
    const resolved = passedOn.find(({ status }) => status === "resolved")?.alerts[0];
    expect(resolved?.labels).toEqual(first?.alerts[0]?.labels as Record<string, string>);
    const mails = sink.mails.map(({ data }) => data);
    const subjects = mails.map((data) => headerOf(data, "Subject"));
    expect(subjects.at(-1)).toContain("resolved: errors (touchpoint: api/pay)");
    expect(new Set(subjects.slice(0, -1).map((subject) => subject?.includes("firing: errors")))).toEqual(
      new Set([true]),
    );
    expect(new Set(mails.map((data) => headerOf(data, "References"))).size).toBe(1);
    const ids = mails.map((data) => headerOf(data, "Message-ID"));
    expect(new Set(ids).size).toBe(2);
    expect(mails.every((data) => headerOf(data, "Bcc") === undefined)).toBe(true);
  });
}, 240_000);
