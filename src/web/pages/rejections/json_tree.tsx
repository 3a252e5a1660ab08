// A JSON value as a tree that opens and closes. Closed parts are not rendered, so a value of any depth and length can
// be shown.

import { useSignal } from "@preact/signals";
import { formatCount } from "../../../core/format.ts";
import { isJsonObject } from "../../../core/json.ts";
import { Button } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";

/** Levels that are open in the beginning. */
const OPEN_LEVELS = 3;
/** Members shown in the beginning, and added by each press. */
const MEMBERS_STEP = 100;
/** Deeper levels are not indented further. */
const INDENT_LEVELS_MAX = 12;

interface JsonTreeProps {
  /** Accessible name. */
  readonly label: string;
  readonly value: unknown;
}

/** A JSON value as a tree. */
export function JsonTree({ label, value }: JsonTreeProps) {
  return (
    <div class="json-tree code" role="group" aria-label={label}>
      <Branch name={undefined} value={value} level={0} />
    </div>
  );
}

interface BranchProps {
  /** Undefined for the root. */
  readonly name: string | undefined;
  readonly value: unknown;
  readonly level: number;
}

function Branch({ name, value, level }: BranchProps) {
  const members = membersOf(value);
  const isOpen = useSignal(level < OPEN_LEVELS);
  const membersMax = useSignal(MEMBERS_STEP);
  const label = name === undefined ? null : <span class="json-name">{name === "" ? '""' : name}: </span>;
  if (members === undefined || members.length === 0) {
    return (
      <div class="json-line">
        <span class="json-space" />
        <span>
          {label}
          <JsonLeaf value={value} />
        </span>
      </div>
    );
  }
  const count = `${formatCount(members.length)} ${Array.isArray(value) ? "item" : "member"}${members.length === 1 ? "" : "s"}`;
  return (
    <div>
      <button
        type="button"
        class="json-toggle json-line"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="chevron" />
        <span>
          {label}
          <span class="muted">
            {Array.isArray(value) ? "[ ]" : "{ }"} {count}
          </span>
        </span>
      </button>
      {isOpen.value ? (
        <ul class={level < INDENT_LEVELS_MAX ? "json-members" : undefined}>
          {members.slice(0, membersMax.value).map(([name, member]) => (
            <li key={name}>
              <Branch name={name} value={member} level={level + 1} />
            </li>
          ))}
          {members.length <= membersMax.value ? null : (
            <li>
              <Button
                onPress={() => {
                  membersMax.value += MEMBERS_STEP;
                }}
              >
                Show more of {count}
              </Button>
            </li>
          )}
        </ul>
      ) : null}
    </div>
  );
}

/** A value without members, as JSON writes it. */
function JsonLeaf({ value }: { readonly value: unknown }) {
  const type = value === null ? "null" : Array.isArray(value) || isJsonObject(value) ? "empty" : typeof value;
  return <span class={`json-value json-${type}`}>{JSON.stringify(value)}</span>;
}

/** The members of an object or a list. Undefined for other values. */
function membersOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((item, index) => [String(index), item] as const);
  return isJsonObject(value) ? Object.entries(value) : undefined;
}
