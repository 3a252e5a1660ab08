// What stands where nobody is signed in: a box in the middle, with the product's name.

import type { ComponentChildren } from "preact";

interface FrontPageProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

export function FrontPage({ title, children }: FrontPageProps) {
  return (
    <main class="front-page">
      <div class="front-box">
        <p class="brand">
          <BrandMark /> SimpleLogs
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

export function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <rect width="16" height="16" rx="3.5" />
      <path d="M3.5 4.75h9M3.5 8h6M3.5 11.25h7.5" />
    </svg>
  );
}
