// Changes of key pairs in the configuration, as the command line and the read API ask for them, and what became of one.

/** A key of a pair, or both. */
export const KEY_PARTS = ["both", "server", "client"] as const;
export type KeyPart = (typeof KEY_PARTS)[number];

export type KeyChange =
  | {
      readonly kind: "create";
      readonly name: string;
      /** Undefined: "default". */
      readonly project: string | undefined;
      /** Which keys it gets. */
      readonly part: KeyPart;
      /** As parseOriginPattern normalises them. */
      readonly origins: readonly string[];
      /** Entries a second of each key; undefined: no limit. */
      readonly rate: number | undefined;
      /** Whether the file gets the keys' SHA-256 only. */
      readonly isHashed: boolean;
    }
  /** A single key goes by its line; a pair without another key is revoked as a whole. */
  | { readonly kind: "revoke"; readonly name: string; readonly part: KeyPart }
  /** Sets what is given; a `rate` of null: no limit. */
  | {
      readonly kind: "edit";
      readonly name: string;
      readonly origins: readonly string[] | undefined;
      readonly rate: number | null | undefined;
    };

/** Why the file was not changed, or not put in force. */
export type KeyRefusalCode =
  /** There is no pair of this name. */
  | "not_found"
  /** There is one already. */
  | "already_there"
  /** The file does not load, before the change or with it. */
  | "invalid"
  /** The file changed meanwhile. */
  | "conflict"
  /** It cannot be written. */
  | "unwritable"
  /** It was written, and the running server did not take it. */
  | "not_applied";

/** New keys, for their owner alone: they are shown once and kept nowhere but in the file. */
export interface CreatedKeys {
  readonly server: string | undefined;
  readonly client: string | undefined;
}

export type KeyChangeOutcome =
  | {
      readonly ok: true;
      /** False: it was like that already. */
      readonly isChanged: boolean;
      readonly created: CreatedKeys | undefined;
    }
  | { readonly ok: false; readonly code: KeyRefusalCode; readonly message: string };

/** Changes the configuration of a running server: one change at a time, each in force when its promise resolves. */
export interface KeyChangeService {
  change(change: KeyChange): Promise<KeyChangeOutcome>;
  /** Why the file cannot be written; undefined: it can. */
  obstacle(): Promise<string | undefined>;
}
