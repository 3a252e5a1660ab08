// The part of the configuration that requests are judged by. A reload swaps it as a whole; each request reads it once.

import type { KeyLookup } from "./keys.ts";

export interface AccessSettings {
  readonly keys: KeyLookup;
  /** Of a body, before and after decompression. */
  readonly bodyBytesMax: number;
  readonly entriesMax: number;
  /** Addresses and CIDR whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Hexadecimal; undefined: nobody reads. */
  readonly adminTokenSha256: string | undefined;
  readonly metricsOpen: boolean;
}
