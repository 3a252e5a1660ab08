// Checks the files of [tls]: they must be readable, be PEM, and belong together. A problem would keep the server from
// starting. A warning would trouble clients.

import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";

/** Paths of the two files. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
}

/** A problem or warning about one of the two files. */
export interface TlsFinding {
  readonly name: keyof TlsPaths;
  readonly message: string;
}

/** The findings about both files. */
interface TlsFindings {
  readonly problems: readonly TlsFinding[];
  readonly warnings: readonly TlsFinding[];
}

/** A chain has some KiB. */
const FILE_BYTES_MAX = 2 ** 20;
const OTHERS_CAN_READ = 0o004;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----)[\s\S])*-----END \1-----/g;
const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/;
const PRIVATE_KEY = /PRIVATE KEY$/;
/** A DER sequence longer than 127 bytes: every certificate and key is one. */
const DER_FIRST_BYTES = [0x30, 0x81, 0x82, 0x83];

interface PemBlock {
  readonly label: string;
  readonly text: string;
}

/** The parsed value of a text, or its problem. */
type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Checks both files; `now` in Unix ms, and the setting that names the key's. */
export async function checkTlsFiles(paths: TlsPaths, now: number, keyName = "tls.key"): Promise<TlsFindings> {
  const [certText, keyText] = await Promise.all([readPem(paths.cert, "x509"), readPem(paths.key, "pkey")]);
  const chain = certText.ok ? readChain(certText.value) : certText;
  const key = keyText.ok ? readKey(keyText.value) : keyText;
  const problems: TlsFinding[] = [];
  if (!chain.ok) problems.push({ name: "cert", message: chain.problem });
  if (!key.ok) problems.push({ name: "key", message: key.problem });
  if (!chain.ok || !key.ok || !certText.ok || !keyText.ok) return { problems, warnings: [] };
  const mismatch = mismatchOf(chain.value, key.value, keyName) ?? refusalOf(certText.value, keyText.value, keyName);
  if (mismatch !== undefined) return { problems: [{ name: "cert", message: mismatch }], warnings: [] };
  const warnings: TlsFinding[] = chainWarnings(chain.value, now).map((message) => ({ name: "cert", message }));
  const { mode } = await stat(paths.key);
  if (process.platform !== "win32" && (mode & OTHERS_CAN_READ) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    warnings.push({ name: "key", message: `every user of this machine can read it (mode ${shown}): run chmod 600` });
  }
  return { problems, warnings };
}

/** The text of a file that should be PEM; `command` of openssl would make it so. */
async function readPem(path: string, command: string): Promise<Read<string>> {
  const shown = JSON.stringify(path);
  const refuse = (problem: string): Read<string> => ({ ok: false, problem: `${problem} ${shown}` });
  let bytes: Buffer;
  try {
    const handle = await open(path, "r");
    try {
      const found = await handle.stat();
      if (found.isDirectory()) return refuse("expected a file, not a folder:");
      if (found.size > FILE_BYTES_MAX) return refuse(`expected at most ${FILE_BYTES_MAX} bytes, not ${found.size}:`);
      bytes = await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return { ok: false, problem: `cannot read ${shown}: ${code === "ENOENT" ? "there is no such file" : code}` };
  }
  const [first, second = 0] = bytes;
  if (first === DER_FIRST_BYTES[0] && DER_FIRST_BYTES.includes(second)) {
    return refuse(`expected PEM, not DER (openssl ${command} -inform der -in OLD -out NEW):`);
  }
  const text = bytes.toString("latin1");
  return text.trim() === "" ? refuse("expected PEM, but it is empty:") : { ok: true, value: text };
}

function blocksOf(text: string): PemBlock[] {
  return Array.from(text.matchAll(BLOCK), ([block, label = ""]) => ({ label, text: block }));
}

function readChain(text: string): Read<X509Certificate[]> {
  const blocks = blocksOf(text);
  const certificates = blocks.filter(({ label }) => CERTIFICATE.test(label));
  if (certificates.length === 0) {
    const isKey = blocks.some(({ label }) => PRIVATE_KEY.test(label));
    const problem = isKey ? "it holds a key: are cert and key exchanged?" : "there is no certificate in it";
    return { ok: false, problem: `expected a certificate in PEM; ${problem}` };
  }
  const chain: X509Certificate[] = [];
  for (const [index, certificate] of certificates.entries()) {
    try {
      chain.push(new X509Certificate(certificate.text));
    } catch (error) {
      return { ok: false, problem: `certificate ${index + 1} in it cannot be read: ${codeOf(error)}` };
    }
  }
  return { ok: true, value: chain };
}

function readKey(text: string): Read<KeyObject> {
  const blocks = blocksOf(text);
  const block = blocks.find(({ label }) => PRIVATE_KEY.test(label));
  if (block === undefined) {
    const isCertificate = blocks.some(({ label }) => CERTIFICATE.test(label));
    const problem = isCertificate
      ? "it holds a certificate: are cert and key exchanged?"
      : "there is no private key in it";
    return { ok: false, problem: `expected a private key in PEM; ${problem}` };
  }
  if (block.label.startsWith("ENCRYPTED") || /Proc-Type:.*ENCRYPTED/.test(block.text)) {
    const message = "expected a key without a passphrase: nobody is there to type it (openssl pkey -in OLD -out NEW)";
    return { ok: false, problem: message };
  }
  try {
    return { ok: true, value: createPrivateKey(block.text) };
  } catch (error) {
    return { ok: false, problem: `the private key in it cannot be read: ${codeOf(error)}` };
  }
}

/** What keeps a chain from being used with a key. */
function mismatchOf(chain: readonly X509Certificate[], key: KeyObject, keyName: string): string | undefined {
  const publicKey = createPublicKey(key);
  const own = chain.findIndex((certificate) => certificate.publicKey.equals(publicKey));
  if (own === 0) return undefined;
  if (own > 0) return `the key's own certificate is number ${own + 1} in the file: it must come first`;
  return `it is the certificate of another key than ${keyName}`;
}

/** Why TLS itself would not take them, where nothing else was found. */
function refusalOf(cert: string, key: string, keyName: string): string | undefined {
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    return `it cannot be used with ${keyName}: ${codeOf(error)}`;
  }
}

function chainWarnings(chain: readonly X509Certificate[], now: number): string[] {
  const warnings: string[] = [];
  for (const [index, { validFrom, validTo, issuer }] of chain.entries()) {
    const which = index === 0 ? "the certificate" : `certificate ${index + 1} of the chain`;
    if (Date.parse(validTo) < now) warnings.push(`${which} has expired: ${day(validTo)}`);
    if (Date.parse(validFrom) > now) warnings.push(`${which} is valid only from ${day(validFrom)} on`);
    const next = chain[index + 1];
    if (next !== undefined && next.subject !== issuer) {
      warnings.push(`certificate ${index + 2} of the chain did not issue number ${index + 1}: clients may refuse it`);
    }
  }
  return warnings;
}

function day(text: string): string {
  return new Date(Date.parse(text)).toISOString().slice(0, 10);
}

/** OpenSSL's own words name no secret, but are hardly words: the last of them says most. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.split(":").at(-1)?.trim().toLowerCase().replaceAll("_", " ") ?? "";
}
