// The pages, in one place: name, icon, and the keys that lead to each.

import { useEffect, useRef } from "preact/hooks";
import type { PageName } from "../../core/pages.ts";
import { useApp } from "../app_context.ts";
import { Icon, type IconName } from "../components/icon.tsx";
import { Link } from "../components/link.tsx";
import { useShortcut } from "../hooks.ts";

interface NavigationItem {
  readonly page: PageName;
  readonly label: string;
  readonly icon: IconName;
  readonly keys: string;
}

export const NAVIGATION: readonly NavigationItem[] = [
  { page: "overview", label: "Overview", icon: "overview", keys: "g o" },
  { page: "logs", label: "Logs", icon: "logs", keys: "g l" },
  { page: "timings", label: "Timings", icon: "timings", keys: "g t" },
  { page: "touchpoints", label: "Touchpoints", icon: "touchpoints", keys: "g p" },
  { page: "keys", label: "Keys", icon: "keys", keys: "g k" },
  { page: "usage", label: "Usage", icon: "usage", keys: "g u" },
  { page: "rejections", label: "Rejections", icon: "rejections", keys: "g r" },
  { page: "storage", label: "Storage", icon: "storage", keys: "g s" },
];

/** What is left of the page before, so that it shows there is one. */
const STRIP_MARGIN_PX = 40;

export function Navigation() {
  const { router } = useApp();
  const { page } = router.address.value;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // On a phone the pages are a strip: the current one must be in sight.
    const current = list.current?.querySelector<HTMLElement>("[aria-current]")?.parentElement;
    if (current) list.current?.scrollTo({ left: current.offsetLeft - STRIP_MARGIN_PX });
  }, [page]);
  return (
    <nav class="navigation" aria-label="Pages">
      <ul ref={list}>
        {NAVIGATION.map((item) => (
          <li key={item.page}>
            <NavigationLink item={item} isCurrent={item.page === page} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function NavigationLink({ item, isCurrent }: { readonly item: NavigationItem; readonly isCurrent: boolean }) {
  const { router } = useApp();
  useShortcut(item.keys, item.label, () => router.go(router.place(item.page)), "Go to");
  return (
    <Link page={item.page} class="navigation-link" current={isCurrent}>
      <Icon name={item.icon} />
      <span>{item.label}</span>
    </Link>
  );
}
