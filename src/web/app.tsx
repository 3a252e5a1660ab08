// The composition root: joins the parts to the browser, and shows one of three screens. The address stays the same
// through a sign-in, so the user lands on the page that the link named.

import { computed, signal } from "@preact/signals";
import type { UsageResponse, ViewerResponse } from "../core/account_responses.ts";
import type { AlertsResponse } from "../core/alert_responses.ts";
import { sentTimeZone } from "../core/time_zone.ts";
import type { ViewsResponse } from "../core/views.ts";
import { Api } from "./api/client.ts";
import { type Server, ServerProvider, useServer } from "./api/server_context.ts";
import { Tail } from "./api/tail.ts";
import { Frame } from "./frame/frame.tsx";
import { ReadingOff, SignIn } from "./frame/sign_in.tsx";
import { Announcer, type App, AppProvider, PageChanges } from "./state/app_context.ts";
import { browserEnvironment, readSetting, sharedText, waitFor, watchTheme, writeSetting } from "./state/browser.ts";
import { Connection, type Probe } from "./state/connection.ts";
import { Query } from "./state/query.ts";
import { RecentSearches } from "./state/recent_searches.ts";
import { Router } from "./state/router.ts";
import { createSignedFetch, Session } from "./state/session.ts";
import { Shortcuts } from "./state/shortcuts.ts";
import { clocksOf } from "./state/time_range.ts";

const SHORTCUTS_SETTING = "simplelogs.shortcuts";
const SEARCHES_SETTING = "simplelogs.searches";
const SESSION_SECRET = "simplelogs.session";

/** The half that knows no server. */
export function createApp(window: Window): App {
  const router = new Router(window);
  const environment = browserEnvironment(window);
  const shortcuts = new Shortcuts(() => performance.now(), readSetting(window, SHORTCUTS_SETTING) !== "off");
  return {
    router,
    shortcuts,
    setShortcuts: (areOn) => {
      shortcuts.areOn.value = areOn;
      writeSetting(window, SHORTCUTS_SETTING, areOn ? "on" : "off");
    },
    announcer: new Announcer(),
    pageChanges: new PageChanges(),
    environment,
    connection: new Connection(environment, probeOf(window)),
    searches: new RecentSearches({
      read: () => readSetting(window, SEARCHES_SETTING),
      write: (text) => writeSetting(window, SEARCHES_SETTING, text),
    }),
    markers: signal([]),
    firings: signal([]),
    clocks: computed(() => clocksOf(router.address.value.parameters)),
    isDark: watchTheme(window.matchMedia("(prefers-color-scheme: dark)")),
  };
}

/** The half that talks to the server. The page's attribute data-reading says whether reading is configured. */
export function createServer(window: Window, { environment, connection, clocks }: App): Server {
  const { reading } = window.document.documentElement.dataset;
  const session = new Session(reading !== "off", sharedText(window, SESSION_SECRET));
  const fetch = createSignedFetch((path, init) => window.fetch(path, init), session);
  const { schedule } = environment;
  const timeZone = () => (clocks.peek() === "utc" ? undefined : sentTimeZone());
  const onResponse = () => {
    session.confirm();
    connection.reached();
  };
  return {
    api: new Api({ fetch, wait: (ms, signal) => waitFor(ms, signal, schedule), onResponse, timeZone }),
    session,
    usage: new Query<UsageResponse>(environment),
    viewer: new Query<ViewerResponse>(environment),
    views: new Query<ViewsResponse>(environment),
    alerts: new Query<AlertsResponse>(environment),
    refreshes: signal(0),
    isSecure: window.isSecureContext,
    createTail: (onBatch) => new Tail({ fetch, schedule, onBatch, timeZone }),
  };
}

/** Asks whether the process answers. A proxy answers for one that does not with a status above 500. */
function probeOf(window: Window): Probe {
  return async (signal) => {
    try {
      return (await window.fetch("/healthz", { signal, cache: "no-store" })).ok;
    } catch {
      return false;
    }
  };
}

interface RootProps {
  readonly app: App;
  readonly server: Server;
}

/** The whole page. */
export function Root({ app, server }: RootProps) {
  return (
    <AppProvider value={app}>
      <ServerProvider value={server}>
        <Screen />
      </ServerProvider>
    </AppProvider>
  );
}

function Screen() {
  const { session } = useServer();
  const state = session.state.value;
  if (state === "off") return <ReadingOff />;
  if (state === "signed_out" || state === "expired") return <SignIn hasExpired={state === "expired"} />;
  return <Frame />;
}
