// The rail beside the records: which values are more frequent in what is found than in the rest of the time range. One
// request gives all fields. A click includes a value in the search or excludes it, another click takes that back. On a
// phone the rail is a sheet over the lower part of the page.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { BreakdownResponse } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button, IconButton } from "../../components/button.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { formatShare } from "../../components/values.tsx";
import { useApp, useParameter, useShortcut } from "../../state/app_context.ts";
import type { QueryParameters } from "../../state/query.ts";
import { hasTerm, itemsOf, withoutTerm, withTerm } from "../../state/search_text.ts";
import { AMONG_PARAMETER, WHY_PARAMETER, whyParameters } from "../../state/why.ts";
import {
  type BreakdownValue,
  largestDifference,
  type ShownField,
  shownFields,
  standingOut,
  valueTerm,
} from "./standing_out.ts";

const ERRORS = "level:error";

/** Values of each field that the server is asked for. */
const VALUES_MAX = 20;
/** Values and fields that are shown in the beginning. */
const VALUES_SHOWN = 4;
const FIELDS_SHOWN = 12;
/** Characters of a value that are shown. */
const TEXT_MAX = 120;
/** How often it is refreshed during a live tail, in ms. */
const LIVE_POLL_MS = 15_000;

/** The button that shows the rail, with its shortcut. */
export function WhyToggle() {
  const [why] = useParameter(WHY_PARAMETER);
  const { router } = useApp();
  const toggle = () => router.change(whyParameters(why === ""), "replace");
  useShortcut("y", "Why? What sets these records apart", toggle);
  return (
    <span class="why-toggle">
      <Button
        icon="compare"
        isPressed={why !== ""}
        onPress={toggle}
        title="What sets these records apart from the rest of the time range"
      >
        Why?
      </Button>
    </span>
  );
}

interface WhyRailProps {
  /** The scope and the search. */
  readonly parameters: QueryParameters;
  readonly isFollowing: boolean;
}

/** The rail, where the address shows it. */
export function WhyRail(props: WhyRailProps) {
  const [why] = useParameter(WHY_PARAMETER);
  return why === "" ? null : <Rail {...props} />;
}

