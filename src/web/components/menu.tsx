// A list of commands under a button: arrow keys, Home and End move, letters jump, Enter runs.

import { Icon, type IconName } from "./icon.tsx";
import { Popover } from "./popover.tsx";

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly isDanger?: boolean;
  readonly isDisabled?: boolean;
  readonly run: () => void;
}

interface MenuProps {
  /** On the button. */
  readonly label: string;
  /** Read aloud; the same as `label` unless it says more. */
  readonly name?: string;
  readonly icon?: IconName;
  readonly align?: "start" | "end";
  readonly items: readonly MenuItem[];
}

export function Menu({ label, name = label, icon, align = "end", items }: MenuProps) {
  return (
    <Popover label={label} name={name} role="menu" align={align} {...(icon === undefined ? {} : { icon })}>
      {(close) => (
        <div class="menu" onKeyDown={moveFocus}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={item.isDanger === true ? "menu-item danger" : "menu-item"}
              disabled={item.isDisabled}
              onClick={() => {
                close();
                item.run();
              }}
            >
              {item.icon === undefined ? null : <Icon name={item.icon} />}
              {item.label}
            </button>
          ))}
        </div>
      )}
    </Popover>
  );
}

function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("[role=menuitem]:not(:disabled)")];
  const at = items.findIndex((item) => item === document.activeElement);
  const next = nextIndex(event.key, at, items);
  if (next === undefined) return;
  event.preventDefault();
  items[next]?.focus();
}

function nextIndex(key: string, at: number, items: readonly HTMLElement[]): number | undefined {
  const count = items.length;
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return (at - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key.length !== 1) return undefined;
  const order = [...items.keys()].map((index) => (at + 1 + index) % count);
  return order.find((index) => items[index]?.textContent?.trim().toLowerCase().startsWith(key.toLowerCase()) === true);
}
