// A query and its parameters as a form in the body of a request (multipart/form-data): an address is too short for many
// of them. A server takes 1 MiB of address (`http_max_uri_size`), what stands before it often 8 KB; and of one value, in
// the address and in a form, 128 KiB (`http_max_field_value_size`), which no request can raise.
// Source: HTTPHandler.cpp and HTMLForm.cpp of ClickHouse; RFC 7578.

import { randomUUID } from "node:crypto";

/** Parameters whose part of the address would be longer than this, in characters, go into a form. */
export const ADDRESS_LENGTH_MAX = 4_096;
/** The most bytes of one value. */
export const VALUE_BYTES_MAX = 120 * 1024;

/** A request's body and the header that says what it is. */
export interface FormBody {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A query beyond VALUE_BYTES_MAX comes as several fields of one name, which the server puts together again. */
export function formBody(sql: string, parameters: ReadonlyMap<string, string>): FormBody {
  const boundary = `simplelogs-${randomUUID()}`;
  const parts: Buffer[] = [];
  const add = (name: string, value: Uint8Array) => {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`;
    parts.push(Buffer.from(head), Buffer.from(value), Buffer.from("\r\n"));
  };
  const query = Buffer.from(sql);
  for (let at = 0; at < query.length; at += VALUE_BYTES_MAX) add("query", query.subarray(at, at + VALUE_BYTES_MAX));
  for (const [name, value] of parameters) add(name, Buffer.from(value));
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return { type: `multipart/form-data; boundary=${boundary}`, body: new Uint8Array(Buffer.concat(parts)) };
}
