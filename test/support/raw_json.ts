// JSON as clients may send it and no object of ours would come out as: texts, each with what must come back for it.

import { SERVER_KEY } from "./server.ts";

/**
 * Metadata as it is sent, and as it is shown; a lone surrogate, a number beyond all doubles and −0 have no equal in
 * JSON values.
 */
export interface HostileMetadata {
  readonly name: string;
  /** JSON text of an object, exactly as it is sent. */
  readonly sent: string;
  /** JSON text of what must come back. */
  readonly shown: string;
}

/** The body of a batch around entries that are JSON text already. */
export function bodyOf(entries: string): string {
  return `{"key":"${SERVER_KEY}","source":"server","entries":[${entries}]}`;
}

/** The same value always gives the same text: members by name, whatever their order and their names. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}

/** Arrays in arrays; the outermost is the first of so many levels. */
export function nestedArrays(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

/** Metadata that nests so many levels, itself included. */
export function nestedMetadata(levels: number): string {
  return `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
}

function members(count: number, name: (index: number) => string): string {
  return `{${Array.from({ length: count }, (_, index) => `${JSON.stringify(name(index))}:${index}`).join()}}`;
}

const LONG = "k".repeat(100_000);

/** Of each: what is sent and, where it differs, what is shown. */
const SHAPES: Readonly<Record<string, readonly [sent: string, shown?: string]>> = {
  "no members": ["{}"],
  "an empty name": ['{"":1," ":2}'],
  "names of an object's own": [
    '{"__proto__":{"isAdmin":true},"constructor":1,"toString":"x","hasOwnProperty":null,"valueOf":[],"length":2}',
  ],
  "__proto__ of every type": ['{"__proto__":null,"a":{"__proto__":[{"__proto__":1}]}}'],
  "a text as __proto__": ['{"__proto__":"p"}'],
  "names twice, the last counts": [
    '{"a":1,"b":2,"a":{"c":1,"c":2},"__proto__":1,"__proto__":2}',
    '{"a":{"c":2},"b":2,"__proto__":2}',
  ],
  "names that look like fields": [
    '{"level":"error","metadata":{"metadata":1},"id":-1,"time":"now","a.b":1,"*":2,"metadata.x":3}',
  ],
  "names like indexes": ['{"2":"b","1":"a","-1":0,"1.5":0,"4294967294":1,"4294967295":2,"9007199254740993":3,"007":4}'],
  "names with every escape": [
    String.raw`{"\u0000":1,"\"":2,"\\":3,"\n\r\t\b\f":4,"\/":5,"\u00e9":6,"e\u0301":7,"\u2028":8,"\ud83d\ude00":9}`,
  ],
  "NUL in texts": [String.raw`{"a":"\u0000","b":"x\u0000y","c":["\u0000\u0000"]}`],
  "lone surrogates": [
    String.raw`{"a":"\ud800","b":"x\udc00y","c":["\udfff\ud83d"],"d\ud800":{"\udbff":1},"e":"\ud83d\ude00"}`,
    String.raw`{"a":"\ufffd","b":"x\ufffdy","c":["\ufffd\ufffd"],"d\ufffd":{"\ufffd":1},"e":"\ud83d\ude00"}`,
  ],
  "names equal but for a lone surrogate": [String.raw`{"\ud800":1,"\udbff":2}`, String.raw`{"\ufffd":2}`],
  "control characters and line ends": [
    String.raw`{"a":"\u0001\u001b[31m\u007f\u0085","b":"1\r\n2\u2028\u2029","c":"\ufeff\ufffe\uffff"}`,
  ],
  "texts that look like CSV": [String.raw`{"a":"\"","b":"=1+1,\"x\"","c":"\r\n,;\t"}`],
  "whole numbers": [
    '{"a":0,"b":-1,"c":9007199254740991,"d":9007199254740993,"e":-9007199254740993,"f":18446744073709551616}',
  ],
  fractions: ['{"a":0.1,"b":0.30000000000000004,"c":1.0,"d":100e-2,"e":1E2,"f":1e+2,"g":123456789.123456789}'],
  "numbers at the ends": [
    '{"a":1.7976931348623157e308,"b":5e-324,"c":2.2250738585072014e-308,"d":1e-400,"e":-1e-400}',
    '{"a":1.7976931348623157e308,"b":5e-324,"c":2.2250738585072014e-308,"d":0,"e":0}',
  ],
  "a zero below zero": ['{"a":-0,"b":[-0.0,{"c":-0e1}]}', '{"a":0,"b":[0,{"c":0}]}'],
  "numbers beyond all doubles": [
    '{"a":1e400,"b":[-1e400],"c":{"d":1e999999999999}}',
    '{"a":null,"b":[null],"c":{"d":null}}',
  ],
  "a number of many digits": [`{"a":0.${"3".repeat(5_000)},"b":1${"0".repeat(300)}}`],
  "arrays in arrays": ['{"a":[[],[[],[[]]],[[1],[2,[3]]],{},[{}]],"b":[null,true,false,"",0]}'],
  "as deep as allowed": [nestedMetadata(100)],
  "arrays as deep as allowed": [`{"a":${nestedArrays(99)}}`],
  "a long name": [`{"${LONG}":1}`],
  "a long text": [`{"a":"${LONG.repeat(10)}","b":"${"é😀".repeat(20_000)}"}`],
  "more names than columns": [members(300, (index) => `column ${index}`)],
  "other names than columns": [members(300, (index) => `other ${index}`)],
  "100,000 names": [members(100_000, (index) => `name-${index}`)],
  "100,000 indexes": [members(100_000, (index) => `${99_999 - index}`)],
  "the largest indexes": [members(50_000, (index) => `${4_294_967_294 - index * 7}`)],
};

export const HOSTILE_METADATA: readonly HostileMetadata[] = Object.entries(SHAPES).map(([name, [sent, shown]]) => ({
  name,
  sent,
  shown: shown ?? sent,
}));
