// The browser's edge: the page's one element enters, the app is in it from then on.

import { options, render } from "preact";
import { assert } from "../core/errors.ts";
import { AppProvider, createApp } from "./app_context.ts";
import { AppView } from "./app_view.tsx";
import { copyTextsAsSent, showTextsSafely } from "./components/shown_text.ts";

const element = document.getElementById("app");
assert(element !== null, "page.html has an element for the app");
showTextsSafely(options);
copyTextsAsSent(document);
render(
  <AppProvider value={createApp(window)}>
    <AppView />
  </AppProvider>,
  element,
);
