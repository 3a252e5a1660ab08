// The touchpoints page: all names as a tree with a filter, the unregistered ones marked, and the changes of the list.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { TouchpointsResponse } from "../../../core/account_responses.ts";
import { foldText } from "../../../core/case_folding.ts";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import { useMayChange, useQuery, useUsage } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { EmptyState, MoreNotice, ProblemNotice } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import type { Problem } from "../../state/query.ts";
import {
  DeleteDialog,
  type KnownName,
  RegisterDialog,
  RegisterSeenDialog,
  RenameDialog,
  useTouchpointChanges,
} from "./dialogs.tsx";
import { formatKeys, OPEN_NAMES_MAX, parseKeys, type TouchpointRowView, touchpointRows } from "./rows.ts";
import { TouchpointTable } from "./table.tsx";

const POLL_MS = 15_000;
const PROJECT_DEFAULT = "default";

/** The open dialog and its touchpoint. */
type OpenDialog =
  | { readonly kind: "register" }
  | { readonly kind: "seen"; readonly contains: string; readonly count: number }
  | { readonly kind: "rename" | "delete"; readonly known: KnownName };

export function TouchpointsPage() {
  const { project } = useScope();
  const query = useQuery("/api/v1/touchpoints", project === "" ? {} : { project }, { pollMs: POLL_MS });
  const changes = useTouchpointChanges(query.refresh);
  const dialog = useSignal<OpenDialog | undefined>(undefined);
  const mayChange = useMayChange();
  const problem = useSignal<Problem | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const close = () => {
    dialog.value = undefined;
  };
  const finish = () => {
    problem.value = undefined;
    const isGone = dialog.value?.kind !== "register";
    close();
    // The button that opened the dialog disappears with its row.
    if (isGone) setTimeout(() => field.current?.focus({ preventScroll: true }));
  };
  const register = async ({ project, path }: TouchpointRowView) => {
    const line = document.activeElement?.closest("tr");
    problem.value = await changes.register(project, path);
    // The button disappears. Focus its neighbour, or the filter if the row disappears as well.
    const next = line?.isConnected === true ? line.querySelector<HTMLElement>(".icon-button") : field.current;
    next?.focus({ preventScroll: true });
  };
  const open = (kind: "rename" | "delete") => (row: TouchpointRowView) => {
    dialog.value = { kind, known: { project: row.project, name: row.path } };
  };
  const props = { changes, onClose: close, onDone: finish };
  const openRegister = () => {
    dialog.value = { kind: "register" };
  };
  return (
    <Page
      title="Touchpoints"
      actions={
        mayChange ? (
          <Button tone="primary" icon="plus" onPress={openRegister}>
            Register a touchpoint
          </Button>
        ) : null
      }
    >
      {problem.value === undefined ? null : <ProblemNotice problem={problem.value} />}
      <QueryView
        query={query}
        isEmpty={({ touchpoints }) => touchpoints.length === 0}
        empty={
          <EmptyState title="No touchpoints yet">
            A touchpoint names the place that an entry comes from, such as <code>api/orders/submit</code>. Names that
            are sent appear here automatically. Register those that you want to keep.
          </EmptyState>
        }
      >
        {(response) => (
          <Touchpoints
            response={response}
            field={field}
            isBusy={changes.isBusy}
            onRegister={(row) => void register(row)}
            onRegisterSeen={(contains, count) => {
              dialog.value = { kind: "seen", contains, count };
            }}
            onRename={open("rename")}
            onDelete={open("delete")}
          />
        )}
      </QueryView>
      {dialog.value?.kind === "register" ? <Register {...props} project={project} /> : null}
      {dialog.value?.kind === "seen" ? (
        <RegisterSeenDialog {...props} project={project} contains={dialog.value.contains} count={dialog.value.count} />
      ) : null}
      {dialog.value?.kind === "rename" ? <RenameDialog {...props} known={dialog.value.known} /> : null}
      {dialog.value?.kind === "delete" ? <DeleteDialog {...props} known={dialog.value.known} /> : null}
    </Page>
  );
}

