// The frame around every page: header, navigation, content, shortcuts and the messages for screen readers. It keeps the
// list of projects fresh; its first response also tells whether the session is valid.

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { PageName } from "../../core/pages.ts";
import { useMayChange, useServer } from "../api/server_context.ts";
import { AdminOnly } from "../components/admin_only.tsx";
import { Icon, type IconName } from "../components/icon.tsx";
import { Link, SkipLink } from "../components/link.tsx";
import { EmptyState, Notice, ProblemNotice, Skeleton } from "../components/notice.tsx";
import { Dialog } from "../components/overlays.tsx";
import { Page } from "../components/page.tsx";
import { visibleText } from "../components/safe_text.ts";
import { AlertsPage } from "../pages/alerts/page.tsx";
import { KeysPage } from "../pages/keys/page.tsx";
import { LogsPage } from "../pages/logs/page.tsx";
import { OverviewPage } from "../pages/overview/page.tsx";
import { RefusedPage } from "../pages/refused/page.tsx";
import { RejectionsPage } from "../pages/rejections/page.tsx";
import { StoragePage } from "../pages/storage/page.tsx";
import { TimingsPage } from "../pages/timings/page.tsx";
import { TouchpointsPage } from "../pages/touchpoints/page.tsx";
import { TracePage } from "../pages/trace/page.tsx";
import { UsagePage } from "../pages/usage/page.tsx";
import { type App, useApp, useScope, useShortcut } from "../state/app_context.ts";
import { hasRange } from "../state/time_range.ts";
import { traceOf } from "../state/trace_address.ts";
import { Firings } from "./firings.tsx";
import { Header, ViewerName } from "./header.tsx";
import { Markers } from "./markers.tsx";
import { Strip } from "./strip.tsx";
import { useViews, ViewLinks } from "./views.tsx";

const PAGES: Readonly<Record<PageName, ComponentType>> = {
  overview: OverviewPage,
  logs: LogsPage,
  timings: TimingsPage,
  alerts: AlertsPage,
  touchpoints: TouchpointsPage,
  keys: KeysPage,
  usage: UsagePage,
  rejections: RejectionsPage,
  refused: RefusedPage,
  storage: StoragePage,
};

/** How often the list of projects is refreshed, in ms. */
const USAGE_POLL_MS = 30_000;
/** How often the states of alerts are refreshed, in ms. */
const ALERTS_POLL_MS = 15_000;
const CONTENT_ID = "content";

