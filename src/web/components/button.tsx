// Buttons with a text, or with an icon and an accessible name.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../state/app_context.ts";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  readonly onPress: () => void;
  /** "primary": the main action of its place. "danger": an action that cannot be undone. */
  readonly tone?: "plain" | "primary" | "danger";
  readonly icon?: IconName;
  readonly isDisabled?: boolean;
  /** The state of a toggle button. Absent: not a toggle. */
  readonly isPressed?: boolean;
  readonly title?: string;
  readonly children: ComponentChildren;
}

/** A button with a text, and perhaps an icon. */
export function Button({ onPress, tone = "plain", icon, isDisabled, isPressed, title, children }: ButtonProps) {
  return (
    <button
      type="button"
      class={`button ${tone}`}
      onClick={onPress}
      disabled={isDisabled}
      aria-pressed={isPressed}
      title={title}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  /** Accessible name and tooltip. */
  readonly label: string;
  readonly onPress: () => void;
  readonly isDisabled?: boolean;
  readonly isPressed?: boolean;
}

/** A button with only an icon. The label is its accessible name and tooltip. */
export function IconButton({ icon, label, onPress, isDisabled, isPressed }: IconButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      onClick={onPress}
      disabled={isDisabled}
      aria-pressed={isPressed}
    >
      <Icon name={icon} />
    </button>
  );
}

/** How long the check mark is shown, in ms. */
const SHOWN_MS = 1_500;

interface CopyButtonProps {
  readonly text: string;
  /** Accessible name: "Copy the key". */
  readonly label?: string;
}

/** Copies a text, and announces it. Without a clipboard (plain HTTP on a LAN address) it asks to select the text. */
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
      announcer.say("The browser does not allow this page to copy. Select the text instead");
    }
  };
  return <IconButton icon={isCopied.value ? "check" : "copy"} label={label} onPress={() => void copy()} />;
}
