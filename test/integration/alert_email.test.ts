// E-mail over real sockets: plain, by STARTTLS and TLS from the start, signed in; and what is made of servers that
// refuse, say nothing, hang up or repeat a secret.

import { describe, expect, test } from "bun:test";
import { withinAttempt } from "../../src/alerts/delivery/outcome.ts";
import { send } from "../../src/alerts/delivery/send.ts";
import type { EmailDestination } from "../../src/core/destination.ts";
import { Secret } from "../../src/core/secret.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { untilTrue } from "../support/condition.ts";
import { ManualSchedule } from "../support/manual_schedule.ts";
import { deliveryContext, notification } from "../support/notifications.ts";
import { SmtpSink } from "../support/smtp_sink.ts";

const ACCOUNT = { user: "logs", password: "xq7Zp2-Lk9vTrW4 ü" };
const CERTIFICATE = selfSignedCertificate();

function email(port: number, changes: Partial<EmailDestination> = {}, scheme = "smtp"): EmailDestination {
  return {
    name: "mail",
    type: "email",
    url: new Secret(`${scheme}://localhost:${port}`),
    credentials: undefined,
    isEncrypted: false,
    from: "SimpleLogs <logs@example.com>",
    to: ["ops@example.com", "B <b@example.com>"],
    ...changes,
  };
}

const SIGNED_IN = { credentials: { user: ACCOUNT.user, password: new Secret(ACCOUNT.password) } };

describe("an e-mail", () => {
  test("reaches the server with its subject, text, link and ids", async () => {
    await using sink = await SmtpSink.start();
    const told = notification({ note: "see the wiki" });
    expect(await send(email(sink.port), told, deliveryContext())).toEqual({ outcome: "delivered" });
    const [mail] = sink.mails;
    expect([mail?.from, mail?.to]).toEqual(["logs@example.com", ["ops@example.com", "b@example.com"]]);
    expect(mail?.data).toContain("Subject: [SimpleLogs] firing: errors");
    expect(mail?.data).toContain("Message-ID: <run-1.7@simplelogs.invalid>");
    expect(mail?.data).toContain("Auto-Submitted: auto-generated");
    for (const part of ["Payment failed", "see the wiki", "logs.example.com/logs"]) expect(mail?.data).toContain(part);
  });

  test("goes by STARTTLS, signed in, without a word before that", async () => {
    await using sink = await SmtpSink.start({ tls: CERTIFICATE, account: ACCOUNT });
    const destination = email(sink.port, { ...SIGNED_IN, isEncrypted: true });
    const context = deliveryContext({ ca: CERTIFICATE.cert });
    expect(await send(destination, notification(), context)).toEqual({ outcome: "delivered" });
    expect(sink.mails.map(({ isEncrypted, user }) => [isEncrypted, user])).toEqual([[true, "logs"]]);
    expect(sink.commands.slice(0, 3)).toEqual(["EHLO", "STARTTLS", "EHLO"]);
  });

  test("goes by TLS from the start", async () => {
    await using sink = await SmtpSink.start({ tls: { ...CERTIFICATE, isImplicit: true }, account: ACCOUNT });
    const context = deliveryContext({ ca: CERTIFICATE.cert });
    expect(await send(email(sink.port, SIGNED_IN, "smtps"), notification(), context)).toEqual({ outcome: "delivered" });
    expect(sink.mails.map(({ isEncrypted, user }) => [isEncrypted, user])).toEqual([[true, "logs"]]);
  });

  test("has no line or header of a record's making", async () => {
    await using sink = await SmtpSink.start();
    const evil = "x\r\nBcc: victim@example.com\r\n\r\n.\r\nMAIL FROM:<a@b.example>";
    const told = notification({
      rule: evil,
      group: { field: "key", value: evil },
      note: evil,
      samples: [{ id: 1, time: 0, message: evil, url: "https://a.example" }],
    });
    expect(await send(email(sink.port), told, deliveryContext())).toEqual({ outcome: "delivered" });
    expect(sink.mails).toHaveLength(1);
    const [head = ""] = sink.mails[0]?.data.split("\n\n") ?? [];
    expect(head).not.toMatch(/^Bcc:/im);
    expect(sink.commands.filter((command) => command === "MAIL")).toHaveLength(1);
  });

  test("of one alarm is one conversation, and each has an id of its own", async () => {
    await using sink = await SmtpSink.start();
    for (const state of ["firing", "resolved"] as const) {
      await send(email(sink.port), notification({ id: `n.${state}`, state }), deliveryContext());
    }
    const headers = (name: string) => sink.mails.map(({ data }) => new RegExp(`^${name}: (.*)$`, "m").exec(data)?.[1]);
    expect(new Set(headers("References")).size).toBe(1);
    expect(new Set(headers("Message-ID")).size).toBe(2);
  });
});

