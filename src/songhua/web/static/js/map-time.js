/** The time under the map: a slider over a window of what the shelf holds, play, and a date. */
import { say } from "./format.js";
import { DAY, HOUR, clock, isoDay, midnight, readTime, sayDay, sayTime } from "./time.js";
import { make, part } from "./songhua.js";

const PACE = 700;
/** How much the slider spans at once. */
const WINDOW = { hour: 4 * DAY, day: 366 * DAY };
const STEP = { hour: HOUR, day: DAY };

export class TimeBar {
  /** @param {{onTime: (ms: number, settled: boolean) => void, onPeriod: (period: "hour" | "day") => void, ready: () => Promise<unknown>}} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {"hour" | "day"} */
    this.period = "hour";
    /** @type {[number, number] | null} */
    this.ends = null;
    this.time = 0;
    this.from = 0;
    this.to = 0;
    this.playing = false;
    this.slider = /** @type {HTMLInputElement} */ (part("slider"));
    this.date = /** @type {HTMLInputElement} */ (part("date"));
    this.press = part("play");
    this.slider.addEventListener("input", () => this.pickStep(false));
    this.slider.addEventListener("change", () => this.pickStep(true));
    this.press.addEventListener("click", () => this.toggle());
    part("earlier").addEventListener("click", () => this.shift(-1));
    part("later").addEventListener("click", () => this.shift(1));
    this.date.addEventListener("change", () => this.jump());
    for (const button of part("periods").querySelectorAll("button")) {
      button.addEventListener("click", () => hooks.onPeriod(button.dataset.period === "day" ? "day" : "hour"));
    }
  }

  /** @param {"hour" | "day"} period @param {[number, number] | null} ends @param {number | null} time */
  show(period, ends, time) {
    const moved = period !== this.period || ends?.join() !== this.ends?.join();
    this.period = period;
    this.ends = ends;
    this.time = time ?? ends?.[1] ?? 0;
    if (moved || this.time < this.from || this.time > this.to) this.frame();
    for (const button of part("periods").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.period === period));
    this.draw();
  }

  /** Choose the window around the time. */
  frame() {
    const [first, last] = this.ends ?? [this.time, this.time];
    const step = STEP[this.period];
    const span = WINDOW[this.period];
    if (last - first < span) {
      [this.from, this.to] = [Math.min(first, this.time), Math.max(last, this.time)];
    } else {
      const middle = midnight(this.time - span / 2);
      this.from = Math.max(first, Math.min(middle, last - span + step));
      this.to = this.from + span - step;
    }
    this.drawTicks();
  }

  draw() {
    const step = STEP[this.period];
    this.slider.max = String(Math.max(1, Math.round((this.to - this.from) / step)));
    this.slider.value = String(Math.round((this.time - this.from) / step));
    this.slider.disabled = this.ends === null;
    const done = this.to > this.from ? ((this.time - this.from) / (this.to - this.from)) * 100 : 0;
    this.slider.style.setProperty("--done", `calc(7px + (100% - 14px) * ${done / 100})`);
    const said = this.ends ? sayTime(this.time, this.period) : "—";
    this.slider.setAttribute("aria-valuetext", said);
    part("now").textContent = said;
    part("now-sub").textContent = this.ends ? `${clock(this.time).year} · ${this.period === "hour" ? say("小时均值", "hourly means") : say("日均值", "daily means")}` : " ";
    this.date.value = this.ends ? isoDay(this.time) : "";
    if (this.ends) [this.date.min, this.date.max] = this.ends.map(isoDay);
    const [first, last] = this.ends ?? [0, 0];
    /** @type {HTMLButtonElement} */ (part("earlier")).disabled = this.from <= first;
    /** @type {HTMLButtonElement} */ (part("later")).disabled = this.to >= last;
    this.press.setAttribute("aria-pressed", String(this.playing));
    this.press.setAttribute("aria-label", this.playing ? say("暂停", "Pause") : say("播放", "Play"));
  }

  drawTicks() {
    const span = this.to - this.from;
    const ticks = [];
    const room = Math.max(120, part("ticks").clientWidth);
    if (span > 0) {
      const marks = this.period === "hour" ? this.midnights() : this.months();
      const each = Math.ceil((marks.length * 52) / room);
      for (const [at, { ms, words }] of marks.entries()) {
        if (at % each) continue;
        const mark = make("span", null, words);
        mark.style.left = `${((ms - this.from) / span) * 100}%`;
        ticks.push(mark);
      }
    }
    part("ticks").replaceChildren(...ticks);
  }

  midnights() {
    const found = [];
    for (let ms = midnight(this.from + DAY - 1); ms <= this.to; ms += DAY) found.push({ ms, words: sayDay(ms) });
    return found.length ? found : [{ ms: this.from, words: sayDay(this.from) }];
  }

  months() {
    const found = [];
    for (let ms = midnight(this.from); ms <= this.to; ms += DAY) {
      const { month, day, year } = clock(ms);
      if (day === 1) found.push({ ms, words: month === 1 ? String(year) : say(`${month}月`, sayDay(ms).split(" ")[1]) });
    }
    return found.length > 1 ? found : [{ ms: this.from, words: sayDay(this.from) }, ...(this.to > this.from ? [{ ms: this.to, words: sayDay(this.to) }] : [])];
  }

  /** @param {boolean} settled */
  pickStep(settled) {
    this.stop();
    this.go(this.from + Number(this.slider.value) * STEP[this.period], settled);
  }

  /** @param {number} steps */
  move(steps) {
    this.stop();
    this.go(this.time + steps * STEP[this.period], true);
  }

  /** @param {number} windows */
  shift(windows) {
    this.stop();
    this.go(this.time + windows * (this.to - this.from + STEP[this.period]), true);
  }

  jump() {
    const day = readTime(this.date.value);
    if (day === null) return;
    this.stop();
    this.go(this.period === "day" ? day : day + (this.time - midnight(this.time)), true);
  }

  /** @param {number} ms @param {boolean} settled */
  go(ms, settled) {
    if (!this.ends) return;
    this.time = Math.max(this.ends[0], Math.min(this.ends[1], ms));
    if (this.time < this.from || this.time > this.to) this.frame();
    this.draw();
    this.hooks.onTime(this.time, settled);
  }

  toggle() {
    if (this.playing) {
      this.stop();
      this.hooks.onTime(this.time, true);
    } else {
      this.play();
    }
  }

  async play() {
    if (!this.ends) return;
    this.playing = true;
    if (this.time >= this.to) this.go(this.from, false);
    this.draw();
    while (this.playing && this.time < this.to) {
      await new Promise((done) => setTimeout(done, PACE));
      if (!this.playing) return;
      this.go(this.time + STEP[this.period], false);
      await this.hooks.ready();
    }
    this.stop();
    this.hooks.onTime(this.time, true);
  }

  stop() {
    if (!this.playing) return;
    this.playing = false;
    this.draw();
  }
}
