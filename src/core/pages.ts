// The app's pages: the server gives the app under each path, and the app shows the page of that path.

/** Path of each page, by its name. */
export const PAGE_PATHS = {
  overview: "/",
  logs: "/logs",
  timings: "/timings",
  alerts: "/alerts",
  touchpoints: "/touchpoints",
  keys: "/keys",
  usage: "/usage",
  rejections: "/rejections",
  refused: "/refused",
  storage: "/storage",
} as const;

export type PageName = keyof typeof PAGE_PATHS;

/** In the order of the navigation. */
export const PAGE_NAMES = Object.keys(PAGE_PATHS) as readonly PageName[];