/** The signed-in app: the frame with the page that the address names. */
export function Frame() {
  const app = useApp();
  const { router, announcer } = app;
  const { api, session, usage, viewer, alerts, refreshes } = useServer();
  const isHelpOpen = useSignal(false);
  const signOutProblem = useSignal("");
  useKeyboard(app);
  useViews();
  useEffect(() => {
    usage.start((signal) => api.get("/api/v1/usage", {}, signal), USAGE_POLL_MS);
    return () => usage.clear();
  }, [usage, api]);
  useEffect(() => {
    alerts.start((signal) => api.get("/api/v1/alerts", {}, signal), ALERTS_POLL_MS);
    return () => alerts.clear();
  }, [alerts, api]);
  useEffect(() => {
    if (refreshes.value === 0) return;
    usage.refresh();
    alerts.refresh();
  }, [usage, alerts, refreshes.value]);
  useEffect(() => {
    // Now and then: a reader may be given other projects.
    viewer.start((signal) => api.get("/api/v1/session", {}, signal), USAGE_POLL_MS);
    return () => viewer.clear();
  }, [viewer, api]);
  const openHelp = () => {
    isHelpOpen.value = true;
  };
  const signOut = async () => {
    const outcome = await api.signOut();
    if (outcome.ok || outcome.problem.kind === "signed_out") {
      app.searches.clear();
      session.end();
    } else signOutProblem.value = outcome.problem.message;
  };
  useShortcut("?", "Show keyboard shortcuts", openHelp, "Anywhere");
  useShortcut("/", "Search", () => focusSearch(app), "Anywhere");
  const { page, parameters, unknownPath } = router.address.value;
  // A trace lies over any page.
  const shown = traceOf(parameters) === undefined ? page : "trace";
  return (
    <div class="frame">
      <SkipLink target={CONTENT_ID} />
      <Header onHelp={openHelp} onSignOut={() => void signOut()} />
      {session.state.value === "unknown" ? null : <Strip />}
      <Navigation />
      <main id={CONTENT_ID} class="content" tabIndex={-1}>
        {signOutProblem.value === "" ? null : (
          <Notice tone="error" title="Sign-out failed: ">
            {signOutProblem.value}
          </Notice>
        )}
        <RangeProblem />
        <Markers />
        <Firings />
        {session.state.value === "unknown" ? (
          <FirstAnswer />
        ) : unknownPath === undefined || shown === "trace" ? (
          <AllowedPage key={shown} page={shown} />
        ) : (
          <UnknownPage path={unknownPath} />
        )}
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

/** A page, where whoever is signed in may see it. */
function AllowedPage({ page }: { readonly page: PageName | "trace" }) {
  if (page === "trace") return <TracePage />;
  const ShownPage = PAGES[page];
  if (!ADMIN_PAGES.has(page)) return <ShownPage />;
  return (
    <AdminOnly title={NAVIGATION.find((item) => item.page === page)?.label ?? ""}>
      <ShownPage />
    </AdminOnly>
  );
}

/** Stands where there is no page: a mistyped address, or a link to a page that an older or newer version has. */
function UnknownPage({ path }: { readonly path: string }) {
  const items = useNavigation();
  return (
    <Page title="Not found">
      <EmptyState title="There is no page here">
        <p>
          There is no page at <code class="unknown-path">{visibleText(path)}</code>. The app has these:
        </p>
        <ul class="unknown-pages">
          {items.map(({ page, label }) => (
            <li key={page}>
              <Link page={page}>{label}</Link>
            </li>
          ))}
        </ul>
      </EmptyState>
    </Page>
  );
}

/** Shown until the first response tells whether the session is valid. */
function FirstAnswer() {
  const { router } = useApp();
  const { usage } = useServer();
  const { problem } = usage.state.value;
  const { page, unknownPath } = router.address.value;
  const label = NAVIGATION.find((item) => item.page === page)?.label;
  return (
    <div class="page">
      <h1>{unknownPath === undefined ? label : "Not found"}</h1>
      {problem === undefined ? <Skeleton /> : <ProblemNotice problem={problem} onRetry={() => usage.refresh()} />}
    </div>
  );
}

function RangeProblem() {
  const { router } = useApp();
  const { rangeProblem } = useScope();
  return rangeProblem === undefined || !hasRange(router.address.value) ? null : (
    <Notice tone="warn">{rangeProblem}</Notice>
  );
}

/** Focuses the page's search field, or opens the logs. */
function focusSearch({ router }: Pick<ReturnType<typeof useApp>, "router">): void {
  const field = document.querySelector<HTMLInputElement>("[data-search-field]");
  if (field === null) router.go(router.place("logs"));
  else {
    field.focus();
    field.select();
  }
}

interface NavigationItem {
  readonly page: PageName;
  readonly label: string;
  readonly icon: IconName;
  readonly keys: string;
}

const NAVIGATION: readonly NavigationItem[] = [
  { page: "overview", label: "Overview", icon: "overview", keys: "g o" },
  { page: "logs", label: "Logs", icon: "logs", keys: "g l" },
  { page: "timings", label: "Timings", icon: "timings", keys: "g t" },
  { page: "alerts", label: "Alerts", icon: "alerts", keys: "g a" },
  { page: "touchpoints", label: "Touchpoints", icon: "touchpoints", keys: "g p" },
  { page: "keys", label: "Keys", icon: "keys", keys: "g k" },
  { page: "usage", label: "Usage", icon: "usage", keys: "g u" },
  { page: "rejections", label: "Rejections", icon: "rejections", keys: "g r" },
  { page: "refused", label: "Refused", icon: "refused", keys: "g f" },
  { page: "storage", label: "Storage", icon: "storage", keys: "g s" },
];

/** The pages that whoever is signed in may see. */
function useNavigation(): readonly NavigationItem[] {
  const mayChange = useMayChange();
  return NAVIGATION.filter(({ page }) => mayChange || !ADMIN_PAGES.has(page));
}

/** How much of the previous item stays visible, so that the strip looks scrollable. */
const STRIP_MARGIN_PX = 40;

function Navigation() {
  const { router } = useApp();
  const { page, unknownPath } = router.address.value;
  const items = useNavigation();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // On a phone the pages are a strip that scrolls. Keep the current one in view.
    const current = list.current?.querySelector<HTMLElement>("[aria-current]")?.parentElement;
    if (current) list.current?.scrollTo({ left: current.offsetLeft - STRIP_MARGIN_PX });
  }, [page]);
  return (
    <nav class="navigation" aria-label="Pages">
      <ul ref={list}>
        {items.map((item) => (
          <li key={item.page}>
            <NavigationLink item={item} isCurrent={item.page === page && unknownPath === undefined} />
          </li>
        ))}
      </ul>
      <ViewLinks />
      <span class="navigation-viewer narrow-only">
        <ViewerName />
      </span>
    </nav>
  );
}

