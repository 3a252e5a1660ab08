// The keys page: which pairs there are, masked, and how to add or revoke one. Keys live in the configuration file; this page only
// writes down what to put there.

import { useSignal } from "@preact/signals";
import { formatCountOf } from "../../core/amounts.ts";
import type { KeyPair } from "../api/answers.ts";
import { Button } from "../components/button.tsx";
import { EmptyState } from "../components/notice.tsx";
import { Page } from "../components/page.tsx";
import { QueryView } from "../components/query_view.tsx";
import { useParameter, useQuery, useScope, useUsage } from "../hooks.ts";
import { CreateDialog } from "./keys/create_dialog.tsx";
import { PairPanel } from "./keys/pair_panel.tsx";
import { RevokeDialog } from "./keys/revoke_dialog.tsx";

const POLL_MS = 15_000;

export function KeysPage() {
  const { project } = useScope();
  const usage = useUsage();
  const query = useQuery("/api/v1/keys", {}, { pollMs: POLL_MS });
  const isCreating = useSignal(false);
  const revoked = useSignal<KeyPair | undefined>(undefined);
  const pairs = query.state.value.value?.keys ?? [];
  const projects = [...(usage.value?.storage ?? []), ...pairs].map((row) => row.project);
  const add = () => {
    isCreating.value = true;
  };
  return (
    <Page
      title="Keys"
      actions={
        <Button tone="primary" icon="plus" onPress={add}>
          Add a pair
        </Button>
      }
    >
      <p class="muted">
        Keys stand in the server's configuration file and are never shown here. Server keys are for code that you run,
        client keys for pages in browsers. Last use is noted once a minute.
      </p>
      <QueryView
        query={query}
        isEmpty={({ keys }) => keys.length === 0}
        empty={
          <EmptyState title="No keys yet">
            Nobody can send anything. Add a pair with <code>simplelogs keys create NAME</code>, or with the button
            above.
          </EmptyState>
        }
      >
        {({ keys }) => (
          <Pairs
            pairs={keys}
            project={project}
            onRevoke={(pair) => {
              revoked.value = pair;
            }}
          />
        )}
      </QueryView>
      {isCreating.value ? (
        <CreateDialog
          names={pairs.map(({ name }) => name)}
          projects={[...new Set(projects)].toSorted()}
          project={project}
          onClose={() => {
            isCreating.value = false;
          }}
        />
      ) : null}
      {revoked.value === undefined ? null : (
        <RevokeDialog
          pair={revoked.value}
          onClose={() => {
            revoked.value = undefined;
          }}
        />
      )}
    </Page>
  );
}

interface PairsProps {
  readonly pairs: readonly KeyPair[];
  readonly project: string;
  readonly onRevoke: (pair: KeyPair) => void;
}

/** Those that work before those that are revoked. */
function Pairs({ pairs, project, onRevoke }: PairsProps) {
  const [, setProject] = useParameter("project");
  const shown = pairs
    .filter((pair) => project === "" || pair.project === project)
    .toSorted((a, b) => Number(a.revoked) - Number(b.revoked));
  const others = pairs.length - shown.length;
  return (
    <>
      {shown.length === 0 ? (
        <EmptyState title={`No keys of project ${project}`} />
      ) : (
        <ul class="keys-pairs" aria-label="Pairs of keys">
          {shown.map((pair) => (
            <PairPanel key={pair.name} pair={pair} onRevoke={() => onRevoke(pair)} />
          ))}
        </ul>
      )}
      {others === 0 ? null : (
        <p class="keys-others muted">
          {formatCountOf(others, "pair")} of other projects.{" "}
          <Button onPress={() => setProject("")}>Show all projects</Button>
        </p>
      )}
    </>
  );
}
