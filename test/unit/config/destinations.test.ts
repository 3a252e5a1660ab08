// [[destinations]] tables, heartbeat_url and private_addresses: what they become, what is refused with its place, and
// that no secret of theirs is shown.

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { loadReadingSettings, parseSettings } from "../../../src/config/load.ts";
import { shownUrl } from "../../../src/core/destination.ts";
import { problemsOf, settingsOf } from "../../support/configuration.ts";
import { withFolder } from "../../support/folder.ts";

const TOKEN = "xq7Zp2-Lk9vTrW4";
const ENVIRONMENT = {
  HOOK: `https://hooks.example.com/services/${TOKEN}?token=${TOKEN}`,
  SIGNING: `whsec_${Buffer.from(TOKEN + TOKEN).toString("base64")}`,
  MAIL_PASSWORD: `${TOKEN} with spaces@and:colons`,
};

function table(rest: string): string {
  return `[[destinations]]\nname = "chat"\n${rest}\n`;
}

/** Everything that prints a value. */
function printed(value: unknown): string {
  return [
    JSON.stringify(value),
    inspect(value, { depth: 10, showHidden: true }),
    String(value),
    Bun.inspect(value),
  ].join("\n");
}

describe("a destination", () => {
  test("has what its table says, defaults aside, and reveals its secrets only when asked", () => {
    const text = `${table('type = "webhook"\nurl = "${HOOK}"\nsecret = "${SIGNING}"\ntemplate = "slack"\nheaders = { X-Token = "${MAIL_PASSWORD}" }')}
[[destinations]]
name = "mail"
type = "email"
url = "smtp://mail.example.com"
user = "logs"
password = "\${MAIL_PASSWORD}"
from = "SimpleLogs <logs@example.com>"
to = ["a@example.com", "B <b@example.com>"]
[[destinations]]
name = "prom"
type = "alertmanager"
url = "http://10.0.0.7:9093/am/"
`;
    const { destinations } = settingsOf(text, ENVIRONMENT);
    const [hook, mail, prom] = destinations;
    if (hook?.type !== "webhook" || mail?.type !== "email" || prom?.type !== "alertmanager") throw new Error("types");
    expect([hook.url.reveal(), hook.secret?.reveal(), hook.headers["X-Token"]?.reveal()]).toEqual([
      ENVIRONMENT.HOOK,
      ENVIRONMENT.SIGNING,
      ENVIRONMENT.MAIL_PASSWORD,
    ]);
    expect(hook.template).toBe("slack");
    expect([mail.credentials?.user, mail.credentials?.password.reveal(), mail.isEncrypted]).toEqual([
      "logs",
      ENVIRONMENT.MAIL_PASSWORD,
      true,
    ]);
    expect([mail.from, mail.to]).toEqual(["SimpleLogs <logs@example.com>", ["a@example.com", "B <b@example.com>"]]);
    expect(prom.url.reveal()).toBe("http://10.0.0.7:9093/am/api/v2/alerts");
    expect([hook, mail, prom].map(({ url }) => shownUrl(url))).toEqual([
      "https://hooks.example.com/…",
      "smtp://mail.example.com",
      "http://10.0.0.7:9093/…",
    ]);
  });

  test("shows no secret wherever settings are printed", () => {
    const text = `heartbeat_url = "\${HOOK}"\n${table('type = "webhook"\nurl = "${HOOK}"\nsecret = "${SIGNING}"\nuser = "u"\npassword = "${MAIL_PASSWORD}"\nheaders = { A = "${MAIL_PASSWORD}" }')}`;
    const shown = printed(settingsOf(text, ENVIRONMENT));
    expect(shown).toContain("chat");
    expect(shown).not.toContain(TOKEN);
    expect(shown).not.toContain(ENVIRONMENT.SIGNING.slice(6, 20));
  });

  test("of e-mail needs no encryption on this machine, unless it is asked for", () => {
    const mail = (url: string, rest = "") =>
      settingsOf(
        table(`type = "email"\nurl = "${url}"\nfrom = "a@b.example"\nto = ["a@b.example"]\n${rest}`),
      ).destinations.map((one) => one.type === "email" && one.isEncrypted);
    expect(mail("smtp://localhost:25")).toEqual([false]);
    expect(mail("smtp://127.0.0.1:25")).toEqual([false]);
    expect(mail("smtp://localhost:25", "starttls = true")).toEqual([true]);
    expect(mail("smtp://localhost.example.com")).toEqual([true]);
    expect(mail("smtp://mail.example.com", "starttls = false")).toEqual([false]);
  });

  test("is not needed by a command that only reads: its variables need not be set", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, `heartbeat_url = "\${HOOK}"\n${table('type = "webhook"\nurl = "${HOOK}"')}`);
      const result = await loadReadingSettings(file, {}, "file");
      expect(result.ok && result.settings.destinations).toEqual([]);
    });
  });
});