function Rail({ parameters, isFollowing }: WhyRailProps) {
  const { router } = useApp();
  const [among, setAmong] = useParameter(AMONG_PARAMETER);
  const query = useQuery(
    "/api/v1/breakdown",
    { ...parameters, limit: VALUES_MAX, ...(among === "" ? {} : { among }) },
    isFollowing ? { pollMs: LIVE_POLL_MS } : {},
  );
  const heading = useRef<HTMLHeadingElement>(null);
  // A sheet covers what had the focus.
  useEffect(() => {
    if (window.matchMedia("(max-width: 800px)").matches) heading.current?.focus();
  }, []);
  const close = () => {
    router.change(whyParameters(false), "replace");
    document.querySelector<HTMLElement>(".why-toggle > button")?.focus();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  return (
    <section class="why" aria-label="Why?" onKeyDown={press}>
      <div class="why-head">
        <h2 ref={heading} tabIndex={-1}>
          Why?
        </h2>
        <IconButton icon="close" label="Close Why?" onPress={close} />
      </div>
      <Terms />
      {among === "" ? null : (
        <div class="why-among">
          <p class="muted">
            Compared only among <span class="code">{shortened(among)}</span>
          </p>
          <Button onPress={() => setAmong("")}>Compare with everything</Button>
        </div>
      )}
      {/* The search bar shows the problem of a search. */}
      {query.state.value.problem?.kind === "refused" && among === "" ? null : (
        <QueryView
          query={query}
          isEmpty={({ found }) => found === 0}
          empty={<EmptyState title="No records to explain">Nothing in this time range matches the search.</EmptyState>}
          announce={(response) => sentenceOf(response, String(parameters["q"] ?? ""))}
        >
          {(response) => <Answer response={response} />}
        </QueryView>
      )}
    </section>
  );
}

/** The terms of the search, each with a button that removes it. */
function Terms() {
  const [search, setSearch] = useParameter("q");
  const terms = itemsOf(search)?.filter(({ field }) => field !== undefined) ?? [];
  if (terms.length === 0) return null;
  return (
    <ul class="why-terms" aria-label="Terms of the search">
      {terms.map(({ text }, index) => (
        <li key={index}>
          <button
            type="button"
            class="why-term code"
            title={`Remove from the search: ${text}`}
            onClick={() => setSearch(withoutTerm(search, text))}
          >
            <span class="visually-hidden">Remove from the search: </span>
            <span>{shortened(text)}</span> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Answer({ response }: { readonly response: BreakdownResponse }) {
  const [search, setSearch] = useParameter("q");
  const shown = useSignal(FIELDS_SHOWN);
  const { found, others, more } = response;
  const fields = shownFields(response, search);
  const hidden = fields.length - shown.value;
  return (
    <>
      <ScanNotice notes={response} />
      <p class="why-sentence">{sentenceOf(response, search)}</p>
      {others > 0 || hasTerm(search, ERRORS) ? null : (
        <Button onPress={() => setSearch(withTerm(search, ERRORS))}>Only errors</Button>
      )}
      <p class="why-legend muted">
        <span>
          <span class="why-key why-these" aria-hidden="true" /> {formatCount(found)} found
        </span>
        {others === 0 ? null : (
          <span>
            <span class="why-key why-rest" aria-hidden="true" /> {formatCount(others)} others
          </span>
        )}
      </p>
      {fields.slice(0, shown.value).map((field) => (
        <FieldValues key={field.field} field={field} hasOthers={others > 0} />
      ))}
      {hidden <= 0 ? null : (
        <Button
          onPress={() => {
            shown.value = fields.length;
          }}
        >
          {`Show ${formatCountOf(hidden, "more field")}`}
        </Button>
      )}
      {more === 0 ? null : (
        <p class="hint">{formatCountOf(more, "field")} not listed: few records have it, or no value repeats.</p>
      )}
    </>
  );
}

/** What stands out, in one sentence. */
function sentenceOf(response: BreakdownResponse, search: string): string {
  if (response.found === 0) return "";
  if (response.others === 0) {
    return search.trim() === ""
      ? "All records of the time range are shown. Search for some of them, and see here what sets them apart."
      : "The search finds all records of the time range: there is nothing to compare them with.";
  }
  const fields = shownFields(response, search);
  const [first, ...others] = standingOut(response, fields);
  if (first !== undefined) {
    const also = others.map(({ field, value }) => `${nameOf(field, value)} (${sharesOf(value).join(", ")})`);
    const [here, elsewhere] = sharesOf(first.value);
    const start = `${nameOf(first.field, first.value)} stands out: ${here} of these, ${elsewhere} of the rest`;
    return `${[start, ...(also.length === 0 ? [] : [`also ${also.join(" and ")}`])].join("; ")}.`;
  }
  const largest = largestDifference(fields);
  if (largest === undefined) return "Nothing stands out: the values here are as frequent as in the rest.";
  const [here, elsewhere] = sharesOf(largest.value);
  const name = nameOf(largest.field, largest.value);
  return `The largest difference may be chance: ${name}, ${here} of these, ${elsewhere} of the rest.`;
}

function nameOf(field: ShownField, value: BreakdownValue): string {
  return `${field.label} ${shownValue(value)}`;
}

function sharesOf({ share, otherShare }: BreakdownValue): readonly [here: string, elsewhere: string] {
  return [formatShare(share), formatShare(otherShare)];
}

function FieldValues({ field, hasOthers }: { readonly field: ShownField; readonly hasOthers: boolean }) {
  const isWhole = useSignal(false);
  const { label, values, more } = field;
  const hidden = isWhole.value ? 0 : values.length - VALUES_SHOWN;
  return (
    <section class="why-field" aria-label={label}>
      <h3 title={field.field}>{label}</h3>
      <ul>
        {values.slice(0, isWhole.value ? values.length : VALUES_SHOWN).map((value) => (
          <ValueRow key={`${typeof value.value} ${value.value}`} field={field} value={value} hasOthers={hasOthers} />
        ))}
      </ul>
      {hidden > 0 ? (
        <button
          type="button"
          class="why-more"
          onClick={() => {
            isWhole.value = true;
          }}
        >
          {`Show ${formatCountOf(hidden, "more value")}`}
        </button>
      ) : more > 0 ? (
        <p class="hint">and {formatCountOf(more, "rarer value")}</p>
      ) : null}
    </section>
  );
}

interface ValueRowProps {
  readonly field: ShownField;
  readonly value: BreakdownValue;
  readonly hasOthers: boolean;
}

function ValueRow({ field, value, hasOthers }: ValueRowProps) {
  const [search, setSearch] = useParameter("q");
  const { announcer } = useApp();
  const term = valueTerm(field.field, value);
  const isIncluded = term !== undefined && hasTerm(search, term);
  const isExcluded = term !== undefined && hasTerm(search, `-${term}`);
  const shares = hasOthers
    ? `${formatShare(value.share)} of these, ${formatShare(value.otherShare)} of the rest`
    : `${formatShare(value.share)} of these`;
  const toggle = (isExclusion: boolean) => {
    if (term === undefined) return;
    const isOn = isExclusion ? isExcluded : isIncluded;
    setSearch(isOn ? withoutTerm(search, isExclusion ? `-${term}` : term) : withTerm(search, term, isExclusion));
    announcer.say(isOn ? "Removed from the search" : isExclusion ? "Excluded from the search" : "Added to the search");
  };
  const text = shownValue(value);
  return (
    <li class="why-value" data-chosen={isIncluded}>
      <button
        type="button"
        class="why-name"
        aria-pressed={isIncluded}
        disabled={term === undefined}
        title={term === undefined ? text : `${isIncluded ? "Remove from" : "Add to"} the search: ${shortened(term)}`}
        onClick={() => toggle(false)}
      >
        <span class="why-text code">{text}</span>
        <span class="number muted">{formatCount(value.count)}</span>
        <span class="visually-hidden">, {shares}</span>
        <span class="why-bars" aria-hidden="true">
          <span class="why-these" style={{ width: `${value.share * 100}%` }} />
          {hasOthers ? <span class="why-rest" style={{ width: `${value.otherShare * 100}%` }} /> : null}
        </span>
      </button>
      <span class="why-shares number" aria-hidden="true">
        <span>{formatShare(value.share)}</span>
        {hasOthers ? <span class="muted">{formatShare(value.otherShare)}</span> : null}
      </span>
      {term === undefined ? null : (
        <IconButton
          icon="minus"
          label={`Exclude from the search: ${shortened(term)}`}
          isPressed={isExcluded}
          onPress={() => toggle(true)}
        />
      )}
    </li>
  );
}

function shownValue({ value }: BreakdownValue): string {
  return value === "" ? "(empty)" : shortened(String(value));
}

function shortened(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX).toWellFormed()}…`;
}
