// The search language on a card: what can be asked, by example.

import { Popover } from "../../components/popover.tsx";

const EXAMPLES: readonly (readonly [search: string, meaning: string])[] = [
  ["timeout", "in message, touchpoint, key or metadata"],
  ['"connection refused"', "these words in this order"],
  ["level:warn,error", "one of these levels"],
  ["touchpoint:api/*", "all that begin so"],
  ["duration:>500ms", "slow timings; also 100..200"],
  ["status:unfinished", "timings without an end"],
  ["metadata.orderId:ord_123", "a metadata value"],
  ['metadata."odd name":*', "any value at all"],
  ["time:2026-11-29", "that day; also >=, <= and .."],
  ["-level:debug", "not these; NOT is the same"],
  ["(a OR b) c", "either of two, and another"],
];

export function SyntaxHelp() {
  return (
    <Popover
      label={<span class="wide-only">Syntax</span>}
      name="Syntax: how to search"
      icon="help"
      role="dialog"
      align="end"
    >
      {() => (
        <dl class="logs-syntax" tabIndex={0}>
          {EXAMPLES.map(([search, meaning]) => (
            <div key={search}>
              <dt class="code">{search}</dt>
              <dd class="muted">{meaning}</dd>
            </div>
          ))}
        </dl>
      )}
    </Popover>
  );
}
