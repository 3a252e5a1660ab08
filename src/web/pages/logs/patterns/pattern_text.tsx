// A pattern as text with its masks marked. Copying gives what a search takes.

import { patternParts } from "../../../../search/message_patterns.ts";

/** The pattern; each mask is marked. */
export function PatternText({ pattern }: { readonly pattern: string }) {
  return (
    <>
      {patternParts(pattern).map(({ text, isMask }, at) =>
        isMask ? (
          <span key={at} class="pattern-mask">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </>
  );
}
