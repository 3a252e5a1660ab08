// Joins the window's keyboard to the list of shortcuts, while the frame is there.

import { useEffect } from "preact/hooks";
import type { App } from "../app_context.ts";

const FIELDS = "input:not([type=checkbox],[type=radio],[type=button]), textarea, select, [contenteditable=true]";

export function useKeyboard({ shortcuts }: App): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target } = event;
      const isTyping = target instanceof Element && target.matches(FIELDS);
      // A modal dialog has the keyboard for itself.
      const isBehind = document.querySelector("dialog[open]") !== null;
      shortcuts.press(event, isTyping || isBehind || event.isComposing);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [shortcuts]);
}