describe("a table is refused", () => {
  const email = 'type = "email"\nurl = "smtp://mail.example.com"\nfrom = "a@b.example"\nto = ["a@b.example"]';
  const cases: readonly (readonly [name: string, text: string, problems: readonly (string | RegExp)[]])[] = [
    [
      "without a type and a URL",
      table(""),
      [/^1: destinations: "type" is missing: expected "webhook" or/, /^1: .*"url"/],
    ],
    [
      "of another type",
      table('type = "slack"\nurl = "https://a.example"'),
      [/^3: destinations.type = "slack": expected/],
    ],
    [
      "with a name that another has",
      `${table('type = "webhook"\nurl = "https://a.example"')}${table('type = "webhook"\nurl = "https://a.example"')}`,
      [/^6: destinations.name = "chat": line 2 has the same name/],
    ],
    [
      "with a mistyped setting",
      table('type = "webhook"\nurl = "https://a.example"\nsecrte = "x"'),
      [/did you mean "secret"/],
    ],
    [
      "with a setting of another type",
      table('type = "webhook"\nurl = "https://a.example"\nto = ["a@b.example"]'),
      [/^5: destinations.to: "webhook" has no such setting: it is for "email"/],
    ],
    [
      "of e-mail without addresses",
      table('type = "email"\nurl = "smtp://a.example"'),
      [/"from" is missing/, /"to" is missing/],
    ],
    [
      "of e-mail to nobody",
      table('type = "email"\nurl = "smtp://a.example"\nfrom = "a@b.example"\nto = []'),
      [/^6: destinations.to: expected at least one address/],
    ],
    ["of e-mail at a web server", table(email.replace("smtp:", "https:")), [/^4: destinations.url: expected "smtp:/]],
    [
      "of a webhook at a mail server",
      table('type = "webhook"\nurl = "smtp://a.example"'),
      [/^4: destinations.url: expected a URL of http/],
    ],
    [
      "with an address that would end its header",
      table(email.replace('["a@b.example"]', '["a@b.example\\r\\nBcc: c@d.example"]')),
      [/^6: destinations.to/],
    ],
    [
      "with two addresses in one",
      table(email.replace('["a@b.example"]', '["a@b.example, c@d.example"]')),
      [/^6: destinations.to/],
    ],
    [
      "with a user and no password",
      table('type = "webhook"\nurl = "https://a.example"\nuser = "a"'),
      [/^5: destinations.user: expected both/],
    ],
    [
      "with a header that the server sets",
      table('type = "webhook"\nurl = "https://a.example"\nheaders = { Host = "b" }'),
      [/^5: destinations.headers.Host: this header is set/],
    ],
    [
      "with a header that ends early",
      table('type = "webhook"\nurl = "https://a.example"\nheaders = { A = "b\\r\\nC: d" }'),
      [/^5: destinations.headers.A/],
    ],
    [
      "with a template that is not JSON",
      table('type = "webhook"\nurl = "https://a.example"\ntemplate = "{{name}} fires"'),
      [/^5: destinations.template = "…" \(hidden, \d+ characters\): it is not JSON/],
    ],
    [
      "with an unknown placeholder",
      table('type = "webhook"\nurl = "https://a.example"\ntemplate = \'{"a": "{{nmae}}"}\''),
      [/^5: .*there is no {{nmae}}; did you mean {{name}}/],
    ],
    [
      "with a template that there is not",
      table('type = "webhook"\nurl = "https://a.example"\ntemplate = "slak"'),
      [/^5: destinations.template = "…" \(hidden, 4 characters\): expected one of "slack"/],
    ],
    [
      "with an easily guessed secret",
      table('type = "webhook"\nurl = "https://a.example"\nsecret = "your_webhook_secret_here"'),
      [/^5: .*an example/],
    ],
    [
      "with ntfy and no topic",
      table('type = "webhook"\nurl = "https://ntfy.sh"\ntemplate = "ntfy"'),
      [/^4: .*URL of a topic/],
    ],
  ];
  test.each(cases)("%s", (_name, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => expect.stringMatching(problem)));
  });

  const secrets: readonly (readonly [name: string, text: string])[] = [
    ["a URL of no protocol", `type = "webhook"\nurl = "hooks.example.com/${TOKEN}"`],
    ["a URL of another protocol", `type = "webhook"\nurl = "ftp://hooks.example.com/${TOKEN}"`],
    ["a URL with a password", `type = "webhook"\nurl = "https://u:${TOKEN}@hooks.example.com"`],
    ["a URL in a list", `type = "webhook"\nurl = ["https://hooks.example.com/${TOKEN}"]`],
    ["headers as one text", `type = "webhook"\nurl = "https://a.example"\nheaders = "Bearer ${TOKEN}"`],
    ["headers as a list", `type = "webhook"\nurl = "https://a.example"\nheaders = ["Bearer ${TOKEN}"]`],
    ["a header with an end of line", `type = "webhook"\nurl = "https://a.example"\nheaders = { A = "${TOKEN}\\n" }`],
    ["a header that is a list", `type = "webhook"\nurl = "https://a.example"\nheaders = { A = ["${TOKEN}"] }`],
    ["a header that the server sets", `type = "webhook"\nurl = "https://a.example"\nheaders = { Host = "${TOKEN}" }`],
    ["a short signing secret", `type = "webhook"\nurl = "https://a.example"\nsecret = "${TOKEN.slice(0, 12)}"`],
    ["a password that is a number", `type = "webhook"\nurl = "https://a.example"\nuser = "a"\npassword = 123456789012`],
    ["a password without a user", `type = "webhook"\nurl = "https://a.example"\npassword = "${TOKEN}"`],
  ];
  test.each(secrets)("for %s, which is not shown", (_name, rest) => {
    const problems = problemsOf(table(rest));
    expect(problems).not.toEqual([]);
    expect(problems.join("\n")).not.toContain(TOKEN.slice(0, 8));
    expect(problems.join("\n")).not.toContain("123456789012");
  });
});

describe("heartbeat_url and private_addresses", () => {
  test("are taken", () => {
    const settings = settingsOf(
      'heartbeat_url = "https://hc.example/ping"\nprivate_addresses = ["10.0.0.0/8", "FD00::/8"]\n',
    );
    expect(settings.heartbeatUrl?.reveal()).toBe("https://hc.example/ping");
    expect(settings.privateAddresses).toEqual(["10.0.0.0/8", "fd00::/8"]);
  });

  test("are refused where they are none, without being shown", () => {
    const problems = problemsOf(
      `heartbeat_url = "smtp://h.example/${TOKEN}"\nprivate_addresses = ["10.0.0.0/33", "name"]\n`,
    );
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain(TOKEN);
    expect(parseSettings("heartbeat_url = 7", "a.toml", {}).ok).toBe(false);
  });
});
