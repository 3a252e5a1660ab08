// The form that makes a rule, filled from a search, or changes one. A preview beside it says what the rule would have
// done; the server checks both.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { ShownRule } from "../../../core/alert_responses.ts";
import { RULE_KINDS, type RuleKind, SEVERITIES } from "../../../core/alert_rule.ts";
import { useServer, useUsage } from "../../api/server_context.ts";
import { useChange } from "../../api/use_change.ts";
import { Field } from "../../components/form.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ProblemNotice } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useApp } from "../../state/app_context.ts";
import type { Problem } from "../../state/query.ts";
import { type Draft, draftOfRule, draftOfSearch, FIRST_BOUNDS, fieldOf, ruleOfDraft } from "./draft.ts";
import { Preview } from "./preview.tsx";

const PATH = "/api/v1/alerts";

/** The page in place of the list. @param isEdited whether the address names a rule that is changed */
export function RuleForm({ isEdited }: { readonly isEdited: boolean }) {
  const { router } = useApp();
  const { alerts } = useServer();
  const { parameters } = router.address.value;
  const { rule: name = "" } = parameters;
  if (!isEdited) {
    return (
      <Page title="New alert">
        <Form first={draftOfSearch(parameters)} name={undefined} />
      </Page>
    );
  }
  return (
    <Page title={`Edit ${name}`}>
      <QueryView query={alerts}>
        {({ rules }) => {
          const rule = rules.find((one) => one.name === name && one.source === "app");
          return rule === undefined ? (
            <EmptyState title="There is no such rule to edit">
              <Link page="alerts">All alerts</Link>
            </EmptyState>
          ) : (
            <Form key={name} first={draftOfRule(rule)} name={name} />
          );
        }}
      </QueryView>
    </Page>
  );
}

interface FormProps {
  readonly first: Draft;
  /** Of the rule that is changed; undefined: a new one is made. */
  readonly name: string | undefined;
}

