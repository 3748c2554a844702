/** Cities as pills with their value, moved apart where they would lie on each other. */
import { make } from "./songhua.js";
import { sayReason } from "./format.js";

const GAP = 3;
/** Where a pill may stand from its city, nearest first: [x, y] in pill widths and heights. */
const PLACES = [[0, -1.35], [0, 1.35], [0.72, -0.9], [-0.72, -0.9], [0.72, 0.9], [-0.72, 0.9], [0.85, 0], [-0.85, 0], [0, -2.5], [0, 2.5], [0.8, -2.1], [-0.8, -2.1], [0.8, 2.1], [-0.8, 2.1]];

/**
 * @typedef {{key: string, lon: number, lat: number, name: string, value: string, level: number, reason: string}} Pill
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 */

export class Pills {
  /** @param {HTMLElement} box @param {any} map @param {(key: string) => void} onPick */
  constructor(box, map, onPick) {
    this.map = map;
    this.onPick = onPick;
    this.picked = "";
    this.names = "";
    /** @type {Pill[]} */
    this.pills = [];
    /** @type {{lon: number, lat: number}[]} */
    this.dots = [];
    /** @type {Map<string, HTMLElement>} */
    this.drawn = new Map();
    /** @type {Map<string, [number, number]>} */
    this.placed = new Map();
    this.box = make("div.pills");
    box.append(this.box);
    map.on("move", () => this.move());
    map.on("moveend", () => this.arrange());
    map.on("zoom", () => this.arrange());
    map.on("resize", () => this.arrange());
  }

  /** @param {Pill[]} pills @param {{lon: number, lat: number}[]} dots what they should not hide */
  show(pills, dots) {
    const names = pills.map((one) => `${one.key}${one.value.length}`).join();
    this.pills = pills;
    this.dots = dots;
    this.box.replaceChildren(
      ...pills.map((one) => {
        const made = make("button.city-pill", { type: "button", "data-key": one.key, "aria-pressed": String(one.key === this.picked), title: one.level ? null : sayReason(one.reason) },
          one.name, make(`u.level-${one.level}`, null, one.value));
        made.addEventListener("click", () => this.onPick(one.key));
        this.drawn.set(one.key, made);
        return made;
      }),
    );
    if (names !== this.names) this.arrange();
    else this.move();
    this.names = names;
  }

  /** @param {string} key */
  pick(key) {
    this.picked = key;
    for (const made of this.box.querySelectorAll("button")) made.setAttribute("aria-pressed", String(made.dataset.key === key));
  }

  /** Choose a place for each pill that hides no other and as few dots as can be. */
  arrange() {
    /** @type {Box[]} */
    const taken = [];
    const dots = this.dots.map((dot) => this.map.project([dot.lon, dot.lat]));
    const anchors = this.pills.map((one) => ({ one, ...this.map.project([one.lon, one.lat]) }));
    for (const { one, x, y } of anchors.sort((a, b) => a.y - b.y)) {
      const made = this.drawn.get(one.key);
      const w = made?.offsetWidth || 70;
      const h = made?.offsetHeight || 22;
      let best = PLACES[0];
      let least = Infinity;
      for (const [order, [dx, dy]] of PLACES.entries()) {
        const box = { x: x + dx * w - w / 2, y: y + dy * h - h / 2, w, h };
        const middle = { x: box.x + w / 2, y: box.y + h / 2 };
        const strays = anchors.some((other) => other.one !== one && Math.hypot(other.x - middle.x, other.y - middle.y) < Math.hypot(x - middle.x, y - middle.y));
        const cut = box.x < 2 || box.y < 2 || box.x + w > this.box.clientWidth - 2 || box.y + h > this.box.clientHeight - 2;
        const cost = order + (strays ? 40 : 0) + (cut ? 60 : 0) + 1000 * taken.filter((other) => overlap(box, other)).length + 8 * dots.filter((dot) => inside(dot, box)).length;
        if (cost < least) [least, best] = [cost, [dx, dy]];
      }
      taken.push({ x: x + best[0] * w - w / 2, y: y + best[1] * h - h / 2, w, h });
      this.placed.set(one.key, [best[0] * w - w / 2, best[1] * h - h / 2]);
    }
    this.move();
  }

  move() {
    for (const one of this.pills) {
      const made = this.drawn.get(one.key);
      const [dx, dy] = this.placed.get(one.key) ?? [0, 0];
      const { x, y } = this.map.project([one.lon, one.lat]);
      if (made) made.style.transform = `translate(${Math.round(x + dx)}px, ${Math.round(y + dy)}px)`;
    }
  }
}

/** @param {Box} a @param {Box} b */
const overlap = (a, b) => a.x < b.x + b.w + GAP && b.x < a.x + a.w + GAP && a.y < b.y + b.h + GAP && b.y < a.y + a.h + GAP;

/** @param {{x: number, y: number}} dot @param {Box} box */
const inside = (dot, box) => dot.x > box.x - 5 && dot.x < box.x + box.w + 5 && dot.y > box.y - 5 && dot.y < box.y + box.h + 5;
