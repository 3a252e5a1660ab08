// The app's icons, drawn in the colour of the text. They are decoration: the element around an icon has its own name.

const PATHS = {
  overview: "M2 13V8m4 5V3m4 10V6m4 7V4",
  logs: "M2 4h12M2 8h8M2 12h10",
  timings: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3l2 2",
  alerts: "M4 11V7a4 4 0 0 1 8 0v4l1.5 1.5h-11zM6.5 14.5h3",
  touchpoints: "M3 3h4v3H3zM9 10h4v3H9zM5 6v5.5h4",
  keys: "M10 9.5a3.5 3.5 0 1 0-3.2-2L2 12.3V14h3v-2h2l1-1.5",
  usage: "M2 12a6 6 0 1 1 12 0M8 12l3-4",
  rejections: "M8 2 1.5 13.5h13zM8 6.5v3M8 11.5v.2",
  refused: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM4 12 12 4",
  storage: "M2.5 4c0-3 11-3 11 0v8c0 3-11 3-11 0zM2.5 4c0 3 11 3 11 0M2.5 8c0 3 11 3 11 0",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6 14 14",
  zoomOut: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6 14 14M4.8 7h4.4",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3",
  copy: "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3",
  check: "m3 8.5 3.5 3.5L13 4.5",
  close: "m4 4 8 8m0-8-8 8",
  chevron: "m6 4 4 4-4 4",
  down: "m4 6 4 4 4-4",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3l2 2",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 3v10l8-5z",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  download: "M8 2v8m-3-3 3 3 3-3M3 13.5h10",
  wrap: "M2 4h12M2 8h10a2.3 2.3 0 0 1 0 4.6H9m1.5-2L9 12.6l1.5 1.9M2 12.6h3.5",
  compare: "M3 13.5V6h3v7.5M10 13.5v-11h3v11M1.5 13.5h13",
  view: "M4 2.5h8v11L8 10.5l-4 3z",
  link: "M7 9a2.5 2.5 0 0 0 3.6.2l2.2-2.2a2.6 2.6 0 0 0-3.7-3.7L8 4.4M9 7a2.5 2.5 0 0 0-3.6-.2L3.2 9a2.6 2.6 0 0 0 3.7 3.7L8 11.6",
  help: "M6 6a2 2 0 1 1 2.7 1.9c-.5.2-.7.6-.7 1.1M8 11.5v.2M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z",
  exit: "M9.5 2.5H3v11h6.5M7 8h7m-2.5-2.5L14 8l-2.5 2.5",
  edit: "M3 13h2.2l7-7L10 3.8l-7 7zM8.6 5.2l2.2 2.2",
  trace: "M2 3h8M5 8h6M8 13h6",
  follow: "M2 3h6M2 8h6M2 13h6M12 2.5v11m-2.5-2.5L12 13.5l2.5-2.5",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** An icon in the colour of the text, hidden from screen readers. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