function Form({ first, name }: FormProps) {
  const { router, announcer } = useApp();
  const { alerts } = useServer();
  const form = useRef<HTMLFormElement>(null);
  const draft = useSignal(first);
  /** What the preview found. */
  const found = useSignal<Problem | undefined>(undefined);
  /** What was sent last: its problem is not that of what is typed since. */
  const sent = useSignal<Draft | undefined>(undefined);
  const change = useChange<ShownRule>(() => alerts.refresh());
  const set = (changes: Partial<Draft>) => {
    draft.value = { ...draft.value, ...changes };
  };
  const rule = ruleOfDraft(draft.value);
  // Who presses Save asks for that answer, whatever the preview says after it.
  const refused = (sent.value === draft.value ? change.problem : undefined) ?? found.value;
  const field = fieldOf(refused?.member);
  useEffect(() => {
    // What is wrong may be among the further settings.
    if (change.problem !== undefined) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [change.problem]);
  const save = async (event: Event) => {
    event.preventDefault();
    sent.value = draft.value;
    const body = name === undefined ? { rule } : { name, rule };
    if (!(await change.send({ method: name === undefined ? "POST" : "PATCH", path: PATH, body }))) return;
    announcer.say(`Saved ${rule.name}`);
    router.go(router.place("alerts", { rule: rule.name }));
  };
  const shared = { draft: draft.value, set, problem: refused, field };
  return (
    <form ref={form} class="alert-form" noValidate onSubmit={(event) => void save(event)}>
      <div class="panel form-fields">
        <Main {...shared} />
        <Further {...shared} isOpen={field !== undefined && FURTHER.has(field)} />
        {refused === undefined || field !== undefined ? null : (
          <div class="form-wide">
            <ProblemNotice problem={refused} />
          </div>
        )}
        <div class="form-wide dialog-actions">
          <Link page="alerts" parameters={name === undefined ? {} : { rule: name }} class="button">
            Cancel
          </Link>
          <button type="submit" class="button primary" disabled={change.isBusy}>
            {change.isBusy ? "Saving…" : "Save"}
          </button>
        </div>
      </div>
      <Preview
        rule={rule}
        onProblem={(problem) => {
          found.value = problem;
        }}
      />
    </form>
  );
}

interface PartProps {
  readonly draft: Draft;
  readonly set: (changes: Partial<Draft>) => void;
  /** What the server refuses, and the field that it is about. */
  readonly problem: Problem | undefined;
  readonly field: keyof Draft | undefined;
}

/** Names of the draft whose values are texts. */
type TextName = Exclude<keyof Draft, "notify" | "kind" | "side">;

interface TextProps extends PartProps {
  readonly name: TextName;
  readonly label: string;
  readonly placeholder?: string;
  readonly isCode?: boolean;
  readonly isWide?: boolean;
  readonly isLong?: boolean;
  readonly list?: string;
}

function Text({ name, label, draft, set, problem, field, placeholder, isCode, isWide, isLong, list }: TextProps) {
  const shared = {
    class: `field${isCode === true ? " code" : ""}`,
    value: draft[name],
    placeholder: placeholder ?? "",
    autoComplete: "off",
    spellcheck: false,
  };
  const input = (event: { readonly currentTarget: { readonly value: string } }) =>
    set({ [name]: event.currentTarget.value });
  return (
    <Field label={label} problem={field === name ? problem?.message : undefined} isWide={isWide === true}>
      {isLong === true ? (
        <textarea rows={3} onInput={input} {...shared} />
      ) : list === undefined ? (
        <input type="text" onInput={input} {...shared} />
      ) : (
        <input type="text" list={list} onInput={input} {...shared} />
      )}
    </Field>
  );
}

interface ChoiceProps extends PartProps {
  readonly name: "project" | "kind" | "side" | "severity";
  readonly label: string;
  readonly choices: readonly (readonly [value: string, label: string])[];
  /** In place of a change of this field alone. */
  readonly onChoose?: (value: string) => void;
}

function Choice({ name, label, choices, draft, set, problem, field, onChoose }: ChoiceProps) {
  return (
    <Field label={label} problem={field === name ? problem?.message : undefined}>
      <select
        class="field"
        value={draft[name]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          if (onChoose === undefined) set({ [name]: value });
          else onChoose(value);
        }}
      >
        {choices.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </Field>
  );
}

const KINDS: Readonly<Record<RuleKind, string>> = {
  count: "Number of records",
  share: "Share of records",
  percentile: "Percentile of durations",
  silence: "Silence: no record",
  running: "Running timings",
};
const SIDES = [
  ["above", "above"],
  ["below", "below"],
] as const;
const BOUNDS: Readonly<Record<RuleKind, string>> = {
  count: "Records",
  share: "Share, 0 to 1 or in %",
  percentile: "Duration",
  silence: "",
  running: "Timings",
};

function Main(props: PartProps) {
  const { draft, set } = props;
  const { alerts } = useServer();
  const { value: usage } = useUsage();
  const projects = new Set((usage?.storage ?? []).map(({ project }) => project));
  if (draft.project !== "") projects.add(draft.project);
  const { kind } = draft;
  const change = (value: string) => {
    const next = RULE_KINDS.find((one) => one === value) ?? "count";
    set({ kind: next, bound: FIRST_BOUNDS[next], resolve: "", ...(next === "running" ? { side: "above" } : {}) });
  };
  return (
    <>
      <Text {...props} name="name" label="Name" placeholder="errors in the shop" />
      <Choice
        {...props}
        name="project"
        label="Project"
        choices={[["", "All projects"], ...[...projects].toSorted().map((project) => [project, project] as const)]}
      />
      <Text {...props} name="q" label="Search" placeholder="everything" isCode isWide />
      <Choice
        {...props}
        name="kind"
        label="What is measured"
        choices={RULE_KINDS.map((one) => [one, KINDS[one]] as const)}
        onChoose={change}
      />
      <Text
        {...props}
        name="window"
        label={kind === "running" ? "Running for longer than" : "In the last"}
        placeholder="5m"
      />
      {kind === "share" ? <Text {...props} name="of" label="Share of" placeholder="kind:log" isCode /> : null}
      {kind === "percentile" ? <Text {...props} name="p" label="Percentile" placeholder="95" /> : null}
      {kind === "silence" ? null : (
        <>
          <Choice {...props} name="side" label="Fires when it is" choices={SIDES} />
          <Text {...props} name="bound" label={BOUNDS[kind]} />
        </>
      )}
      <Text {...props} name="for" label="For so long" placeholder="at once" />
      <Notify
        draft={draft}
        set={set}
        names={alerts.state.value.value?.destinations.map(({ name }) => name) ?? []}
        problem={props.field === "notify" ? props.problem?.message : undefined}
      />
    </>
  );
}

/** Fields that are hidden at first. */
const FURTHER: ReadonlySet<string> = new Set<keyof Draft>([
  "every",
  "resolve",
  "keep",
  "group_by",
  "min",
  "repeat",
  "severity",
  "note",
]);

/** A rule that has any of them shows them. */
function hasFurther({ resolve, keep, group_by, min, repeat, note }: Draft): boolean {
  return [resolve, keep, group_by, min, repeat, note].some((text) => text !== "");
}

function Further({ isOpen, ...props }: PartProps & { readonly isOpen: boolean }) {
  const { draft } = props;
  const { kind, side } = draft;
  const fieldsId = useId();
  const wasOpen = useRef(hasFurther(draft));
  const hasMin = kind === "share" || kind === "percentile";
  return (
    <details class="form-wide" open={isOpen || wasOpen.current}>
      <summary>Further settings</summary>
      <div class="form-fields">
        <Text
          {...props}
          name="group_by"
          label="Each value of a field by itself"
          placeholder="touchpoint"
          list={fieldsId}
        />
        <datalist id={fieldsId}>
          {GROUP_FIELDS.map((field) => (
            <option key={field} value={field} />
          ))}
        </datalist>
        <Text {...props} name="every" label="Looked at every" placeholder="30s" />
        {kind === "silence" ? null : (
          <Text
            {...props}
            name="resolve"
            label={`Resolves ${side === "above" ? "below" : "above"}`}
            placeholder="when it is back"
          />
        )}
        <Text {...props} name="keep" label="Resolves after" placeholder="at once" />
        {hasMin ? (
          <Text {...props} name="min" label="Least number of records" placeholder={kind === "share" ? "20" : "10"} />
        ) : null}
        <Text {...props} name="repeat" label="Told again every" placeholder="never" />
        <Choice {...props} name="severity" label="Severity" choices={SEVERITIES.map((one) => [one, one] as const)} />
        <Text {...props} name="note" label="Note for whoever is told" isWide isLong />
      </div>
    </details>
  );
}

const GROUP_FIELDS = ["touchpoint", "key", "apiKey", "project", "level", "source", "keyType", "kind", "status"];

interface NotifyProps extends Pick<PartProps, "draft" | "set"> {
  /** Of the destinations that there are. */
  readonly names: readonly string[];
  readonly problem: string | undefined;
}

function Notify({ draft: { notify }, set, names, problem }: NotifyProps): ComponentChildren {
  const all = [...new Set([...names, ...notify])];
  return (
    <fieldset class="form-wide alert-notify">
      <legend>Tells</legend>
      {all.length === 0 ? (
        <p class="hint">
          No destination is configured: the rule is shown here and told nobody. A <code>[[destinations]]</code> table in
          the configuration file makes one.
        </p>
      ) : null}
      {all.map((name) => (
        <label key={name} class="check">
          <input
            type="checkbox"
            checked={notify.includes(name)}
            onChange={({ currentTarget: { checked } }) =>
              set({ notify: checked ? [...notify, name] : notify.filter((one) => one !== name) })
            }
          />
          {name}
        </label>
      ))}
      {problem === undefined ? null : <p class="field-problem">{problem}</p>}
    </fieldset>
  );
}
