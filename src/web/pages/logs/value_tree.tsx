// Values, objects and lists as a tree that opens level by level. Long texts and lists are cut until the user wants the
// rest. Buttons add a value to the search, exclude it, or follow it.

import { useSignal } from "@preact/signals";
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { formatCountOf } from "../../../core/format.ts";
import { METADATA_PREFIX } from "../../../search/fields.ts";
import { Button, IconButton } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { Link } from "../../components/link.tsx";
import { useApp, useScope } from "../../state/app_context.ts";
import { metadataField, termOf, withTerm } from "../../state/search_text.ts";
import { ALL_TIME, isWithin } from "../../state/time_range.ts";
import { isSearchShown } from "../../state/trace_address.ts";
import { ALWAYS_SHOWN, useColumns } from "./columns.tsx";

type Simple = string | number | boolean | null;

/** Characters of a text, and members of a list, that are shown in the beginning. */
const TEXT_MAX = 2_000;
const MEMBERS_MAX = 100;
/** Levels that are open in the beginning. */
const DEPTH_OPEN = 2;

const RecordTime = createContext(0);

/** Provides the time of the record whose values are inside, in Unix ms. */
export const RecordTimeProvider = RecordTime.Provider;

interface ValueLineProps {
  /** The label before the value. */
  readonly name: string;
  /** The field's name in a search. */
  readonly field: string;
  readonly value: Simple;
  /** Replaces the value's own text. */
  readonly children?: ComponentChildren;
}

/** A name and a simple value, with buttons that search for it. */
export function ValueLine({ name, field, value, children }: ValueLineProps) {
  return (
    <li class="logs-member">
      <span class="logs-name">{name}</span>
      <TermButtons field={field} value={value} />
      <span class="logs-value">{children ?? <SimpleValue value={value} />}</span>
    </li>
  );
}

interface MemberListProps {
  readonly value: object;
  /** The path to the value. An element of a list has the list's path. */
  readonly path: readonly string[];
  readonly depth: number;
}

/** The members of an object, or the elements of a list. */
export function MemberList({ value, path, depth }: MemberListProps) {
  const shown = useSignal(MEMBERS_MAX);
  const isList = Array.isArray(value);
  const members = Object.entries(value);
  const rest = members.length - shown.value;
  return (
    <ul class={depth === 0 ? "logs-members" : "logs-members nested"}>
      {members.slice(0, shown.value).map(([name, member]) => (
        <Member
          key={name}
          name={isList ? `[${name}]` : name}
          path={isList ? path : [...path, name]}
          value={member}
          depth={depth}
        />
      ))}
      {rest <= 0 ? null : (
        <li>
          <Button
            onPress={() => {
              shown.value += MEMBERS_MAX;
            }}
          >
            {`Show more of ${formatCountOf(rest, "value")}`}
          </Button>
        </li>
      )}
    </ul>
  );
}

interface MemberProps extends Omit<MemberListProps, "value"> {
  readonly name: string;
  readonly value: unknown;
}

function Member({ name, path, value, depth }: MemberProps) {
  const isOpen = useSignal(depth < DEPTH_OPEN);
  if (!isParent(value)) return <ValueLine name={name} field={metadataField(path)} value={value as Simple} />;
  const count = Object.keys(value).length;
  return (
    <li>
      <button
        type="button"
        class="logs-toggle"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="chevron" />
        <span class="logs-name">{name}</span>
        <span class="muted">{formatCountOf(count, Array.isArray(value) ? "element" : "member")}</span>
      </button>
      {isOpen.value && count > 0 ? <MemberList value={value} path={path} depth={depth + 1} /> : null}
    </li>
  );
}

function SimpleValue({ value }: { readonly value: Simple }) {
  const isWhole = useSignal(false);
  const text = String(value);
  const type = value === null ? "null" : typeof value;
  if (text === "") return <span class="muted">(empty)</span>;
  const isCut = text.length > TEXT_MAX && !isWhole.value;
  return (
    <>
      <span class={`logs-simple code logs-of-${type}`}>
        {isCut ? `${text.slice(0, TEXT_MAX).toWellFormed()}…` : text}
      </span>
      {isCut ? (
        <Button
          onPress={() => {
            isWhole.value = true;
          }}
        >
          {`Show all ${formatCountOf(text.length, "character")}`}
        </Button>
      ) : null}
    </>
  );
}

function TermButtons({ field, value }: { readonly field: string; readonly value: Simple }) {
  const { router } = useApp();
  const { page, parameters } = router.address.value;
  const { q = "" } = parameters;
  const [columns, setColumns] = useColumns();
  const term = termOf(field, value);
  if (term === undefined) return <span class="logs-terms" />;
  const isColumn = columns.includes(field);
  const shown = term.length > 80 ? `${term.slice(0, 80).toWellFormed()}…` : term;
  // Where the page shows another search, or none, the term begins a new one.
  const isShown = isSearchShown(page, parameters);
  const search = (isExcluded: boolean) => {
    if (isShown) router.change({ q: withTerm(q, term, isExcluded) });
    else router.go(router.place("logs", { q: withTerm("", term, isExcluded) }));
  };
  return (
    <span class="logs-terms">
      <IconButton icon="plus" label={`Add to the search: ${shown}`} onPress={() => search(false)} />
      <IconButton icon="minus" label={`Exclude from the search: ${shown}`} onPress={() => search(true)} />
      {field.startsWith(METADATA_PREFIX) || field === "touchpoint" ? <FollowLink term={term} shown={shown} /> : null}
      {ALWAYS_SHOWN.has(field) || !isShown ? null : (
        <IconButton
          icon="overview"
          label={`Show as a column: ${field}`}
          isPressed={isColumn}
          onPress={() => setColumns(isColumn ? columns.filter((one) => one !== field) : [...columns, field])}
        />
      )}
    </span>
  );
}

/** Leads to the records with this value alone, oldest first. The range stays where it has the record. */
function FollowLink({ term, shown }: { readonly term: string; readonly shown: string }) {
  const { environment } = useApp();
  const { range } = useScope();
  const isInRange = isWithin(useContext(RecordTime), range, environment.clock());
  const label = `Follow, oldest first: ${shown}`;
  return (
    <Link
      page="logs"
      parameters={{ q: term, order: "asc", ...(isInRange ? {} : { from: ALL_TIME, to: undefined }) }}
      class="icon-button"
      title={label}
    >
      <Icon name="follow" />
      <span class="visually-hidden">{label}</span>
    </Link>
  );
}

function isParent(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
