// Buttons: with a text, or with an icon alone and a name for those who cannot see it.

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  readonly onPress: () => void;
  /** "primary": the one thing to do here; "danger": what cannot be undone. */
  readonly tone?: "plain" | "primary" | "danger";
  readonly icon?: IconName;
  readonly isDisabled?: boolean;
  /** Pressed or not, for a button that stays down. */
  readonly isPressed?: boolean;
  readonly title?: string;
  readonly children: ComponentChildren;
}

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
  /** What it does: read aloud, and shown when the pointer rests on it. */
  readonly label: string;
  readonly onPress: () => void;
  readonly isDisabled?: boolean;
  readonly isPressed?: boolean;
}

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
