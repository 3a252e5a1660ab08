// Tells a webhook: the body by its template, signed, and what the answer means.

import type { Credentials, WebhookDestination } from "../../core/destination.ts";
import { renderJsonTemplate } from "../../core/json_template.ts";
import type { Secret } from "../../core/secret.ts";
import { showsSecret } from "../../core/secret.ts";
import { type DeliveryAnswer, type DeliveryRequest, sendRequest } from "./http_request.ts";
import { membersOf, oneLine, type Told, templateValues } from "./message.ts";
import type { DeliveryContext, Outcome } from "./outcome.ts";
import { readyRequest } from "./ready_templates.ts";
import { parseRetryAfter } from "./retries.ts";
import { signatureHeaders } from "./signature.ts";

const AGENT = "SimpleLogs";
const ANSWER_CHARACTERS_MAX = 120;
const TOKEN = /[\w+/=.:~-]{16,}/g;

/** One attempt. Throws DeliveryError where there is no answer. */
export async function sendWebhook(
  destination: WebhookDestination,
  told: Told,
  context: DeliveryContext,
): Promise<Outcome> {
  const answer = await sendRequest(webhookRequest(destination, told, context.clock()), context);
  return outcomeOf(answer, secretsOf(destination), context.clock());
}

/** What is sent. `now`: Unix ms. */
export function webhookRequest(
  { url: secretUrl, template, headers, credentials, secret }: WebhookDestination,
  told: Told,
  now: number,
): DeliveryRequest {
  const plain = new URL(secretUrl.reveal());
  const { url, body } =
    typeof template === "string"
      ? asText(readyRequest(template, plain, told))
      : { url: plain, body: bodyOf(template, told) };
  return {
    url,
    method: "POST",
    headers: {
      "user-agent": AGENT,
      "content-type": "application/json",
      accept: "*/*",
      ...revealed(headers),
      ...basicHeader(credentials),
      ...signatureHeaders(told.id, Math.floor(now / 1000), body, secret?.reveal()),
    },
    body,
  };
}

function bodyOf(template: Exclude<WebhookDestination["template"], string>, told: Told): string {
  return template === undefined ? JSON.stringify(membersOf(told)) : renderJsonTemplate(template, templateValues(told));
}

function asText({ url, body }: ReturnType<typeof readyRequest>): { readonly url: URL; readonly body: string } {
  return { url, body: JSON.stringify(body) };
}

/** Own headers in plain text, by their names in lower case. */
export function revealed(headers: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]));
}

/** HTTP's Basic authentication, where there are credentials. */
export function basicHeader(credentials: Credentials | undefined): Record<string, string> {
  if (credentials === undefined) return {};
  const pair = `${credentials.user}:${credentials.password.reveal()}`;
  return { authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}

/** What an answer means: any 2xx is delivered, everything else is tried again. `now`: Unix ms. */
export function outcomeOf(answer: DeliveryAnswer, secrets: readonly string[], now: number): Outcome {
  const { status, beginning, retryAfter } = answer;
  if (status >= 200 && status <= 299) return { outcome: "delivered" };
  const said = oneLine(beginning, ANSWER_CHARACTERS_MAX);
  // A receiver may repeat what it was sent, whole or in part.
  const isShown = said !== "" && !showsSecret(beginning, secrets);
  const reason = `answered ${status}${isShown ? `: ${said}` : ""}`;
  const afterMs = parseRetryAfter(retryAfter, now);
  return { outcome: "retry", reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** Everything of a destination that no text may show. */
export function secretsOf({
  url,
  headers,
  credentials,
  secret,
  template,
}: {
  readonly url: Secret;
  readonly headers?: Readonly<Record<string, Secret>>;
  readonly credentials?: Credentials | undefined;
  readonly secret?: Secret | undefined;
  readonly template?: WebhookDestination["template"];
}): string[] {
  const { pathname, search } = new URL(url.reveal());
  const path = pathname.length > 1 ? pathname + search : search;
  const password = credentials?.password.reveal() ?? "";
  const basic = Object.values(basicHeader(credentials));
  const own = Object.values(headers ?? {}).map((value) => value.reveal());
  const signing = secret?.reveal() ?? "";
  return [path, decoded(path), password, signing, ...basic, ...own, ...tokensOf(template)].filter(
    (text) => text !== "",
  );
}

/** Some services take their token in the body, so what looks like one in a template is one. */
function tokensOf(template: WebhookDestination["template"]): string[] {
  if (template === undefined || typeof template === "string") return [];
  const texts = template.pieces.filter((piece) => typeof piece === "string");
  return texts.flatMap((text) => text.match(TOKEN) ?? []);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
