// Where notifications go, as the configuration says it. Secrets are kept as Secret: URLs too, since those of chats hold
// their token in the path.

import type { JsonTemplate } from "./json_template.ts";
import type { Secret } from "./secret.ts";

/** How a destination is told. */
export const DESTINATION_TYPES = ["webhook", "email", "alertmanager"] as const;
export type DestinationType = (typeof DESTINATION_TYPES)[number];

/** Bodies that are ready to use, by the name of the service that reads them. */
export const READY_TEMPLATES = ["slack", "discord", "ntfy"] as const;
export type ReadyTemplate = (typeof READY_TEMPLATES)[number];

/** The placeholders of templates. */
export const TEMPLATE_NAMES = [
  "id",
  "name",
  "state",
  "kind",
  "value",
  "threshold",
  "side",
  "query",
  "url",
  "samples",
  "project",
  "group",
  "severity",
  "note",
  "since",
  "from",
  "to",
  "summary",
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** User and password, for HTTP's Basic authentication or SMTP's AUTH. */
export interface Credentials {
  readonly user: string;
  readonly password: Secret;
}

interface Named {
  /** Unique. */
  readonly name: string;
}

/** An HTTP server that is sent JSON. */
export interface WebhookDestination extends Named {
  readonly type: "webhook";
  readonly url: Secret;
  /** Own headers by their names. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly credentials: Credentials | undefined;
  /** Signs the body. */
  readonly secret: Secret | undefined;
  /** Undefined: everything that is known, as JSON. */
  readonly template: ReadyTemplate | JsonTemplate | undefined;
}

/** A mail server, and who writes to whom. */
export interface EmailDestination extends Named {
  readonly type: "email";
  /** smtp: or smtps:, with a port or the usual one. */
  readonly url: Secret;
  readonly credentials: Credentials | undefined;
  /** Of smtp: whether the connection must become encrypted before anything is sent. */
  readonly isEncrypted: boolean;
  readonly from: string;
  /** 1 or more. */
  readonly to: readonly string[];
}

/** Prometheus Alertmanager, which groups and routes by itself. */
export interface AlertmanagerDestination extends Named {
  readonly type: "alertmanager";
  /** The address of its API: it ends with /api/v2/alerts. */
  readonly url: Secret;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly credentials: Credentials | undefined;
}

/** One [[destinations]] table. */
export type Destination = WebhookDestination | EmailDestination | AlertmanagerDestination;

/** A URL for people: without its path, its query and what else may be secret. */
export function shownUrl(url: Secret): string {
  const { protocol, host, pathname, search } = new URL(url.reveal());
  return `${protocol}//${host}${pathname.length > 1 || search !== "" ? "/…" : ""}`;
}
