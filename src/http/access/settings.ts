// The part of the configuration that decides about requests. A reload swaps it as a whole; each request reads it once.

import type { Durability } from "../../core/batch.ts";
import type { AllowedHosts } from "./hosts.ts";
import type { KeyLookup } from "./keys.ts";
import type { ReaderSettings } from "./viewer.ts";

export interface AccessSettings {
  readonly keys: KeyLookup;
  /** Of a body, before and after decompression. */
  readonly bodyBytesMax: number;
  readonly entriesMax: number;
  /** Addresses and CIDR whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly hosts: AllowedHosts;
  /** Hexadecimal; undefined: nobody changes anything. Without readers nobody reads either. */
  readonly adminTokenSha256: string | undefined;
  readonly readers: readonly ReaderSettings[];
  readonly metricsOpen: boolean;
  readonly durability: Durability;
  /** Of the data file: the oldest data goes when it is larger. */
  readonly storageBytesMax: number;
  /** Every pair, revoked ones too, with masked keys. */
  readonly pairs: readonly MaskedPair[];
}

/** A pair of keys without its secrets. */
export interface MaskedPair {
  readonly name: string;
  readonly project: string;
  /** Masked ("sk_abcd…"); undefined where the pair has no such key. */
  readonly serverMasked: string | undefined;
  readonly clientMasked: string | undefined;
  readonly origins: readonly string[];
  /** Entries a second of each key, or undefined for no limit. */
  readonly rate: number | undefined;
  readonly revoked: boolean;
}
