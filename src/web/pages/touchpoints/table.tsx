// The tree of touchpoints as a table: the state of each, and buttons to change it.

import { useSignal } from "@preact/signals";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import { Button, IconButton } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { TreeCell } from "../../components/tree.tsx";
import { Badge, Instant } from "../../components/values.tsx";
import { exactTerm } from "../../state/search_text.ts";
import type { TouchpointRowView } from "./rows.ts";

/** Rows shown in the beginning, and added by each press: a project has up to 10,000 names. */
const ROWS_STEP = 300;

interface TouchpointTableProps {
  readonly rows: readonly TouchpointRowView[];
  /** Projects with registered names: only there does an unregistered one stand out. */
  readonly registering: ReadonlySet<string>;
  readonly isBusy: boolean;
  readonly onToggle: (key: string) => void;
  /** Whether the actions are shown. */
  readonly mayChange: boolean;
  readonly onRegister: (row: TouchpointRowView) => void;
  readonly onRename: (row: TouchpointRowView) => void;
  readonly onDelete: (row: TouchpointRowView) => void;
}

/** The table of these rows, with a button for more. */
export function TouchpointTable(props: TouchpointTableProps) {
  const { rows } = props;
  const rowsMax = useSignal(ROWS_STEP);
  const shown = rows.slice(0, rowsMax.value);
  return (
    <div class="touchpoints-table">
      <DataTable label="Touchpoints" columns={columnsOf(props)} rows={shown} rowKey={({ key }) => key} />
      {shown.length === rows.length ? null : (
        <p class="touchpoints-more">
          <Button
            onPress={() => {
              rowsMax.value += ROWS_STEP;
            }}
          >
            Show {formatCount(Math.min(ROWS_STEP, rows.length - shown.length))} more
          </Button>
          <span class="hint">
            {formatCount(shown.length)} of {formatCountOf(rows.length, "row")}
          </span>
        </p>
      )}
    </div>
  );
}

function columnsOf(props: TouchpointTableProps): readonly Column<TouchpointRowView>[] {
  const { isBusy, mayChange, registering, onToggle, onRegister, onRename, onDelete } = props;
  return [
    {
      id: "name",
      header: "Touchpoint",
      cell: (row) => (
        <TreeCell
          depth={row.depth}
          isOpen={row.isOpen}
          name={row.isProject ? `project ${row.project}` : row.path}
          onToggle={() => onToggle(row.key)}
        >
          <NameCell row={row} isWarning={registering.has(row.project)} />
        </TreeCell>
      ),
    },
    {
      id: "state",
      header: "State",
      isMinor: true,
      cell: (row) => <StateCell row={row} isWarning={registering.has(row.project)} />,
    },
    {
      id: "firstSeen",
      header: "First seen",
      isMinor: true,
      cell: ({ firstSeen }) => (firstSeen === null ? null : <Instant time={firstSeen} />),
    },
    {
      id: "actions",
      header: "Actions",
      align: "end",
      cell: (row) =>
        row.registered === null || !mayChange ? null : (
          <span class="touchpoints-actions">
            {row.registered ? null : (
              <Button isDisabled={isBusy} title={`Register ${row.path}`} onPress={() => onRegister(row)} icon="plus">
                Register<span class="visually-hidden"> {row.path}</span>
              </Button>
            )}
            <IconButton icon="edit" label={`Rename ${row.path}`} onPress={() => onRename(row)} />
            <IconButton icon="trash" label={`Delete ${row.path}`} onPress={() => onDelete(row)} />
          </span>
        ),
    },
  ];
}

interface CellProps {
  readonly row: TouchpointRowView;
  /** An unregistered name is a warning, and no mere state. */
  readonly isWarning: boolean;
}

function NameCell({ row, isWarning }: CellProps) {
  const { project, path, label, registered, isOpen, namesBelow } = row;
  const count =
    isOpen === undefined ? null : (
      <span class="hint number" title={formatCountOf(namesBelow, "touchpoint")}>
        {formatCount(namesBelow)}
      </span>
    );
  if (row.isProject) {
    return (
      <>
        <b>{label}</b> {count}
      </>
    );
  }
  const text = label === "" ? <span class="muted">(empty)</span> : label;
  if (registered === null) {
    return (
      <>
        <span class="code">{text}/</span> {count}
      </>
    );
  }
  return (
    <span class="touchpoints-label">
      <Link
        page="logs"
        parameters={{ project, q: exactTerm("touchpoint", path) }}
        class="code"
        title={`Logs of ${path}`}
      >
        {text}
      </Link>{" "}
      {count}
      {registered ? null : (
        <span class="narrow-only">
          <Badge tone={isWarning ? "warn" : "neutral"}>unregistered</Badge>
        </span>
      )}
    </span>
  );
}

function StateCell({ row: { registered, isOpen, unregisteredBelow }, isWarning }: CellProps) {
  if (registered === true) return <Badge tone="good">registered</Badge>;
  if (registered === false) {
    return (
      <Badge tone={isWarning ? "warn" : "neutral"} title="Sent, but not registered">
        unregistered
      </Badge>
    );
  }
  if (isOpen === true || unregisteredBelow === 0) return null;
  return <span class="hint">{formatCount(unregisteredBelow)} unregistered below</span>;
}
