// What can go wrong with ClickHouse, by what is to be done about it; and how that is told from its codes and statuses.

/**
 * - `refused`: the statement, the rights or the tables are wrong. It fails again until somebody changes something.
 * - `busy`: the server answered that it cannot now. Nothing was done; try again later.
 * - `unreachable`: no server took the request. Nothing was done; try again later.
 * - `uncertain`: the request was sent, and its answer was lost. It may have been done or not.
 * - `time`, `memory`: a limit of the query was reached.
 * - `cancelled`: the caller's signal.
 */
export type ClickHouseErrorKind = "refused" | "busy" | "unreachable" | "uncertain" | "time" | "memory" | "cancelled";

/** A failed request. Its message names the server and never has the password. */
export class ClickHouseError extends Error {
  override readonly name = "ClickHouseError";
  readonly kind: ClickHouseErrorKind;
  /** ClickHouse's own code of the exception; undefined where there is none. */
  readonly code: number | undefined;

  constructor(kind: ClickHouseErrorKind, message: string, code?: number) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

/** Codes after which the same request may succeed a little later. Source: ErrorCodes.cpp of ClickHouse. */
const BUSY_CODES: ReadonlySet<number> = new Set([
  3, // UNEXPECTED_END_OF_FILE: the request was cut, and nothing of it is stored
  198, // DNS_ERROR
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  225, // NO_ZOOKEEPER
  242, // TABLE_IS_READ_ONLY: a replica without its Keeper
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  285, // TOO_FEW_LIVE_REPLICAS
  425, // SYSTEM_ERROR
  499, // S3_ERROR
  745, // SERVER_OVERLOADED
  999, // KEEPER_EXCEPTION
]);

/** Codes after which an insert may be stored or not. */
const UNCERTAIN_CODES: ReadonlySet<number> = new Set([
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  279, // ALL_CONNECTION_TRIES_FAILED: of a Distributed table
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED: by somebody else
  734, // QUERY_WAS_CANCELLED_BY_CLIENT
]);

const TIME_CODES: ReadonlySet<number> = new Set([
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
]);

const MEMORY_CODES: ReadonlySet<number> = new Set([
  173, // CANNOT_ALLOCATE_MEMORY
  241, // MEMORY_LIMIT_EXCEEDED
]);

/** Whether a request reached a limit of its time or memory: with less to do it may succeed. */
export function isLimitCode(code: number): boolean {
  return TIME_CODES.has(code) || MEMORY_CODES.has(code);
}

/** What an exception's code means. @param isInsert whether something may have been stored before it. */
export function kindOfCode(code: number, isInsert: boolean): ClickHouseErrorKind {
  if (BUSY_CODES.has(code)) return "busy";
  if (UNCERTAIN_CODES.has(code)) return isInsert ? "uncertain" : "busy";
  // An insert may have stored some of its blocks before; the same one may succeed later.
  if (TIME_CODES.has(code)) return isInsert ? "uncertain" : "time";
  if (MEMORY_CODES.has(code)) return isInsert ? "uncertain" : "memory";
  return "refused";
}

/** What an error status means that ClickHouse itself did not give: something before it answered. */
export function kindOfStatus(status: number, isInsert: boolean): ClickHouseErrorKind {
  if (status === 429 || (status === 503 && !isInsert)) return "busy";
  if (status >= 500) return isInsert ? "uncertain" : "unreachable";
  return "refused";
}

/** The code in an exception's text, "Code: 60. DB::Exception: …"; undefined where it has none. */
export function codeInText(text: string): number | undefined {
  const found = /Code: (\d+)/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** UNKNOWN_TABLE. */
const UNKNOWN_TABLE_CODE = 60;

/** Whether the error says that a table is not there. */
export function isTableMissing({ code }: ClickHouseError): boolean {
  return code === UNKNOWN_TABLE_CODE;
}

const TRUST_HINT = "name its authority's file in the environment variable NODE_EXTRA_CA_CERTS";
/** Reasons for people, by what the runtime calls them. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused: does ClickHouse run there, with its HTTP interface on this port?",
  ECONNRESET:
    "the connection was closed before an answer came: is this the port of its HTTP interface, and http or https as it expects?",
  ENOTFOUND: "there is no such host name",
  EAI_AGAIN: "its host name cannot be looked up at the moment",
  EHOSTUNREACH: "there is no way to this host",
  ENETUNREACH: "there is no way to its network",
  ETIMEDOUT: "the connection timed out",
  EPROTO: "the TLS handshake failed: does it speak TLS on this port?",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: is the clock right?",
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is signed by nobody who is trusted: ${TRUST_HINT}`,
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate is signed by nobody who is trusted: ${TRUST_HINT}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `its certificate is signed by nobody who is trusted: ${TRUST_HINT}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate is signed by nobody who is trusted: ${TRUST_HINT}`,
  UnexpectedRedirect: "it answers with a redirect, which is not followed",
  Malformed_HTTP_Response: "it does not speak HTTP",
};

/** Why no answer came. The runtime's own words have the whole address, and advice to whoever writes programs. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? message.replace(/\.? For more information, pass .*$/s, "").replace(/ fetching "[^"]*"/, "");
}
