// The [[destinations]] tables and heartbeat_url: their schema, from values to destinations, and what is wrong with a
// table as a whole. Here the secrets stay text, since they are sent on; they hide themselves.

import { type StaticDecode, Type } from "@sinclair/typebox";
import {
  type Credentials,
  DESTINATION_TYPES,
  type Destination,
  READY_TEMPLATES,
  type ReadyTemplate,
  TEMPLATE_NAMES,
} from "../core/destination.ts";
import { parseJsonTemplate } from "../core/json_template.ts";
import { DESTINATIONS_MAX } from "../core/limits.ts";
import { Secret } from "../core/secret.ts";
import { SECRET_CHARACTERS_MIN } from "../core/secrets.ts";
import type { LineProblem, Path, TomlDocument, TomlTable, TomlValue } from "./document.ts";
import { isPlaceholder } from "./keys.ts";
import { pairName, SettingRefused, table, text } from "./value_schemas.ts";

const HEADERS_MAX = 20;
const RECIPIENTS_MAX = 50;
const URL_CHARACTERS_MAX = 2_000;
/** What the request itself sets, and what Standard Webhooks defines. */
const RESERVED_HEADERS =
  /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-.*|webhook-.*)$/i;
const HEADER_NAME_PATTERN = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$";

/** A text that is kept, and hides itself. */
function secretText(expects: string, problem: (value: string) => string | undefined) {
  return Type.Transform(Type.String({ expects, secret: true }))
    .Decode((value): Secret => {
      const refused = problem(value);
      if (refused !== undefined) throw new SettingRefused(refused);
      return new Secret(value);
    })
    .Encode(() => "");
}

const URL_EXPECTED = 'a URL, such as "https://hooks.example.com/alerts", without a user and a password';

function urlProblem(value: string, protocols: readonly string[], expects: string): string | undefined {
  const url = value.length <= URL_CHARACTERS_MAX && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !protocols.includes(url.protocol) || url.hostname === "") return `expected ${expects}`;
  if (url.username !== "" || url.password !== "") return `expected ${expects}: they have settings of their own`;
  return undefined;
}

/** A URL of HTTP, which may hold a token. */
export const secretHttpUrl = () =>
  secretText(URL_EXPECTED, (value) => urlProblem(value, ["http:", "https:"], URL_EXPECTED));

const destinationUrl = () =>
  secretText(URL_EXPECTED, (value) => urlProblem(value, ["http:", "https:", "smtp:", "smtps:"], URL_EXPECTED));

