// Serverless platforms that end a process after its answer, unless they are handed what is still to be done.

import type { Options, Platform } from "./types.ts";

/** A platform that hands each send to the option `waitUntil`. */
export function withWaitUntil(platform: Platform, options: () => Options): Platform {
  return {
    ...platform,
    post(...request) {
      const sending = platform.post(...request);
      try {
        options().waitUntil?.(sending);
      } catch {
        // Outside of a request there is nothing to wait for it.
      }
      return sending;
    },
  };
}
