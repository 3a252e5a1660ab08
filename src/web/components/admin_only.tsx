// What only the admin may see or do. A reader gets a sentence in its place, and nothing is asked for on their behalf.

import type { ComponentChildren } from "preact";
import { useViewer } from "../api/server_context.ts";
import { EmptyState, Skeleton } from "./notice.tsx";
import { Page } from "./page.tsx";

interface AdminOnlyProps {
  /** Of the page. */
  readonly title: string;
  readonly children: ComponentChildren;
}

/** A page for the admin. */
export function AdminOnly({ title, children }: AdminOnlyProps) {
  const viewer = useViewer();
  if (viewer?.isAdmin === true) return children;
  if (viewer === undefined) {
    return (
      <div class="page">
        <h1>{title}</h1>
        <Skeleton />
      </div>
    );
  }
  return (
    <Page title={title}>
      <EmptyState title="This page is for the admin">{viewer.name} may only read.</EmptyState>
    </Page>
  );
}
