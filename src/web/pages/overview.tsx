// The overview: how much comes in, how much of it is wrong, what is slow, and how the server is. While nothing was ever taken it
// says how to send a first entry, and turns into the rest by itself when one arrives.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useApp } from "../app_context.ts";
import { ProblemNotice, Skeleton } from "../components/notice.tsx";
import { Page } from "../components/page.tsx";
import { FirstRun } from "./overview/first_run.tsx";
import { LiveView } from "./overview/live_view.tsx";
import { hasEntries } from "./overview/plan_figures.ts";

export function OverviewPage() {
  const { usage, announcer } = useApp();
  const { value, problem } = usage.state.value;
  const hasWaited = useSignal(false);
  const isEmpty = value === undefined ? undefined : !hasEntries(value);
  useEffect(() => {
    if (isEmpty === true) hasWaited.value = true;
    if (isEmpty === false && hasWaited.value) announcer.say("The first entry has arrived");
  }, [isEmpty]);
  return (
    <Page title="Overview">
      {value !== undefined && isEmpty === true ? (
        <FirstRun usage={value} />
      ) : value !== undefined ? (
        <LiveView usage={value} isFirst={hasWaited.value} />
      ) : problem === undefined ? (
        <Skeleton />
      ) : (
        <ProblemNotice problem={problem} onRetry={() => usage.renew()} />
      )}
    </Page>
  );
}
