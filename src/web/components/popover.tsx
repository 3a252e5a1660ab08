// A panel under its button. It closes on Escape, on a click elsewhere, and when the focus goes elsewhere.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

interface PopoverProps {
  /** On the button. */
  readonly label: ComponentChildren;
  /** Of the panel, read aloud; also of the button, unless there is a prefix. */
  readonly name: string;
  /** Read aloud before the button's label. */
  readonly prefix?: string;
  readonly icon?: IconName;
  /** "dialog" for a form, "menu" for a list of commands. */
  readonly role: "dialog" | "menu";
  /** At which end of the button the panel begins. */
  readonly align?: "start" | "end";
  /** Attribute data-popover of the button: a shortcut finds it there. */
  readonly id?: string;
  readonly children: (close: () => void) => ComponentChildren;
}

export function Popover({ label, name, prefix, icon, role, align = "start", id, children }: PopoverProps) {
  const isOpen = useSignal(false);
  const panelId = useId();
  const frame = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    isOpen.value = false;
    button.current?.focus();
  };
  useLayoutEffect(() => {
    if (!isOpen.value) return undefined;
    panelOf(frame.current)?.querySelector<HTMLElement>("[role=menuitem], [data-first], button, input")?.focus();
    const leave = (event: Event) => {
      if (event.target instanceof Node && frame.current?.contains(event.target) === true) return;
      isOpen.value = false;
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [isOpen.value]);
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !isOpen.value) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  return (
    <div class="popover" ref={frame} onKeyDown={press}>
      <button
        ref={button}
        type="button"
        class="button plain"
        aria-haspopup={role}
        aria-expanded={isOpen.value}
        aria-controls={isOpen.value ? panelId : undefined}
        aria-label={prefix === undefined ? name : undefined}
        title={name}
        data-popover={id}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        {icon === undefined ? null : <Icon name={icon} />}
        {prefix === undefined ? null : <span class="visually-hidden">{prefix} </span>}
        <span class="button-text">{label}</span>
        <Icon name="down" />
      </button>
      {isOpen.value ? (
        <div id={panelId} class={`popover-panel align-${align}`} role={role} aria-label={name}>
          {children(close)}
        </div>
      ) : null}
    </div>
  );
}

function panelOf(frame: HTMLElement | null): HTMLElement | null {
  return frame?.querySelector<HTMLElement>(".popover-panel") ?? null;
}
