// Which records are markers, the lines in charts that say when something happened, such as a deploy.

/** From the configuration. */
export interface MarkerRule {
  /** A search that finds them. It parses. */
  readonly q: string;
  /** The field that names each, as a search writes it. */
  readonly label: string;
}
