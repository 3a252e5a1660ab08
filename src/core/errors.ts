// Operating errors: what can go wrong while the server is run properly. One type with a closed set of codes, so that
// callers decide by code and never by the text. Broken invariants are assertions instead.

/** The closed set of codes; the process edge maps each to an exit code. */
export type OperatingErrorCode =
  | "usage"
  | "config_invalid"
  | "data_locked"
  | "data_format_newer"
  | "data_gone"
  | "data_unreadable"
  | "address_in_use"
  | "io";

/** An error whose message says "cannot do X: cause", the value seen and, where there is one, a hint. */
export class OperatingError extends Error {
  override readonly name = "OperatingError";
  readonly code: OperatingErrorCode;

  constructor(code: OperatingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Stops the thread, loudly, when an invariant is broken. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}
