// The frame around every page: header, navigation, content, and what a screen reader hears. It keeps the list of projects fresh,
// which is also the first question, so it tells whether somebody is signed in.

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import type { PageName } from "../../core/pages.ts";
import { useApp } from "../app_context.ts";
import { SkipLink } from "../components/link.tsx";
import { Notice, ProblemNotice, Skeleton } from "../components/notice.tsx";
import { useScope, useShortcut } from "../hooks.ts";
import { KeysPage } from "../pages/keys.tsx";
import { LogsPage } from "../pages/logs.tsx";
import { OverviewPage } from "../pages/overview.tsx";
import { RejectionsPage } from "../pages/rejections.tsx";
import { StoragePage } from "../pages/storage.tsx";
import { TimingsPage } from "../pages/timings.tsx";
import { TouchpointsPage } from "../pages/touchpoints.tsx";
import { UsagePage } from "../pages/usage.tsx";
import { Header } from "./header.tsx";
import { useKeyboard } from "./keyboard.ts";
import { NAVIGATION, Navigation } from "./navigation.tsx";
import { ShortcutHelp } from "./shortcut_help.tsx";

const PAGES: Readonly<Record<PageName, ComponentType>> = {
  overview: OverviewPage,
  logs: LogsPage,
  timings: TimingsPage,
  touchpoints: TouchpointsPage,
  keys: KeysPage,
  usage: UsagePage,
  rejections: RejectionsPage,
  storage: StoragePage,
};

/** The list of projects is renewed so often, in ms. */
const USAGE_POLL_MS = 30_000;
const CONTENT_ID = "content";

export function Frame() {
  const app = useApp();
  const { api, router, session, usage, announcer, refreshes } = app;
  const isHelpOpen = useSignal(false);
  const signOutProblem = useSignal("");
  useKeyboard(app);
  useEffect(() => {
    usage.start((signal) => api.ask("/api/v1/usage", {}, signal), USAGE_POLL_MS);
    return () => usage.clear();
  }, [usage, api]);
  useEffect(() => {
    if (refreshes.value > 0) usage.renew();
  }, [usage, refreshes.value]);
  const openHelp = () => {
    isHelpOpen.value = true;
  };
  const signOut = async () => {
    const outcome = await api.signOut();
    if (outcome.ok || outcome.problem.kind === "signed_out") session.end();
    else signOutProblem.value = outcome.problem.message;
  };
  useShortcut("?", "Show the shortcuts", openHelp, "Anywhere");
  useShortcut("/", "Search", () => focusSearch(app), "Anywhere");
  const { page } = router.address.value;
  const Page = PAGES[page];
  return (
    <div class="frame">
      <SkipLink target={CONTENT_ID} />
      <Header onHelp={openHelp} onSignOut={() => void signOut()} />
      <Navigation />
      <main id={CONTENT_ID} class="content" tabIndex={-1}>
        {signOutProblem.value === "" ? null : (
          <Notice tone="error" title="Not signed out: ">
            {signOutProblem.value}
          </Notice>
        )}
        <RangeProblem />
        {session.state.value === "unknown" ? <FirstAnswer /> : <Page key={page} />}
      </main>
      <div class="visually-hidden" role="status" aria-live="polite">
        {announcer.message.value}
      </div>
      {isHelpOpen.value ? (
        <ShortcutHelp
          onClose={() => {
            isHelpOpen.value = false;
          }}
        />
      ) : null}
    </div>
  );
}

/** Until the server has answered once, nobody knows whether there is a session. */
function FirstAnswer() {
  const { usage, router } = useApp();
  const { problem } = usage.state.value;
  const { page } = router.address.value;
  return (
    <div class="page">
      <h1>{NAVIGATION.find((item) => item.page === page)?.label}</h1>
      {problem === undefined ? <Skeleton /> : <ProblemNotice problem={problem} onRetry={() => usage.renew()} />}
    </div>
  );
}

function RangeProblem() {
  const { rangeProblem } = useScope();
  return rangeProblem === undefined ? null : <Notice tone="warn">{rangeProblem}</Notice>;
}

/** The page's own search, or else the one of the logs. */
function focusSearch({ router }: Pick<ReturnType<typeof useApp>, "router">): void {
  const field = document.querySelector<HTMLInputElement>("[data-search-field]");
  if (field === null) router.go(router.place("logs"));
  else {
    field.focus();
    field.select();
  }
}
