// Copies a text, and says so. Without a clipboard (http on a LAN address has none) it says that instead.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useApp } from "../app_context.ts";
import { IconButton } from "./button.tsx";

/** How long the tick stays, in ms. */
const SHOWN_MS = 1_500;

interface CopyButtonProps {
  readonly text: string;
  /** What is copied: "Copy the key". */
  readonly label?: string;
}

export function CopyButton({ text, label = "Copy" }: CopyButtonProps) {
  const { announcer, environment } = useApp();
  const isCopied = useSignal(false);
  useEffect(() => {
    if (!isCopied.value) return undefined;
    return environment.schedule(() => {
      isCopied.value = false;
    }, SHOWN_MS);
  }, [isCopied.value]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      isCopied.value = true;
      announcer.say("Copied");
    } catch {
      announcer.say("The browser does not let this page copy: select the text instead");
    }
  };
  return <IconButton icon={isCopied.value ? "check" : "copy"} label={label} onPress={() => void copy()} />;
}
