// The types a setting can have, as TypeBox schemas that decode: units applied, origins normalised, keys hashed. `expects`
// in a schema's options is what messages name as the values allowed; `secret` keeps the value seen out of them.

import { isIP } from "node:net";
import { type SchemaOptions, Type } from "@sinclair/typebox";
import type { Source } from "../core/entry.ts";
import { parseHost, parseOriginPattern } from "../core/origin.ts";
import { hashKey, KEY_PREFIXES, maskKey, SECRET_CHARACTERS_MIN } from "./keys.ts";
import { isPlaceholder, isPublishedDigest } from "./placeholders.ts";
import { formatSize, parseDuration, parseSize } from "./units.ts";

/** Thrown by a decoder; the message continues "expected …" or says what is wrong, and holds no secret. */
export class SettingRefused extends Error {
  override readonly name = "SettingRefused";
}

/** What is kept of a key or token. */
export interface Digest {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly masked: string;
}

const EXAMPLE_KEY =
  "expected a key of your own; this is an example, or as easily guessed: `simplelogs keys create NAME` makes one";
const EXAMPLE_TOKEN =
  "expected a token of your own; this is an example, or as easily guessed: `openssl rand -hex 24` makes one, and so does `simplelogs init`";
const EXAMPLE_DIGEST =
  "expected the SHA-256 of a key or token of your own; this is an example's: `simplelogs keys create NAME` makes a key";
const NAME_CHARACTERS_MIN = 2;
const NAME_CHARACTERS_MAX = 80;
const CONTROL = /\p{Cc}/u;

/** A whole number within bounds. */
export const whole = (minimum: number, maximum: number, options: SchemaOptions = {}) =>
  Type.Integer({ minimum, maximum, expects: `a whole number from ${minimum} to ${maximum}`, ...options });

/** One of a closed set of words. */
export const choice = <const T extends readonly string[]>(values: T, standard: T[number]) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { expects: values.map((value) => JSON.stringify(value)).join(" or "), default: standard },
    ),
  );

function text(expects: string, decode: (value: string) => string, options: SchemaOptions = {}) {
  return Type.Transform(Type.String({ expects, ...options }))
    .Decode(decode)
    .Encode((value) => value);
}

/** A path, not empty; whoever uses it makes it absolute. */
export const filePath = (expects: string, options: SchemaOptions = {}) =>
  text(
    expects,
    (value) => {
      if (value === "" || value.includes("\0")) throw new SettingRefused(`expected ${expects}`);
      return value;
    },
    options,
  );

/** Bytes, written as a number or with a unit. */
export function size(standard: string, minimum: number, maximum: number) {
  const bounds = `from ${formatSize(minimum)} to ${formatSize(maximum)}`;
  const expects = `a size such as "64MiB", "64MB" or a whole number of bytes, ${bounds}`;
  return Type.Transform(Type.Union([Type.String(), Type.Number()], { expects, default: standard }))
    .Decode((value) => {
      const bytes = typeof value === "string" ? parseSize(value) : value;
      if (bytes === undefined || !Number.isSafeInteger(bytes) || bytes < minimum || bytes > maximum) {
        throw new SettingRefused(`expected ${expects}`);
      }
      return bytes;
    })
    .Encode((bytes) => bytes);
}

/** Milliseconds above 0, written with a unit. */
export function duration(standard: string) {
  return durationFrom(1, standard, `a duration above 0 with its unit, such as "30d", "12h", "90m", "60s" or "250ms"`);
}

/** Milliseconds, written with a unit; "0s" turns off what it is the length of. */
export function durationOrNone(standard: string) {
  return durationFrom(0, standard, `a duration with its unit, such as "12h", "90m" or "60s", or "0s" for none`);
}

function durationFrom(minimum: number, standard: string, expects: string) {
  return Type.Transform(Type.String({ expects, default: standard }))
    .Decode((value) => {
      const milliseconds = parseDuration(value);
      if (milliseconds === undefined || milliseconds < minimum) throw new SettingRefused(`expected ${expects}`);
      return milliseconds;
    })
    .Encode((milliseconds) => `${milliseconds}ms`);
}

