// Bodies of OTLP for tests: written as values of its JSON form, and from those the protobuf form.

/** A value of the JSON form. */
export type Message = { readonly [name: string]: unknown };

/** A protobuf field: its number and bytes. */
export function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(bytes.byteLength)), bytes]);
}

export function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text));
}

export function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number * 8)), varint(value)]);
}

export function fixed64Field(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(BigInt(number * 8 + 1)), bytes]);
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

type Encode = (number: number, value: never) => Buffer;
/** Of each member of a message: its number, and how it is written. */
type Fields = Readonly<Record<string, readonly [number, Encode]>>;

const text: Encode = (number, value: string) => textField(number, value);
const hex: Encode = (number, value: string) => bytesField(number, Buffer.from(value, "hex"));
const base64: Encode = (number, value: string) => bytesField(number, Buffer.from(value, "base64"));
const integer: Encode = (number, value: string | number | boolean) => varintField(number, BigInt(value));
const nanoseconds: Encode = (number, value: string | number) => fixed64Field(number, BigInt(value));
const double: Encode = (number, value: number | string) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number(value));
  return Buffer.concat([varint(BigInt(number * 8 + 1)), bytes]);
};
const messageOf =
  (fields: () => Fields): Encode =>
  (number, value: Message | readonly Message[]) =>
    Buffer.concat((Array.isArray(value) ? value : [value]).map((one) => bytesField(number, encode(one, fields()))));

const VALUE: Fields = {
  stringValue: [1, text],
  boolValue: [2, integer],
  intValue: [3, integer],
  doubleValue: [4, double],
  arrayValue: [5, messageOf(() => ({ values: [1, messageOf(() => VALUE)] }))],
  kvlistValue: [6, messageOf(() => ({ values: [1, ATTRIBUTES] }))],
  bytesValue: [7, base64],
};
const ATTRIBUTES = messageOf(() => ({ key: [1, text], value: [2, messageOf(() => VALUE)] }));
const RESOURCE = messageOf(() => ({ attributes: [1, ATTRIBUTES], droppedAttributesCount: [2, integer] }));
const SCOPE = messageOf(() => ({ name: [1, text], version: [2, text], attributes: [3, ATTRIBUTES] }));
const LOG: Fields = {
  timeUnixNano: [1, nanoseconds],
  observedTimeUnixNano: [11, nanoseconds],
  severityNumber: [2, integer],
  severityText: [3, text],
  body: [5, messageOf(() => VALUE)],
  attributes: [6, ATTRIBUTES],
  droppedAttributesCount: [7, integer],
  traceId: [9, hex],
  spanId: [10, hex],
  eventName: [12, text],
};
const EVENT: Fields = {
  timeUnixNano: [1, nanoseconds],
  name: [2, text],
  attributes: [3, ATTRIBUTES],
  droppedAttributesCount: [4, integer],
};
const LINK: Fields = { traceId: [1, hex], spanId: [2, hex], traceState: [3, text], attributes: [4, ATTRIBUTES] };
const SPAN: Fields = {
  traceId: [1, hex],
  spanId: [2, hex],
  traceState: [3, text],
  parentSpanId: [4, hex],
  name: [5, text],
  kind: [6, integer],
  startTimeUnixNano: [7, nanoseconds],
  endTimeUnixNano: [8, nanoseconds],
  attributes: [9, ATTRIBUTES],
  droppedAttributesCount: [10, integer],
  events: [11, messageOf(() => EVENT)],
  droppedEventsCount: [12, integer],
  links: [13, messageOf(() => LINK)],
  droppedLinksCount: [14, integer],
  status: [15, messageOf(() => ({ message: [2, text], code: [3, integer] }))],
};

function encode(message: Message, fields: Fields): Buffer {
  const parts = Object.entries(message).map(([name, value]) => {
    const field = fields[name];
    if (field === undefined) throw new Error(`no field ${name}`);
    return field[1](field[0], value as never);
  });
  return Buffer.concat(parts);
}

function requestOf(resources: string, scopes: string, records: string, fields: Fields) {
  const scopeFields: Fields = { scope: [1, SCOPE], [records]: [2, messageOf(() => fields)], schemaUrl: [3, text] };
  const resourceFields: Fields = { resource: [1, RESOURCE], [scopes]: [2, messageOf(() => scopeFields)] };
  return (body: Message) =>
    new Uint8Array(encode(body, { [resources]: [1, messageOf(() => ({ ...resourceFields, schemaUrl: [3, text] }))] }));
}

/** The protobuf form of a body of logs, and of one of spans. */
export const logsBytes = requestOf("resourceLogs", "scopeLogs", "logRecords", LOG);
export const spansBytes = requestOf("resourceSpans", "scopeSpans", "spans", SPAN);

/** AnyValue of a JSON value; integers become intValue. */
export function anyValue(value: unknown): Message {
  if (value === null || value === undefined) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributesOf(value as Message) } };
}

/** KeyValues of an object's members. */
export function attributesOf(object: Message): Message[] {
  return Object.entries(object).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** A body with one scope. */
export function logsBody(records: readonly unknown[], resource: Message = {}, scope: Message = {}): Message {
  const scopeLogs = [{ scope, logRecords: records }];
  return { resourceLogs: [{ resource: { attributes: attributesOf(resource) }, scopeLogs }] };
}

export function spansBody(spans: readonly unknown[], resource: Message = {}, scope: Message = {}): Message {
  return {
    resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope, spans }] }],
  };
}
