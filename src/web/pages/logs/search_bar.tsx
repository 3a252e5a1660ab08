// The search field, with completion of fields and values. Enter runs the search. If the server refuses it, the wrong
// part is marked.

import { useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { formatCount } from "../../../core/format.ts";
import { valuesPath } from "../../api/client.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { Combobox, type Suggestion } from "../../components/combobox.tsx";
import { Popover } from "../../components/overlays.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import type { Problem } from "../../state/query.ts";
import { joinSearches, prefixTerm } from "../../state/search_text.ts";
import {
  complete,
  hasCounts,
  heldSearch,
  isListed,
  type Proposal,
  proposeFields,
  proposeValues,
  type Typing,
  typingAt,
} from "./completion.ts";

/** Pause in typing before values are queried, in ms. */
const DEBOUNCE_MS = 150;
const VALUES_MAX = 200;

/** The search of the page. `problem`: why the server refused it. */
export function SearchBar({ problem }: { readonly problem: Problem | undefined }) {
  const [search, setSearch] = useParameter("q");
  const draft = useSignal(search);
  const caret = useSignal(search.length);
  const nextCaret = useRef<number | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const isUsed = useSignal(false);
  const id = useId();
  useEffect(() => {
    draft.value = search;
    caret.value = search.length;
  }, [search]);
  useLayoutEffect(() => {
    if (nextCaret.current === undefined) return;
    field.current?.setSelectionRange(nextCaret.current, nextCaret.current);
    nextCaret.current = undefined;
  }, [draft.value]);
  const typing = typingAt(draft.value, caret.value);
  const isRefused = problem !== undefined && draft.value.trim() === search.trim();
  const held = problem === undefined ? heldSearch(search, draft.value, typing) : "";
  const proposals = useProposals(typing, isUsed.value, held);
  const { searches } = useApp();
  // An empty field offers what was searched before.
  const recent = draft.value === "" ? searches.all.value : [];
  const suggestions = useMemo(() => [...recent.map(recentOf), ...proposals.map(suggestionOf)], [recent, proposals]);
  const submit = () => {
    searches.add(draft.value);
    setSearch(draft.value.trim());
  };
  // First the search that was applied comes back, then the focus goes to the records.
  const escape = () => {
    if (draft.value !== search) draft.value = search;
    else {
      field.current?.blur();
      document.querySelector<HTMLElement>(".virtual-list")?.focus();
    }
  };
  return (
    <search class="logs-search">
      <div class="logs-search-line" onFocusCapture={() => (isUsed.value = true)}>
        <Combobox
          label="Search"
          placeholder='Words, "a phrase", level:error, touchpoint:api/*, metadata.orderId:ord_123'
          value={draft.value}
          suggestions={suggestions}
          field={field}
          isSearch
          isInvalid={isRefused}
          describedBy={isRefused ? `${id}-problem` : undefined}
          onInput={(value) => {
            draft.value = value;
          }}
          onCaret={(at) => {
            caret.value = at;
          }}
          onChoose={(insert) => {
            const completed = complete(draft.value, typing, insert);
            draft.value = completed.text;
            caret.value = completed.caret;
            nextCaret.current = completed.caret;
          }}
          onSubmit={submit}
          onEscape={escape}
        />
        <SyntaxHelp />
        <Button tone="primary" icon="search" onPress={submit}>
          Search
        </Button>
      </div>
      {isRefused ? (
        <div id={`${id}-problem`} class="logs-problem" role="alert">
          <MarkedSearch search={search} problem={problem} />
          <p>{problem.message}</p>
        </div>
      ) : null}
    </search>
  );
}

/** The refused search with its wrong part marked. */
function MarkedSearch({ search, problem }: { readonly search: string; readonly problem: Problem }) {
  const { at, length = 0 } = problem;
  if (at === undefined) return null;
  const end = at + Math.max(length, 1);
  return (
    <p class="logs-marked code">
      {search.slice(0, at)}
      <mark>{search.slice(at, end) || "\u00A0"}</mark>
      {search.slice(end)}
    </p>
  );
}

/** A recent search ends with a space here, which no proposal for an empty field does. */
function recentOf(search: string): Suggestion {
  return { value: `${search} `, label: <span class="code">{search}</span>, detail: "recent" };
}

function suggestionOf({ insert, label, help, count }: Proposal): Suggestion {
  const detail = [help, count === undefined ? undefined : formatCount(count)].filter((part) => part !== undefined);
  return {
    value: insert,
    label: <span class="code">{label}</span>,
    ...(detail.length === 0 ? {} : { detail: detail.join(" · ") }),
  };
}

/**
 * Proposals at the caret, with the server's counts in the result of `held`. Nothing is queried before the field has had
 * the focus.
 */
function useProposals(typing: Typing, isUsed: boolean, held: string): readonly Proposal[] {
  const { environment } = useApp();
  const { parameters } = useScope();
  const debounced = useSignal<Typing | undefined>(undefined);
  const { kind, prefix, field } = typing;
  useEffect(
    () =>
      environment.schedule(() => {
        debounced.value = typing;
      }, DEBOUNCE_MS),
    [environment, kind, prefix, field],
  );
  const fields = useQuery("/api/v1/fields", isUsed ? { ...parameters, q: held } : undefined).state.value.value;
  const current = debounced.value;
  const isValue = isUsed && current?.kind === "value" && hasCounts(current.field) && current.field === field;
  const valuesField = isValue ? current.field : "";
  const beginning = isValue ? current.prefix.replace(/\*$/, "") : "";
  const prefixed = beginning !== "" && isListed(valuesField) ? prefixTerm(valuesField, beginning) : undefined;
  const q = joinSearches(held, prefixed);
  const values = useQuery(
    valuesPath(valuesField),
    valuesField === "" ? undefined : { ...parameters, q, limit: VALUES_MAX },
  ).state.value.value;
  return useMemo(() => {
    if (kind === "field") {
      return proposeFields(typing, new Map(fields?.fields.map(({ name, count }) => [name, count])));
    }
    return proposeValues(typing, values?.field === field ? values.values : []);
  }, [kind, prefix, field, fields, values]);
}

const EXAMPLES: readonly (readonly [search: string, meaning: string])[] = [
  ["timeout", "in message, touchpoint, key or metadata"],
  ['"connection refused"', "this phrase"],
  ["level:warn,error", "one of these levels"],
  ["touchpoint:api/*", "touchpoints that begin with api/"],
  ["duration:>500ms", "slow timings; also 100..200"],
  ["status:unfinished", "timings without an end"],
  ["metadata.orderId:ord_123", "a metadata value"],
  ['metadata."odd name":*', "any value of the field"],
  ["time:2026-11-29", "that day; also >=, <= and .."],
  ["-level:debug", "excludes these; NOT does the same"],
  ["(a OR b) c", "a or b, and also c"],
];

function SyntaxHelp() {
  return (
    <Popover label={<span class="wide-only">Syntax</span>} name="Syntax: how to search" icon="help">
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
