// Tells people by e-mail: plain text through one mail server, encrypted unless the configuration says otherwise. The
// library is loaded with the first message.

import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { EmailDestination } from "../../core/destination.ts";
import { titleOf } from "../../core/notification.ts";
import { showsSecret } from "../../core/secret.ts";
import { type CheckedAddress, checkedAddresses } from "./dial.ts";
import { headlineOf, linkOf, noteOf, oneLine, sampleLine, sentenceOf, type Told } from "./message.ts";
import { type DeliveryContext, DeliveryError, type Outcome, reasonOf, withinAttempt } from "./outcome.ts";

const SMTP_PORT = 587;
const SMTPS_PORT = 465;
const SUBJECT_CHARACTERS_MAX = 200;
const ANSWER_CHARACTERS_MAX = 160;
const ANSWER_BYTES_MAX = 16_384;
const DOMAIN = "simplelogs.invalid";

/** One attempt: delivered once the server has taken the message for at least one recipient. Throws DeliveryError. */
export async function sendEmail(destination: EmailDestination, told: Told, context: DeliveryContext): Promise<Outcome> {
  const url = new URL(destination.url.reveal());
  await withinAttempt(context, async (signal) => {
    const addresses = await checkedAddresses(url.hostname, context);
    const { createTransport } = await import("nodemailer");
    const socket = await connected(addresses, portOf(url), signal);
    const { credentials } = destination;
    try {
      const transport = createTransport({
        host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: portOf(url),
        secure: url.protocol === "smtps:",
        requireTLS: destination.isEncrypted,
        ignoreTLS: !destination.isEncrypted,
        maxResponseSize: ANSWER_BYTES_MAX,
        getSocket: (_options, done) => done(null, { connection: socket }),
        ...(credentials === undefined ? {} : { auth: { user: credentials.user, pass: credentials.password.reveal() } }),
        ...(context.ca === undefined ? {} : { tls: { ca: context.ca } }),
      });
      await transport.sendMail({
        ...emailOf(destination, told, context.clock()),
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    } catch (error) {
      throw signal.aborted ? signal.reason : new DeliveryError(smtpReason(error, destination));
    } finally {
      socket.destroy();
    }
  });
  return { outcome: "delivered" };
}

/** The message. Its id is the notification's, and what belongs to one alarm is one conversation. */
export function emailOf({ from, to }: Pick<EmailDestination, "from" | "to">, told: Told, now: number) {
  const conversation = conversationOf(told);
  return {
    from,
    to: [...to],
    subject: oneLine(`[SimpleLogs] ${headlineOf(told)}`, SUBJECT_CHARACTERS_MAX),
    text: textOf(told),
    date: new Date(now),
    messageId: `<${told.id.replace(/[^\w.-]/g, "_")}@${DOMAIN}>`,
    ...(conversation === undefined ? {} : { inReplyTo: conversation, references: conversation }),
    // So that no answering machine writes back: RFC 3834.
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

function textOf(told: Told): string {
  const parts = [headlineOf(told), sentenceOf(told)];
  if (told.state !== "summary") {
    if (told.query !== "") parts.push(`Search: ${oneLine(told.query, 1000)}`);
    if (told.samples.length > 0) parts.push(told.samples.map(sampleLine).join("\n"));
  }
  return [...parts, noteOf(told) ?? "", linkOf(told)].filter((part) => part !== "").join("\n\n");
}

function conversationOf(told: Told): string | undefined {
  if (told.state === "summary" || told.state === "test") return undefined;
  const digest = createHash("sha256")
    .update(`${titleOf(told)}\n${told.since}`)
    .digest("hex")
    .slice(0, 32);
  return `<alarm.${digest}@${DOMAIN}>`;
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "smtps:" ? SMTPS_PORT : SMTP_PORT) : Number(port);
}

/** A connection to the first address that takes one. Throws DeliveryError. */
async function connected(addresses: readonly CheckedAddress[], port: number, signal: AbortSignal): Promise<Socket> {
  let last: unknown;
  for (const { address } of addresses) {
    try {
      return await connectedTo(address, port, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      last = error;
    }
  }
  throw new DeliveryError(`cannot connect: ${reasonOf(last)}`);
}

function connectedTo(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: address, port });
  const stop = () => socket.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  socket.once("connect", () => resolve(socket));
  socket.on("error", reject);
  socket.once("close", () => {
    signal.removeEventListener("abort", stop);
    reject(new DeliveryError("the connection was closed"));
  });
  return promise;
}

/** The server's answer, where it repeats no secret; else the library's code. */
function smtpReason(error: unknown, { credentials }: EmailDestination): string {
  if (!(error instanceof Error)) return "the connection failed";
  const { responseCode, response, code } = error as Error & Record<"responseCode" | "response" | "code", unknown>;
  if (typeof responseCode !== "number" || typeof response !== "string") {
    if (code === "ETLS") return "the connection cannot be encrypted";
    return `the mail server did not take it: ${reasonOf(error)}`;
  }
  const password = credentials?.password.reveal() ?? "";
  const sent = [password, credentials?.user ?? "", `\0${credentials?.user ?? ""}\0${password}`];
  const secrets = [...sent.filter((text) => text !== ""), ...sent.map(base64).filter((text) => text.length > 4)];
  const isShown = !showsSecret(response, password === "" ? [] : secrets);
  return `the mail server answered ${isShown ? oneLine(response, ANSWER_CHARACTERS_MAX) : responseCode}`;
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64").replace(/=+$/, "");
}
