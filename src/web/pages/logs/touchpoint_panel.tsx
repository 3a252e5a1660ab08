// The records by touchpoint: the tree of names with counts. Choosing a node narrows the search to it; choosing it again
// widens the search.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { formatCount } from "../../../core/format.ts";
import type { ValuesResponse } from "../../../core/responses.ts";
import { valuesPath } from "../../api/client.ts";
import { useQuery } from "../../api/server_context.ts";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { buildTree, namesOf, openRows, TreeCell, type TreeNode } from "../../components/tree.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import { hasTerm, prefixTerm, termOf, withoutField, withTerm } from "../../state/search_text.ts";

const NAMES_MAX = 1_000;
const FIELD = "touchpoint";

/** The tree of touchpoints beside the records. */
export function TouchpointPanel() {
  const { parameters } = useScope();
  const [search] = useParameter("q");
  const query = useQuery(valuesPath(FIELD), {
    ...parameters,
    q: withoutField(search, FIELD),
    limit: NAMES_MAX,
    by: "project",
  });
  if (query.state.value.problem?.kind === "refused") return null;
  return (
    <section class="logs-panel" aria-label="Touchpoints">
      <h2>Touchpoints</h2>
      <QueryView
        query={query}
        isEmpty={({ values }) => values.length === 0}
        empty={<EmptyState title="No touchpoints">No record of this search has one.</EmptyState>}
      >
        {(response) => (
          <>
            <ScanNotice notes={response} />
            <Trees response={response} />
            {response.more ? <p class="hint">Only the {formatCount(NAMES_MAX)} most frequent.</p> : null}
          </>
        )}
      </QueryView>
    </section>
  );
}

/** One tree a project: equal names of two projects are two touchpoints. */
function Trees({ response }: { readonly response: ValuesResponse }) {
  const projects = useMemo(() => countsByProject(response), [response]);
  if (projects.length < 2) return <Tree counts={projects[0]?.[1] ?? new Map()} project={undefined} />;
  return (
    <>
      {projects.map(([project, counts]) => (
        <section key={project} aria-label={`Project ${project}`}>
          <h3 class="logs-tree-project">{project}</h3>
          <Tree counts={counts} project={project} />
        </section>
      ))}
    </>
  );
}

/** Records by touchpoint, of each project by name. */
export function countsByProject({
  values,
}: Pick<ValuesResponse, "values">): readonly (readonly [project: string, ReadonlyMap<string, number>])[] {
  const projects = new Map<string, Map<string, number>>();
  for (const { value, count, project = "" } of values) {
    const counts = projects.get(project) ?? new Map<string, number>();
    projects.set(project, counts.set(String(value), count));
  }
  return [...projects].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

interface TreeProps {
  readonly counts: ReadonlyMap<string, number>;
  /** Set where there are several: a press then leads into this one. */
  readonly project: string | undefined;
}

function Tree({ counts, project }: TreeProps) {
  const { router } = useApp();
  const [search] = useParameter("q");
  const setSearch = (q: string) => router.change({ q, ...(project === undefined ? {} : { project }) });
  const toggled = useSignal<ReadonlySet<string>>(new Set());
  const nodes = useMemo(() => buildTree(counts.keys()), [counts]);
  const isOpen = (node: TreeNode) => (node.depth === 0 && nodes.length <= 5) !== toggled.value.has(node.path);
  const toggle = ({ path }: TreeNode) => {
    const next = new Set(toggled.value);
    if (!next.delete(path)) next.add(path);
    toggled.value = next;
  };
  return (
    <ul class="logs-tree">
      {openRows(nodes, isOpen).map((node) => {
        const term = nodeTerm(node);
        const isChosen = hasTerm(search, term);
        const bare = withoutField(search, FIELD);
        const count = namesOf(node).reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
        return (
          <li key={`${node.path} ${node.depth}`} class="logs-tree-row" data-chosen={isChosen}>
            <TreeCell
              depth={node.depth}
              isOpen={node.children.length === 0 ? undefined : isOpen(node)}
              onToggle={() => toggle(node)}
              name={node.path}
            >
              <button
                type="button"
                class="logs-tree-name"
                aria-pressed={isChosen}
                title={node.path}
                onClick={() => setSearch(isChosen ? bare : withTerm(bare, term))}
              >
                <span>
                  {node.label === "" ? "(empty)" : node.label}
                  {node.children.length === 0 ? "" : "/"}
                </span>
                <span class="number muted">{formatCount(count)}</span>
              </button>
            </TreeCell>
          </li>
        );
      })}
    </ul>
  );
}

/** The term for a node's records, including those below it. */
function nodeTerm({ path, isName, children }: TreeNode): string {
  const whole = termOf(FIELD, path) ?? FIELD;
  if (children.length === 0) return whole;
  const below = prefixTerm(FIELD, `${path}/`);
  return isName ? `${whole},${below.slice(FIELD.length + 1)}` : below;
}
