// Two layers over the page: a modal dialog, and a panel under its button. Both take the focus, close on Escape, and
// give the focus back.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Buttons at the end of the dialog. */
  readonly actions?: ComponentChildren;
}

/**
 * A modal dialog by the browser's own element. It is open while it is rendered: `{isOpen.value ? <Dialog …/> : null}`.
 */
export function Dialog({ title, onClose, children, actions }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // A layout effect is cleaned up before the element is removed, so the focus can still be given back.
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const closeOutside = (event: MouseEvent) => {
    if (event.target === element.current) onClose();
  };
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={closeOutside}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="close" label="Close" onPress={onClose} />
        </div>
        {children}
        {actions === undefined ? null : <div class="dialog-actions">{actions}</div>}
      </div>
    </dialog>
  );
}

interface PopoverProps {
  /** The button's text. */
  readonly label: ComponentChildren;
  /** Accessible name of the panel, and of the button unless there is a prefix. */
  readonly name: string;
  /** A text before the button's label, for screen readers. */
  readonly prefix?: string;
  readonly icon?: IconName;
  /** The button's attribute data-popover, by which a shortcut finds it. */
  readonly id?: string;
  readonly children: (close: () => void) => ComponentChildren;
}

/** A button with a panel below it. It closes on Escape, on a click elsewhere, and when the focus leaves. */
export function Popover({ label, name, prefix, icon, id, children }: PopoverProps) {
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
    // A field would open the keyboard of a phone.
    const first = window.matchMedia("(pointer: coarse)").matches ? "button" : "button, input";
    panelOf(frame.current)?.querySelector<HTMLElement>(first)?.focus();
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
        aria-haspopup="dialog"
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
        <div id={panelId} class="popover-panel" role="dialog" aria-label={name}>
          {children(close)}
        </div>
      ) : null}
    </div>
  );
}

function panelOf(frame: HTMLElement | null): HTMLElement | null {
  return frame?.querySelector<HTMLElement>(".popover-panel") ?? null;
}
