// The head of every page: its title in the window and on top, focused when somebody comes from another page, so that a
// screen reader begins there.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useApp } from "../app_context.ts";
import { visibleText } from "../state/visible_text.ts";

interface PageProps {
  readonly title: string;
  /** Beside the title: buttons, tabs. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Page({ title, actions, children }: PageProps) {
  const { pageChanges } = useApp();
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${visibleText(title)} · SimpleLogs`;
  }, [title]);
  useLayoutEffect(() => {
    if (pageChanges.arrive()) heading.current?.focus();
  }, [pageChanges]);
  return (
    <div class="page">
      <div class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions === undefined ? null : <div class="page-actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
