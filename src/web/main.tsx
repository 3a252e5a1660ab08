// The browser's entry point: renders the app into the page's one element.

import { options, render } from "preact";
import { assert } from "../core/errors.ts";
import { createApp, createServer, Root } from "./app.tsx";
import { copyTextsAsSent, showTextsSafely } from "./components/safe_text.ts";

const element = document.getElementById("app");
assert(element !== null, "page.html has an element for the app");
showTextsSafely(options);
copyTextsAsSent(document);
const app = createApp(window);
render(<Root app={app} server={createServer(window, app)} />, element);
