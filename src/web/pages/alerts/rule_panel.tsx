// One rule in the list: its state in a line, and opened its settings, its groups, its history, and what can be done to it.

import { useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { useId } from "preact/hooks";
import type { ShownRule } from "../../../core/alert_responses.ts";
import { shownValue } from "../../../core/alert_rule.ts";
import { formatDuration } from "../../../core/format.ts";
import { useMayChange } from "../../api/server_context.ts";
import { useChange } from "../../api/use_change.ts";
import { Button } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { CodeBlock } from "../../components/form.tsx";
import { Icon } from "../../components/icon.tsx";
import { Link } from "../../components/link.tsx";
import { ProblemNotice } from "../../components/notice.tsx";
import { Dialog } from "../../components/overlays.tsx";
import { Badge, Instant, type Tone } from "../../components/values.tsx";
import { useApp, useTimes } from "../../state/app_context.ts";
import { firingSince } from "../../state/attention.ts";
import { type Firing, isFiring } from "../../state/firings.ts";
import { FiringTable } from "./history.tsx";
import { MuteButtons, TestButton } from "./rule_actions.tsx";
import { conditionText, ruleText, ruleToml, searchPlace } from "./rule_text.ts";

type Instance = ShownRule["instances"][number];

const STATE_TONES: Readonly<Record<ShownRule["state"], Tone>> = {
  ok: "good",
  pending: "warn",
  firing: "error",
  recovering: "warn",
};

interface RulePanelProps {
  readonly rule: ShownRule;
  /** Of all rules, in the chosen range. */
  readonly firings: readonly Firing[];
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  /** Loads the rules again. */
  readonly refresh: () => void;
}

/** A rule as a line; opened, with everything about it. */
export function RulePanel({ rule, firings, isOpen, onToggle, refresh }: RulePanelProps) {
  const { second } = useTimes();
  const id = useId();
  const { name, kind, state, unknown, mutedUntil, problem } = rule;
  return (
    <li class="alert-rule">
      <button
        type="button"
        class="alert-line"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={onToggle}
      >
        <Icon name={isOpen ? "down" : "chevron"} />
        <span class="alert-state">
          <Badge tone={STATE_TONES[state]}>{state}</Badge>
        </span>
        <span class="alert-name">{name}</span>
        <span class="alert-value number">
          <b>{valueText(rule)}</b>{" "}
          <span class="muted">
            fires {kind === "silence" ? "at" : "when"} {conditionText(rule)}
          </span>
        </span>
        <span class="alert-notes">
          {isFiring(rule) ? <span class="number">since {second(firingSince(rule))}</span> : null}
          {mutedUntil === null ? null : <Badge tone="info">muted until {second(mutedUntil)}</Badge>}
          {unknown === null ? null : <Badge title={unknown}>unknown</Badge>}
        </span>
        {unknown === null && problem === null ? null : (
          <span class="alert-why muted">{[problem, unknown].filter((text) => text !== null).join("; ")}</span>
        )}
      </button>
      {isOpen ? (
        <div id={id} class="alert-details">
          <Details rule={rule} refresh={refresh} />
          <h3>What fired</h3>
          <FiringTable
            firings={firings.filter((firing) => firing.rule === name)}
            rules={[rule]}
            label={`What fired of ${name}`}
          />
        </div>
      ) : null}
    </li>
  );
}

/** "12"; of a rule by group: "2 of 5 groups fire". */
function valueText({ kind, groupBy, instances }: ShownRule): string {
  const firing = instances.filter(isFiring).length;
  if (groupBy !== null)
    return firing === 0 ? "no group fires" : `${firing} ${firing === 1 ? "group fires" : "groups fire"}`;
  const value = instances[0]?.value ?? null;
  return value === null ? "–" : shownValue(kind, value);
}

function Details({ rule, refresh }: { readonly rule: ShownRule; readonly refresh: () => void }) {
  const mayChange = useMayChange();
  const place = searchPlace(rule, null);
  return (
    <>
      <div class="alert-actions">
        <Link page={place.page} parameters={place.parameters} class="button">
          Open the search
        </Link>
        {mayChange ? (
          <>
            <TestButton rule={rule} />
            <MuteButtons rule={rule} refresh={refresh} />
            {rule.source === "app" ? <ChangeButtons rule={rule} refresh={refresh} /> : null}
          </>
        ) : null}
      </div>
      <Settings rule={rule} />
      {rule.groupBy === null || rule.instances.length === 0 ? null : (
        <DataTable
          label={`Groups of ${rule.name}`}
          columns={instanceColumns(rule)}
          rows={rule.instances}
          rowKey={({ group }) => group ?? ""}
        />
      )}
      {mayChange ? <Lines rule={rule} /> : null}
    </>
  );
}

function instanceColumns(rule: ShownRule): readonly Column<Instance>[] {
  return [
    {
      id: "group",
      header: rule.groupBy ?? "Group",
      cell: ({ group }) => {
        const { page, parameters } = searchPlace(rule, group);
        return (
          <Link page={page} parameters={parameters} class="alert-text">
            {group}
          </Link>
        );
      },
    },
    { id: "state", header: "State", cell: ({ state }) => <Badge tone={STATE_TONES[state]}>{state}</Badge> },
    {
      id: "value",
      header: "Value",
      align: "end",
      cell: ({ value, unknown }) =>
        value === null ? <span class="muted">{unknown ?? "–"}</span> : shownValue(rule.kind, value),
    },
    {
      id: "since",
      header: "Since",
      isMinor: true,
      cell: ({ since }) => (since === null ? null : <Instant time={since} />),
    },
  ];
}

function Settings({ rule }: { readonly rule: ShownRule }) {
  const { q, project, everyMs, forMs, keepMs, resolveBound, kind, side, groupBy, min, repeatMs, notify, severity } =
    rule;
  const back = side === "above" ? "below" : "above";
  const resolves = resolveBound === null ? "when it is back" : `${back} ${shownValue(kind, resolveBound)}`;
  const facts: readonly (readonly [string, string | null])[] = [
    ["Search", q === "" ? "everything" : q],
    ["Project", project ?? "all"],
    ["Fires", held(conditionText(rule), forMs)],
    ["Resolves", held(resolves, keepMs)],
    ["Looks every", formatDuration(everyMs)],
    ["By", groupBy],
    ["Needs", min === 0 ? null : `${min} records`],
    ["Tells", notify.length === 0 ? "nobody" : notify.join(", ")],
    ["Again every", repeatMs === null ? null : formatDuration(repeatMs)],
    ["Severity", severity],
    ["Note", rule.note],
  ];
  return (
    <dl class="keys-facts alert-facts">
      {facts.map(([name, text]) =>
        text === null ? null : (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd class={name === "Search" ? "code" : ""}>{text}</dd>
          </Fragment>
        ),
      )}
      {rule.evaluatedAt === null ? null : (
        <>
          <dt>Looked at</dt>
          <dd>
            <Instant time={rule.evaluatedAt} />
          </dd>
        </>
      )}
    </dl>
  );
}

function held(condition: string, ms: number): string {
  return ms === 0 ? condition : `${condition}, for ${formatDuration(ms)}`;
}

/** The rule as the configuration file has it, or could have it. */
function Lines({ rule }: { readonly rule: ShownRule }) {
  const { source, line } = rule;
  const isConfigured = source === "configuration";
  return (
    <details class="by-hand">
      <summary>{isConfigured ? "Change it in the configuration file" : "As lines of the configuration file"}</summary>
      {isConfigured ? (
        <p class="hint">
          It stands in the configuration file{line === null ? "" : `, line ${line}`}. Change it there: a running server
          takes the change within a second.
        </p>
      ) : null}
      <CodeBlock label="In simplelogs.toml" text={ruleToml(ruleText(rule))} />
    </details>
  );
}

function ChangeButtons({ rule: { name }, refresh }: { readonly rule: ShownRule; readonly refresh: () => void }) {
  const { announcer } = useApp();
  const isDeleting = useSignal(false);
  const change = useChange(refresh);
  const close = () => {
    isDeleting.value = false;
  };
  const remove = async () => {
    const path = `/api/v1/alerts?name=${encodeURIComponent(name.toWellFormed())}`;
    if (await change.send({ method: "DELETE", path })) announcer.say(`Deleted ${name}`);
  };
  return (
    <>
      <Link page="alerts" parameters={{ form: "edit", rule: name }} class="button">
        Edit
      </Link>
      <Button
        onPress={() => {
          isDeleting.value = true;
        }}
      >
        Delete
      </Button>
      {isDeleting.value ? (
        <Dialog
          title={`Delete ${name}?`}
          onClose={close}
          actions={
            <>
              <Button onPress={close}>Keep</Button>
              <Button tone="danger" isDisabled={change.isBusy} onPress={() => void remove()}>
                Delete
              </Button>
            </>
          }
        >
          <p>If it fires, it is told as resolved. Its history stays.</p>
          {change.problem === undefined ? null : <ProblemNotice problem={change.problem} />}
        </Dialog>
      ) : null}
    </>
  );
}