/** Pages of what readers may not see. */
const ADMIN_PAGES: ReadonlySet<PageName> = new Set(["keys", "refused"]);

/** Pages with the same search: it goes from one to the other. */
const SEARCHED: ReadonlySet<PageName> = new Set(["logs", "timings"]);

function NavigationLink({ item, isCurrent }: { readonly item: NavigationItem; readonly isCurrent: boolean }) {
  const { router } = useApp();
  const { page, parameters } = router.address.value;
  const { q } = parameters;
  const carried = q !== undefined && !isCurrent && SEARCHED.has(page) && SEARCHED.has(item.page) ? { q } : {};
  useShortcut(item.keys, item.label, () => router.go(router.place(item.page, carried)), "Go to");
  return (
    <Link page={item.page} parameters={carried} class="navigation-link" current={isCurrent}>
      <Icon name={item.icon} />
      <span>{item.label}</span>
    </Link>
  );
}

function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  const { shortcuts, setShortcuts } = useApp();
  const all = shortcuts.all.value;
  const groups = [...new Set(all.map((shortcut) => shortcut.group))];
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <div class="shortcut-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl class="shortcut-list">
              {all
                .filter((shortcut) => shortcut.group === group)
                .map((shortcut) => (
                  <div key={`${shortcut.keys} ${shortcut.label}`}>
                    <dt>
                      {shortcut.keys.split(" ").map((key, index) => (
                        <kbd key={index}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{shortcut.label}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcuts.areOn.value}
          onChange={(event) => setShortcuts(event.currentTarget.checked)}
        />
        Enable single-key shortcuts
      </label>
    </Dialog>
  );
}

const FIELDS = "input:not([type=checkbox],[type=radio],[type=button]), textarea, select, [contenteditable=true]";

/** Enter on a button or a link presses it, and nothing else. */
const TAKES_ENTER = `${FIELDS}, a, button`;

function useKeyboard({ shortcuts }: App): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target } = event;
      const isTyping = target instanceof Element && target.matches(event.key === "Enter" ? TAKES_ENTER : FIELDS);
      // A modal dialog keeps the keyboard for itself.
      const isBehind = document.querySelector("dialog[open]") !== null;
      shortcuts.press(event, isTyping || isBehind || event.isComposing);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [shortcuts]);
}
