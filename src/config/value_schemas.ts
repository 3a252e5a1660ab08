// Values of settings as schemas: numbers, texts, sizes, lengths of time, names. The tables of the file are made of them
// (schema.ts). A decoder throws SettingRefused; a schema's option `expects` names the allowed values in messages.

import { isIP } from "node:net";
import { type SchemaOptions, type TSchema, Type } from "@sinclair/typebox";
import { formatSize, parseDuration, parseSize } from "./value_text.ts";

/** Thrown by a decoder. The message says what is expected or wrong, and holds no secret. */
export class SettingRefused extends Error {
  override readonly name = "SettingRefused";
}

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

export function text(expects: string, decode: (value: string) => string, options: SchemaOptions = {}) {
  return Type.Transform(Type.String({ expects, ...options }))
    .Decode(decode)
    .Encode((value) => value);
}

/** A path, not empty. The code that uses it makes it absolute. */
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
export function duration(standard?: string) {
  return durationFrom(1, standard, `a duration above 0 with its unit, such as "30d", "12h", "90m", "60s" or "250ms"`);
}

/** Milliseconds, written with a unit; "0s" turns the setting off. */
export function durationOrNone(standard: string) {
  return durationFrom(0, standard, `a duration with its unit, such as "12h", "90m" or "60s", or "0s" for none`);
}

function durationFrom(minimum: number, standard: string | undefined, expects: string) {
  return Type.Transform(Type.String({ expects, ...(standard === undefined ? {} : { default: standard }) }))
    .Decode((value) => {
      const milliseconds = parseDuration(value);
      if (milliseconds === undefined || milliseconds < minimum) throw new SettingRefused(`expected ${expects}`);
      return milliseconds;
    })
    .Encode((milliseconds) => `${milliseconds}ms`);
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

/** Projects are names in paths, queries and metrics; "__proto__" is no member of a JavaScript object. */
export const PROJECT_PATTERN = "^(?!__proto__$)[^\\u0000-\\u001f\\u007f-\\u009f]{1,80}$";
export const PROJECT_EXPECTED = "1 to 80 characters without control characters";

export const table = <T extends Record<string, TSchema>>(properties: T, options: SchemaOptions = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

/** An address or CIDR block. */
export const addressOrBlock = () => {
  const expects = 'an address or a CIDR block, such as "10.0.0.7", "10.0.0.0/8" or "fd00::/8"';
  return text(expects, (value) => {
    const [address = "", prefix, ...more] = value.split("/");
    const version = address.includes("%") ? 0 : isIP(address);
    const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
    if (version === 0 || !isPrefix || more.length > 0) throw new SettingRefused(`expected ${expects}`);
    return value.toLowerCase();
  });
};
