// Web vitals, loaded when they are asked for: each is told once it is final. One classic script, which a module can
// import too: hence the global, and no export.

import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";

/** Of web-vitals' own type: what is told. */
interface FinalMetric {
  readonly name: "CLS" | "FCP" | "INP" | "LCP" | "TTFB";
  readonly value: number;
  readonly rating: "good" | "needs-improvement" | "poor";
}

declare global {
  interface Window {
    /** Calls `tell` with the final value of each metric. */
    SimpleLogsVitals?: (tell: (metric: FinalMetric) => void) => void;
  }
}

window.SimpleLogsVitals = (tell) => {
  for (const observe of [onCLS, onFCP, onINP, onLCP, onTTFB]) observe(tell);
};