type DialogProps = Omit<Parameters<typeof RegisterDialog>[0], "projects">;

function Register({ project, ...props }: DialogProps) {
  const { value } = useUsage();
  const known = (value?.storage ?? []).map((row) => row.project);
  const projects = project === "" ? known : [project];
  const first = projects.includes(PROJECT_DEFAULT) ? PROJECT_DEFAULT : (projects[0] ?? PROJECT_DEFAULT);
  return <RegisterDialog {...props} projects={projects} project={first} />;
}

interface TouchpointsProps {
  readonly response: TouchpointsResponse;
  readonly field: { readonly current: HTMLInputElement | null };
  readonly isBusy: boolean;
  readonly onRegister: (row: TouchpointRowView) => void;
  /** `count`: how many names that is. */
  readonly onRegisterSeen: (contains: string, count: number) => void;
  readonly onRename: (row: TouchpointRowView) => void;
  readonly onDelete: (row: TouchpointRowView) => void;
}

function Touchpoints({ response, field, onRegisterSeen, ...actions }: TouchpointsProps) {
  const { router } = useApp();
  const mayChange = useMayChange();
  const [filter] = useParameter("filter");
  const [state, setState] = useParameter("state");
  const [turnedText, setTurned] = useParameter("turned");
  const isUnregisteredOnly = state === "unregistered";
  const isNarrowed = filter !== "" || isUnregisteredOnly;
  const turned = parseKeys(turnedText);
  const { touchpoints, tree } = response;
  const rows = touchpointRows(tree, {
    filter,
    isUnregisteredOnly,
    isOpenAtFirst: isNarrowed || touchpoints.length <= OPEN_NAMES_MAX,
    turned,
  });
  const unregistered = touchpoints.filter(({ registered }) => !registered).length;
  const registering = new Set(touchpoints.filter(({ registered }) => registered).map(({ project }) => project));
  const wanted = foldText(filter);
  const seen = touchpoints.filter(({ name, registered }) => !registered && foldText(name).includes(wanted)).length;
  const toggle = (key: string) => setTurned(formatKeys(turned.symmetricDifference(new Set([key]))), "replace");
  return (
    <>
      <div class="touchpoints-tools">
        <input
          ref={field}
          type="search"
          class="field"
          data-search-field=""
          aria-label="Filter touchpoints"
          placeholder="Filter by name"
          spellcheck={false}
          value={filter}
          onInput={(event) => router.change({ filter: event.currentTarget.value, turned: "" }, "replace")}
        />
        <Button
          isPressed={isUnregisteredOnly}
          onPress={() => setState(isUnregisteredOnly ? "" : "unregistered", "replace")}
        >
          Unregistered only
        </Button>
        <p class="muted number" role="status">
          {formatCountOf(touchpoints.length, "touchpoint")}, {formatCount(unregistered)} unregistered
        </p>
        {seen === 0 || !mayChange ? null : (
          <Button icon="plus" isDisabled={actions.isBusy} onPress={() => onRegisterSeen(filter, seen)}>
            {filter === "" ? `Register all ${formatCount(seen)}` : `Register these ${formatCount(seen)}`}
          </Button>
        )}
      </div>
      {rows.length === 0 ? (
        <EmptyState
          title={isUnregisteredOnly && filter === "" ? "All touchpoints are registered" : "No touchpoint matches"}
        >
          <Button onPress={() => router.change({ filter: "", state: "", turned: "" })}>Show all</Button>
        </EmptyState>
      ) : (
        <TouchpointTable mayChange={mayChange} rows={rows} registering={registering} onToggle={toggle} {...actions} />
      )}
      <MoreNotice more={response.more} what="touchpoint" />
    </>
  );
}
