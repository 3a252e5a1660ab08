// A self-signed certificate for localhost and 127.0.0.1, made here, so that the tests need no other program for it.
// X.509 in DER: RFC 5280, section 4.1; names of tags as in ITU-T X.690.

import { generateKeyPairSync, sign } from "node:crypto";

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
const COMMON_NAME = "550403";
const SUBJECT_ALT_NAME = "551d11";
const DNS_NAME = CONTEXT | 2;
const IP_ADDRESS = CONTEXT | 7;
const DAY_MS = 86_400_000;

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

function objectId(hex: string): Buffer {
  return der(OBJECT_ID, Buffer.from(hex, "hex"));
}

/** YYMMDDhhmmssZ */
function utcTime(at: number): Buffer {
  const digits = new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "")
    .slice(2);
  return der(UTC_TIME, Buffer.from(digits));
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** PEM texts; valid from yesterday till tomorrow. `owner` is the common name. */
export function selfSignedCertificate(owner = "localhost"): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, objectId(ECDSA_WITH_SHA256));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, objectId(COMMON_NAME), der(UTF8_STRING, Buffer.from(owner)))));
  const names = der(SEQUENCE, der(DNS_NAME, Buffer.from("localhost")), der(IP_ADDRESS, Buffer.from([127, 0, 0, 1])));
  const extension = der(SEQUENCE, objectId(SUBJECT_ALT_NAME), der(OCTET_STRING, names));
  const unsigned = der(
    SEQUENCE,
    der(CONTEXT | CONSTRUCTED, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.from([1])),
    algorithm,
    name,
    der(SEQUENCE, utcTime(Date.now() - DAY_MS), utcTime(Date.now() + DAY_MS)),
    name,
    publicKey.export({ format: "der", type: "spki" }),
    der(CONTEXT | CONSTRUCTED | 3, der(SEQUENCE, extension)),
  );
  const signature = sign("sha256", unsigned, privateKey);
  const certificate = der(SEQUENCE, unsigned, algorithm, der(BIT_STRING, Buffer.from([0]), signature));
  return { cert: pem("CERTIFICATE", certificate), key: privateKey.export({ format: "pem", type: "pkcs8" }) };
}
