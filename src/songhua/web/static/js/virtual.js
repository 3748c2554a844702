/** A long list of rows of one height, of which only those in sight are drawn. */

const SPARE = 8;
/** Where the page is one column, rows are as high as a finger. */
export const STACKED = matchMedia("(max-width: 900px), (max-height: 540px)");

/** Draws the rows in sight into a body, with a spacer above and below. */
export class Rows {
  /**
   * @param {HTMLElement} scroller what scrolls
   * @param {HTMLElement} body where rows go
   * @param {{height: number, draw: (row: any, index: number) => HTMLElement, spacer: (height: number) => HTMLElement}} how
   */
  constructor(scroller, body, how) {
    this.scroller = scroller;
    this.body = body;
    this.how = how;
    /** @type {any[]} */
    this.rows = [];
    this.shown = "";
    scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(scroller);
  }

  /** @param {any[]} rows */
  show(rows) {
    this.rows = rows;
    this.shown = "";
    this.draw();
  }

  draw() {
    const { height } = this.how;
    const grows = this.scroller.scrollHeight <= this.scroller.clientHeight + 1 && getComputedStyle(this.scroller).overflowY === "visible";
    const first = grows ? 0 : Math.max(0, Math.floor(this.scroller.scrollTop / height) - SPARE);
    const last = grows ? Math.min(this.rows.length, 400) : Math.min(this.rows.length, Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / height) + SPARE);
    const shown = `${first}-${last}`;
    if (shown === this.shown) return;
    this.shown = shown;
    const drawn = [];
    if (first > 0) drawn.push(this.how.spacer(first * height));
    for (let at = first; at < last; at += 1) drawn.push(this.how.draw(this.rows[at], at));
    if (last < this.rows.length) drawn.push(this.how.spacer((this.rows.length - last) * height));
    this.body.replaceChildren(...drawn);
  }

  /** Bring a row into sight. @param {number} index */
  reveal(index) {
    const { height } = this.how;
    const top = index * height;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + height > this.scroller.scrollTop + this.scroller.clientHeight - height) {
      this.scroller.scrollTop = top + 2 * height - this.scroller.clientHeight;
    }
    this.draw();
  }

  stop() {
    this.watch.disconnect();
  }
}