describe("an e-mail is tried again", () => {
  const refusals: readonly (readonly [name: string, command: string, answer: string])[] = [
    ["the greeting is a refusal", "greeting", "554 no"],
    ["the sender is refused", "MAIL", "451 later"],
    ["every recipient is refused", "RCPT", "550 nobody"],
    ["the message is refused", ".", "552 too large"],
    ["the server hangs up at the greeting", "greeting", "close"],
    ["the server hangs up at EHLO", "EHLO", "close"],
    ["the server hangs up in the middle", "DATA", "close"],
    ["the server hangs up after the message", ".", "close"],
  ];
  test.each(refusals)("when %s", async (_name, command, answer) => {
    await using sink = await SmtpSink.start({ answer: (given) => (given === command ? answer : undefined) });
    expect(await send(email(sink.port), notification(), deliveryContext())).toMatchObject({ outcome: "retry" });
  });

  test("when one of two recipients is refused, it is told all the same", async () => {
    await using sink = await SmtpSink.start({
      answer: (_, line) => (line.includes("ops@") ? "550 nobody" : undefined),
    });
    expect(await send(email(sink.port), notification(), deliveryContext())).toEqual({ outcome: "delivered" });
  });

  for (const command of ["greeting", "EHLO", "MAIL", ".", "STARTTLS"]) {
    test(`when the server says nothing to ${command}, after ten seconds`, async () => {
      const isTls = command === "STARTTLS";
      await using sink = await SmtpSink.start({
        ...(isTls ? { tls: CERTIFICATE } : {}),
        answer: (given) => (given === command ? "hang" : undefined),
      });
      const time = new ManualSchedule();
      const destination = email(sink.port, { isEncrypted: isTls });
      const sending = send(destination, notification(), deliveryContext({ schedule: time.schedule }));
      await untilTrue(
        "the command",
        () => command === "greeting" || command === "." || sink.commands.includes(command),
      );
      if (command === ".") await untilTrue("the message", () => sink.mails.length === 1);
      time.pass(10_000);
      expect(await sending).toEqual({ outcome: "retry", reason: "no whole answer within 10 s" });
    });
  }

  test("when STARTTLS is not offered, and nothing was said of the message", async () => {
    await using sink = await SmtpSink.start({ account: ACCOUNT });
    const destination = email(sink.port, { ...SIGNED_IN, isEncrypted: true });
    expect(await send(destination, notification(), deliveryContext())).toMatchObject({ outcome: "retry" });
    expect(sink.commands).not.toContain("AUTH");
    expect(sink.mails).toEqual([]);
  });

  test("when the certificate is not trusted, or of another host", async () => {
    await using sink = await SmtpSink.start({ tls: CERTIFICATE, account: ACCOUNT });
    const destination = email(sink.port, { ...SIGNED_IN, isEncrypted: true });
    expect(await send(destination, notification(), deliveryContext())).toMatchObject({ outcome: "retry" });
    const other = { ...destination, url: new Secret(`smtp://mail.example.com:${sink.port}`) };
    const trusting = deliveryContext({ ca: CERTIFICATE.cert });
    expect(await send(other, notification(), trusting)).toMatchObject({ outcome: "retry" });
    expect(sink.commands).not.toContain("AUTH");
  });

  test("when the password is wrong, and the reason shows neither it nor its other spellings", async () => {
    await using sink = await SmtpSink.start({ account: { ...ACCOUNT, password: "another" } });
    const outcome = await send(email(sink.port, SIGNED_IN), notification(), deliveryContext());
    expect(outcome).toEqual({ outcome: "retry", reason: "the mail server answered 535" });
  });

  test("when nobody listens, or the address is not allowed", async () => {
    const destination = email(1);
    expect(await send(destination, notification(), deliveryContext())).toEqual({
      outcome: "retry",
      reason: "cannot connect: ECONNREFUSED",
    });
    const elsewhere = deliveryContext({ resolve: () => Promise.resolve(["10.1.2.3"]) });
    const outcome = await send(destination, notification(), elsewhere);
    expect(outcome).toMatchObject({ outcome: "retry", reason: expect.stringContaining("private address") });
  });
});

test("an attempt ends when the server stops", async () => {
  const stopping = new AbortController();
  const { schedule } = new ManualSchedule();
  const attempt = withinAttempt({ schedule, signal: stopping.signal }, () => new Promise(() => undefined));
  stopping.abort();
  expect(await attempt.catch(String)).toBe("DeliveryError: the server stops");
});