/** A key in plain text, of which only hash and mask remain. */
export function apiKey(type: Source) {
  const prefix = KEY_PREFIXES[type];
  const expects = `"${prefix}" and at least ${SECRET_CHARACTERS_MIN} more characters, without spaces`;
  return Type.Transform(Type.String({ expects, secret: true }))
    .Decode((value): Digest => {
      if (isPlaceholder(value.slice(prefix.length))) throw new SettingRefused(EXAMPLE_KEY);
      const other = type === "server" ? "client" : "server";
      if (value.startsWith(KEY_PREFIXES[other]))
        throw new SettingRefused(`expected ${expects}; this is a ${other} key`);
      const isKey = value.startsWith(prefix) && value.length - prefix.length >= SECRET_CHARACTERS_MIN;
      if (!isKey || /\s|\p{Cc}/u.test(value)) throw new SettingRefused(`expected ${expects}`);
      return { sha256: hashKey(value), masked: maskKey(value) };
    })
    .Encode(() => "");
}

/** A SHA-256 that stands for a key or token. */
export function digest() {
  const expects = "a SHA-256 in 64 hexadecimal digits";
  return Type.Transform(Type.String({ expects, secret: true, isDigest: true }))
    .Decode((value): Digest => {
      if (!/^[0-9a-f]{64}$/i.test(value)) throw new SettingRefused(`expected ${expects}`);
      const sha256 = value.toLowerCase();
      if (isPublishedDigest(sha256)) throw new SettingRefused(EXAMPLE_DIGEST);
      return { sha256, masked: `sha256:${sha256.slice(0, 8)}…` };
    })
    .Encode(() => "");
}

/** The admin token in plain text, of which only the hash remains. */
export function adminToken() {
  const expects = `at least ${SECRET_CHARACTERS_MIN} characters that a header can carry: printable ASCII without spaces`;
  return Type.Transform(Type.String({ expects, secret: true }))
    .Decode((value): Digest => {
      if (isPlaceholder(value)) throw new SettingRefused(EXAMPLE_TOKEN);
      const isToken = value.length >= SECRET_CHARACTERS_MIN && /^[!-~]*$/.test(value);
      if (!isToken) throw new SettingRefused(`expected ${expects}`);
      return { sha256: hashKey(value), masked: "…" };
    })
    .Encode(() => "");
}

/** The name of a pair. */
export const pairName = () =>
  text(`${NAME_CHARACTERS_MIN} to ${NAME_CHARACTERS_MAX} characters without control characters`, (value) => {
    const characters = Array.from(value).length;
    if (
      characters < NAME_CHARACTERS_MIN ||
      characters > NAME_CHARACTERS_MAX ||
      CONTROL.test(value) ||
      value.trim() === ""
    ) {
      throw new SettingRefused(
        `expected ${NAME_CHARACTERS_MIN} to ${NAME_CHARACTERS_MAX} characters without control characters`,
      );
    }
    return value;
  });

/** An allowed origin, normalised. */
export const origin = () =>
  text('an origin such as "https://shop.example.com"', (value) => {
    const result = parseOriginPattern(value);
    if (!result.ok) throw new SettingRefused(result.problem);
    return result.pattern;
  });

/** An address or CIDR block. */
export const proxy = () => {
  const expects = 'an address or a CIDR block, such as "10.0.0.7", "10.0.0.0/8" or "fd00::/8"';
  return text(expects, (value) => {
    const [address = "", prefix, ...more] = value.split("/");
    const version = address.includes("%") ? 0 : isIP(address);
    const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
    if (version === 0 || !isPrefix || more.length > 0) throw new SettingRefused(`expected ${expects}`);
    return value.toLowerCase();
  });
};

/** What to listen on; brackets around an IPv6 address are taken off. */
export const host = () => {
  const expects = 'an address or host name to listen on, such as "127.0.0.1", "0.0.0.0", "::" or "localhost"';
  return text(
    expects,
    (value) => {
      const bare = value.replace(/^\[(.*)\]$/, "$1");
      const isName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/i.test(value) && !/^[0-9.]+$/.test(value);
      if (isIP(bare) === 0 && !isName) throw new SettingRefused(`expected ${expects}`);
      return bare;
    },
    { default: "127.0.0.1" },
  );
};

/** A Host that is answered, with or without a port, in lower case. */
export const hostName = () => {
  const expects = 'a host such as "logs.example.com" or "logs.example.com:8443", without https://, or "*" for any';
  return text(expects, (value) => {
    if (value !== "*" && parseHost(value) === undefined) throw new SettingRefused(`expected ${expects}`);
    return value.toLowerCase();
  });
};
