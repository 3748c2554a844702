/**
 * A series of up to millions of steps as typed arrays, and what a chart asks of it.
 * Steps are even: the place of a value is its time. Extremes are kept a block at a time, so that a
 * view of everything costs as little as a view of a day.
 */
const BLOCK = 256;

/** @typedef {{site: string, quantity: string, symbol: string, zh: string, en: string, unit: string, places: number, from: number, step: number, count: number, seen: number, marks: {mark: string, zh: string, en: string, valid: boolean, check: boolean}[]}} Head */

export class Series {
  /** Read what `/api/v1/review/course` answers. @param {ArrayBuffer} bytes */
  constructor(bytes) {
    const length = new DataView(bytes).getUint32(0, true);
    /** @type {Head} */
    this.head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    const { count, from, step } = this.head;
    this.count = count;
    this.from = from;
    this.step = step;
    this.values = new Float32Array(bytes, 4 + length, count);
    this.verdicts = new Uint8Array(bytes, 4 + length + 4 * count, count);
    this.marks = new Uint8Array(bytes, 4 + length + 5 * count, count);
    /** What is drawn: the values, without what calibrations read. */
    this.drawn = this.values;
    if (this.head.marks.some((one) => one.check)) {
      const check = Uint8Array.from(this.head.marks, (one) => (one.check ? 1 : 0));
      this.drawn = this.values.map((value, at) => (check[this.marks[at]] ? NaN : value));
    }
    this.#summarise();
  }

  #summarise() {
    const { count, drawn: values, verdicts, marks } = this;
    const blocks = Math.ceil(count / BLOCK);
    this.low = new Float32Array(blocks).fill(NaN);
    this.high = new Float32Array(blocks).fill(NaN);
    const judged = [];
    const marked = [];
    for (let block = 0; block < blocks; block += 1) {
      let low = Infinity;
      let high = -Infinity;
      const end = Math.min(count, (block + 1) * BLOCK);
      for (let at = block * BLOCK; at < end; at += 1) {
        const value = values[at];
        if (value < low) low = value;
        if (value > high) high = value;
        if (verdicts[at] !== 0) judged.push(at);
        if (marks[at] !== 0) marked.push(at);
      }
      if (low <= high) {
        this.low[block] = low;
        this.high[block] = high;
      }
    }
    /** Places whose verdict is suspect or worse. */
    this.judged = Int32Array.from(judged);
    /** Places that carry a mark. */
    this.marked = Int32Array.from(marked);
  }

  /** @param {number} at */
  time(at) {
    return this.from + at * this.step;
  }

  /** @param {number} ms */
  place(ms) {
    return (ms - this.from) / this.step;
  }

  /** @param {number} at */
  markOf(at) {
    return this.head.marks[this.marks[at]];
  }

  /**
   * Return lowest and highest value of [first, end), whole blocks at once; null where there is none.
   * @param {number} first @param {number} end @returns {[number, number] | null}
   */
  extremes(first, end) {
    const { drawn: values } = this;
    const low = /** @type {Float32Array} */ (this.low);
    const high = /** @type {Float32Array} */ (this.high);
    let least = Infinity;
    let most = -Infinity;
    let at = Math.max(0, first);
    const last = Math.min(this.count, end);
    while (at < last) {
      if (at % BLOCK === 0 && at + BLOCK <= last) {
        const block = at / BLOCK;
        if (low[block] < least) least = low[block];
        if (high[block] > most) most = high[block];
        at += BLOCK;
      } else {
        const value = values[at];
        if (value < least) least = value;
        if (value > most) most = value;
        at += 1;
      }
    }
    return least <= most ? [least, most] : null;
  }

  /** Return the range of places [from, to) of a sorted list that lie in [first, end). @param {Int32Array} list @param {number} first @param {number} end @returns {[number, number]} */
  static within(list, first, end) {
    return [lower(list, first), lower(list, end)];
  }
}

/** The first place of a sorted list whose entry is not less. @param {Int32Array} list @param {number} least */
function lower(list, least) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * What of a series is chosen: a mask, and its runs.
 */
export class Selection {
  /** @param {Series} series */
  constructor(series) {
    this.series = series;
    this.mask = new Uint8Array(series.count);
    this.size = 0;
    /** @type {[number, number][]} */
    this.runs = [];
  }

  clear() {
    for (const [first, end] of this.runs) this.mask.fill(0, first, end);
    this.#settle();
  }

  /**
   * Choose what has a value or a mark in [first, end).
   * @param {number} first @param {number} end @param {(value: number) => boolean} [fits]
   */
  add(first, end, fits) {
    const { values, marks } = this.series;
    const last = Math.min(this.series.count, end);
    for (let at = Math.max(0, first); at < last; at += 1) {
      const there = !Number.isNaN(values[at]) || marks[at] !== 0;
      if (there && (!fits || fits(values[at]))) this.mask[at] = 1;
    }
    this.#settle();
  }

  /** @param {number} at */
  toggle(at) {
    if (!this.mask[at]) return this.add(at, at + 1);
    this.mask[at] = 0;
    this.#settle();
  }

  /**
   * Choose by a rule within [first, end): a test of each place.
   * @param {number} first @param {number} end @param {(at: number) => boolean} test
   */
  where(first, end, test) {
    const { values, marks } = this.series;
    const last = Math.min(this.series.count, end);
    for (let at = Math.max(0, first); at < last; at += 1) {
      if ((!Number.isNaN(values[at]) || marks[at] !== 0) && test(at)) this.mask[at] = 1;
    }
    this.#settle();
  }

  #settle() {
    const { mask } = this;
    const runs = [];
    let size = 0;
    let first = mask.indexOf(1);
    while (first >= 0) {
      let end = first;
      while (end < mask.length && mask[end] === 1) end += 1;
      runs.push(/** @type {[number, number]} */ ([first, end]));
      size += end - first;
      first = mask.indexOf(1, end);
    }
    this.runs = runs;
    this.size = size;
  }

  /** The times of all that is chosen. @returns {number[]} */
  times() {
    const times = [];
    for (const [first, end] of this.runs) for (let at = first; at < end; at += 1) times.push(this.series.time(at));
    return times;
  }

  /** First and last place chosen; null where nothing is. @returns {[number, number] | null} */
  bounds() {
    const { runs } = this;
    return runs.length ? [runs[0][0], runs[runs.length - 1][1] - 1] : null;
  }
}
