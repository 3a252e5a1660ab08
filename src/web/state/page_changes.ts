// Whether a page is the first one that is shown: the focus moves to a page's title only when somebody comes from another page.

export class PageChanges {
  #hasArrived = false;

  /** Called by each page once, when it appears. False for the first. */
  arrive(): boolean {
    const isChange = this.#hasArrived;
    this.#hasArrived = true;
    return isChange;
  }
}
