// What can be done to a rule beside changing it: a test of its destinations, and a mute.

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { AlertMuteResponse, AlertTestResponse, ShownRule } from "../../../core/alert_responses.ts";
import { parseInterval } from "../../../core/instant.ts";
import { DAY_MS } from "../../../core/limits.ts";
import { useChange } from "../../api/use_change.ts";
import { Button } from "../../components/button.tsx";
import { ProblemNotice } from "../../components/notice.tsx";
import { Popover } from "../../components/overlays.tsx";
import { useApp, useTimes } from "../../state/app_context.ts";

const HOUR_MS = 3_600_000;
const MUTES = [
  ["1 hour", HOUR_MS],
  ["8 hours", 8 * HOUR_MS],
  ["1 day", DAY_MS],
] as const;

interface RuleProps {
  readonly rule: ShownRule;
}

/** Tells the rule's destinations that this is a test, and says who was told. */
export function TestButton({ rule: { name } }: RuleProps) {
  const change = useChange<AlertTestResponse>(() => undefined);
  const told = change.done?.destinations;
  const send = () => void change.send({ method: "POST", path: "/api/v1/alerts/test", body: { name } });
  return (
    <>
      <Button isDisabled={change.isBusy} onPress={send} title="Tells its destinations that this is a test">
        {change.isBusy ? "Testing…" : "Test"}
      </Button>
      <div class="alert-outcome" role="status">
        {change.problem === undefined ? null : <ProblemNotice problem={change.problem} />}
        {change.problem !== undefined || told === undefined ? null : told.length === 0 ? (
          <p>Nobody was told: the rule names no destination.</p>
        ) : (
          <ul>
            {told.map(({ name, problem }) => (
              <li key={name} class={problem === null ? "" : "field-problem"}>
                {problem === null ? `${name} was told.` : `${name} was not told: ${problem}`}
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

/** Mutes a rule for a while, or ends its mute. */
export function MuteButtons({ rule: { name, mutedUntil }, refresh }: RuleProps & { readonly refresh: () => void }) {
  const { announcer } = useApp();
  const { second } = useTimes();
  const change = useChange<AlertMuteResponse>(refresh);
  const own = useSignal("");
  const id = useId();
  const ownMs = /^\d+ *[smhd]$/.test(own.value.trim()) ? parseInterval(own.value.replaceAll(" ", "")) : undefined;
  const mute = async (forMs: number, done: string, close: () => void) => {
    if (!(await change.send({ method: "POST", path: "/api/v1/alerts/mute", body: { name, forMs } }))) return;
    announcer.say(done);
    close();
  };
  return (
    <>
      {mutedUntil === null ? null : (
        <Button
          isDisabled={change.isBusy}
          onPress={() => void mute(0, `${name} is not muted any more`, () => undefined)}
        >
          End the mute
        </Button>
      )}
      <Popover label="Mute" name={`Mute ${name}`}>
        {(close) => {
          const choose = (forMs: number, length: string) => void mute(forMs, `Muted ${name} for ${length}`, close);
          return (
            <form
              class="alert-mute"
              onSubmit={(event) => {
                event.preventDefault();
                if (ownMs !== undefined) choose(ownMs, own.value);
              }}
            >
              <p class="hint">Nothing new is told of it meanwhile. Its state goes on.</p>
              {MUTES.map(([label, forMs]) => (
                <button key={label} type="button" class="range-preset" onClick={() => choose(forMs, label)}>
                  For {label}
                </button>
              ))}
              <label for={id}>For so long</label>
              <span class="views-line">
                <input
                  id={id}
                  class="field"
                  autoComplete="off"
                  placeholder="45m, 3d"
                  value={own.value}
                  onInput={(event) => {
                    own.value = event.currentTarget.value;
                  }}
                />
                <button type="submit" class="button" disabled={ownMs === undefined || change.isBusy}>
                  Mute
                </button>
              </span>
              {change.problem === undefined ? null : <ProblemNotice problem={change.problem} />}
            </form>
          );
        }}
      </Popover>
      {mutedUntil === null ? null : <span class="hint number">Muted until {second(mutedUntil)}</span>}
    </>
  );
}