const signingSecret = () => {
  const expects = `at least ${SECRET_CHARACTERS_MIN} random characters, or "whsec_" and base64`;
  return secretText(expects, (value) => {
    const [, encoded] = /^whsec_(.*)$/s.exec(value) ?? [];
    if (encoded !== undefined && !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return `expected ${expects}`;
    if (value.length < SECRET_CHARACTERS_MIN || /\p{Cc}/u.test(value)) return `expected ${expects}`;
    return isPlaceholder(encoded ?? value)
      ? `expected ${expects}; this is an example, or as easily guessed`
      : undefined;
  });
};

const headerValue = () => {
  const expects = "a header's value: printable ASCII characters";
  return secretText(expects, (value) => (/^[\t -~]{0,4000}$/.test(value) ? undefined : `expected ${expects}`));
};

const anyText = (expects: string) =>
  text(expects, (value) => {
    if (value === "" || /\p{Cc}/u.test(value)) throw new SettingRefused(`expected ${expects}`);
    return value;
  });

/** An e-mail address, with or without a name before it. */
const mailAddress = () => {
  const expects = 'an e-mail address, such as "ops@example.com" or "SimpleLogs <logs@example.com>"';
  return text(expects, (value) => {
    const address = /^[^<>"@,;:\p{Cc}]*<([^<>]+)>$/u.exec(value)?.[1] ?? value;
    const isAddress = /^[^\s@<>(),;:"\p{Cc}]{1,64}@[^\s@<>(),;:"\p{Cc}]{1,255}$/u.test(address);
    if (!isAddress) throw new SettingRefused(`expected ${expects}`);
    return value;
  });
};

const templateText = () => {
  const ready = READY_TEMPLATES.map((name) => JSON.stringify(name)).join(", ");
  const expects = `one of ${ready}, or JSON with placeholders such as {{name}} and {{state}}`;
  const decode = (value: string) => {
    if (isReady(value)) return value;
    if (/^\w*$/.test(value.trim())) throw new SettingRefused(`expected ${expects}`);
    const parsed = parseJsonTemplate(value, TEMPLATE_NAMES);
    if (!parsed.ok) throw new SettingRefused(parsed.problem);
    return value;
  };
  // Some services take their token in the body.
  return text(expects, decode, { secret: true });
};

function isReady(value: string): value is ReadyTemplate {
  return READY_TEMPLATES.some((name) => name === value);
}

const TYPE_EXPECTED = DESTINATION_TYPES.map((type) => JSON.stringify(type)).join(" or ");

/** One [[destinations]] table. */
export const DestinationSchema = table({
  name: pairName(),
  type: Type.Unsafe<Destination["type"]>(
    Type.Union(
      DESTINATION_TYPES.map((type) => Type.Literal(type)),
      { expects: TYPE_EXPECTED },
    ),
  ),
  url: destinationUrl(),
  user: Type.Optional(anyText("the name to sign in with")),
  password: Type.Optional(
    secretText("the password to sign in with", (value) => (value === "" ? "expected a password, or none" : undefined)),
  ),
  headers: Type.Optional(
    Type.Record(Type.String({ pattern: HEADER_NAME_PATTERN }), headerValue(), {
      expects: 'a table of headers, such as { Authorization = "Bearer ${TOKEN}" }',
      nameExpects: "the name of a header",
      secret: true,
    }),
  ),
  template: Type.Optional(templateText()),
  secret: Type.Optional(signingSecret()),
  starttls: Type.Optional(Type.Boolean({ expects: "true or false" })),
  from: Type.Optional(mailAddress()),
  to: Type.Optional(
    Type.Array(mailAddress(), {
      maxItems: RECIPIENTS_MAX,
      expects: `a list of at most ${RECIPIENTS_MAX} e-mail addresses`,
    }),
  ),
});

type DestinationValues = StaticDecode<typeof DestinationSchema>;

/** All [[destinations]] tables. */
export const DestinationsSchema = Type.Array(DestinationSchema, {
  maxItems: DESTINATIONS_MAX,
  expects: `a list of at most ${DESTINATIONS_MAX} tables, each under [[destinations]]`,
  default: [],
});

/** A table as the server uses it. It was checked. */
export function destinationOf(values: DestinationValues): Destination {
  const { name, url, user, password } = values;
  const credentials: Credentials | undefined =
    user === undefined || password === undefined ? undefined : { user, password };
  const headers = values.headers ?? {};
  if (values.type === "email") {
    const { from = "", to = [] } = values;
    return { name, type: "email", url, credentials, isEncrypted: isEncrypted(values), from, to };
  }
  if (values.type === "alertmanager") {
    return { name, type: "alertmanager", url: alertsUrl(url), headers, credentials };
  }
  return {
    name,
    type: "webhook",
    url,
    headers,
    credentials,
    secret: values.secret,
    template: templateOf(values.template),
  };
}

function templateOf(template: string | undefined) {
  if (template === undefined || isReady(template)) return template;
  const parsed = parseJsonTemplate(template, TEMPLATE_NAMES);
  return parsed.ok ? parsed.template : undefined;
}

/** STARTTLS is needed but on this machine, where nobody listens in. */
function isEncrypted({ url, starttls }: DestinationValues): boolean {
  const { protocol, hostname } = new URL(url.reveal());
  if (protocol === "smtps:") return false;
  return starttls ?? !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** People give the address of Alertmanager, or that of its API. */
function alertsUrl(url: Secret): Secret {
  const full = new URL(url.reveal());
  const path = full.pathname.replace(/\/+$/, "").replace(/\/api\/v2(?:\/alerts)?$/, "");
  full.pathname = `${path}/api/v2/alerts`;
  return new Secret(full.href);
}

/** The settings that only some types have. */
const TYPE_SETTINGS: Readonly<Record<string, readonly Destination["type"][]>> = {
  headers: ["webhook", "alertmanager"],
  template: ["webhook"],
  secret: ["webhook"],
  starttls: ["email"],
  from: ["email"],
  to: ["email"],
};

/** Names that come twice, settings of another type, and what a type lacks. */
export function checkDestinations(
  document: TomlDocument,
  completed: TomlTable,
): { readonly problems: LineProblem[]; readonly warnings: LineProblem[] } {
  const names = new Map<string, number>();
  const problems = tablesOf(completed).flatMap(([index, table]) => tableProblems(document, index, table, names));
  return { problems, warnings: [] };
}

function tableProblems(
  document: TomlDocument,
  index: number,
  values: TomlTable,
  names: Map<string, number>,
): LineProblem[] {
  const path: Path = ["destinations", index];
  const problems = [...duplicate(document, path, values, names)];
  const at = (name: string, message: string, isMissing = false): LineProblem => ({
    line: document.line([...path, name]),
    message: `destinations${name === "" ? "" : `.${name}`}${message}`,
    ...(isMissing ? { isMissing } : {}),
  });
  const isWritten = (name: string) => document.mark([...path, name]) !== undefined;
  for (const [name, types] of Object.entries(TYPE_SETTINGS)) {
    const { type } = values;
    if (typeof type !== "string" || !isWritten(name) || types.some((one) => one === type)) continue;
    const only = types.map((one) => JSON.stringify(one)).join(" and ");
    problems.push(at(name, `: ${JSON.stringify(type)} has no such setting: it is for ${only}`));
  }
  if (isWritten("user") !== isWritten("password")) {
    problems.push(at(isWritten("user") ? "user" : "password", ": expected both user and password", true));
  }
  const headers = Object.keys(isTable(values["headers"]) ? values["headers"] : {});
  if (headers.length > HEADERS_MAX)
    problems.push(at("headers", ` has ${headers.length}: expected at most ${HEADERS_MAX}`));
  for (const name of headers) {
    if (RESERVED_HEADERS.test(name))
      problems.push({
        line: document.line([...path, "headers", name]),
        message: `destinations.headers.${name}: this header is set by the server`,
      });
  }
  if (values["type"] === "email" && !isWritten("from")) problems.push(at("", ': "from" is missing', true));
  const isToEmpty = isWritten("to") && document.mark([...path, "to", 0]) === undefined;
  if (values["type"] === "email" && (!isWritten("to") || isToEmpty))
    problems.push(at(isToEmpty ? "to" : "", isToEmpty ? ": expected at least one address" : ': "to" is missing', true));
  problems.push(...urlProblems(values, at));
  return problems;
}

function duplicate(document: TomlDocument, path: Path, { name }: TomlTable, names: Map<string, number>): LineProblem[] {
  if (typeof name !== "string") return [];
  const line = document.line([...path, "name"]);
  const earlier = names.get(name);
  if (earlier === undefined) {
    names.set(name, line);
    return [];
  }
  const message = `destinations.name = ${JSON.stringify(name)}: line ${earlier} has the same name; names are unique`;
  return [{ line, message }];
}

/** A URL's protocol belongs to a type; ntfy's names a topic. */
function urlProblems(
  { type, url, template }: TomlTable,
  at: (name: string, message: string) => LineProblem,
): LineProblem[] {
  if (typeof url !== "string" || typeof type !== "string" || !URL.canParse(url)) return [];
  const { protocol, pathname } = new URL(url);
  const isMail = protocol === "smtp:" || protocol === "smtps:";
  if (type === "email" && !isMail) return [at("url", ': expected "smtp://HOST:587" or "smtps://HOST:465"')];
  if (type !== "email" && isMail) return [at("url", ": expected a URL of http:// or https://")];
  if (type === "webhook" && template === "ntfy" && !/^\/[\w-]{1,64}\/?$/.test(pathname)) {
    return [at("url", ': expected the URL of a topic, such as "https://ntfy.sh/my-alerts"')];
  }
  return [];
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}

function tablesOf(completed: TomlTable): [index: number, table: TomlTable][] {
  const tables = completed["destinations"];
  if (!Array.isArray(tables)) return [];
  return tables.flatMap((one, index): [number, TomlTable][] => (isTable(one) ? [[index, one]] : []));
}
