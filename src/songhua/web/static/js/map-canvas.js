/** The map itself: base layers, stations as dots, cities as pills. Colours come from the page's tokens. */
import * as maplibre from "../vendor/maplibre-gl/maplibre-gl.mjs";
import { figure, say, token } from "./songhua.js";
import { Pills } from "./map-pills.js";
import { nameLines } from "./river-names.js";

const BASE = new URL("../map/", import.meta.url).href;
const BOUNDS = /** @type {[[number, number], [number, number]]} */ ([[121.55, 40.75], [131.4, 46.4]]);
const LIMITS = /** @type {[[number, number], [number, number]]} */ ([[112, 36], [140, 52]]);
const GROUPS = {
  stations: ["stations", "stations-missing", "stations-picked"],
  beyond: ["beyond"],
  counties: ["counties-line"],
  water: ["rivers", "lakes", "river-names"],
};
/** @type {any} */
const NOTHING = { type: "FeatureCollection", features: [] };

/** Whether this browser can draw the map. */
export function canDraw() {
  return Boolean(document.createElement("canvas").getContext("webgl2"));
}

export class AirMap {
  /**
   * @param {HTMLElement} box
   * @param {{onPick: (pick: import("./map-state.js").Pick | null) => void, onMove?: (camera: [number, number, number]) => void,
   *   tip?: (row: import("./map-data.js").Row) => HTMLElement, camera?: [number, number, number] | null, still?: boolean, scale?: number, places: () => number}} hooks
   */
  constructor(box, hooks) {
    this.box = box;
    this.hooks = hooks;
    /** @type {import("./map-data.js").Row[]} */
    this.sites = [];
    this.picked = "";
    /** @type {string[]} */
    this.off = [];
    this.scale = hooks.scale ?? 1;
    /** @type {any} */
    this.map = new maplibre.Map({
      container: box,
      style: style(this.scale),
      bounds: BOUNDS,
      fitBoundsOptions: { padding: 16 },
      ...(hooks.camera ? { center: [hooks.camera[0], hooks.camera[1]], zoom: hooks.camera[2] } : {}),
      maxBounds: LIMITS,
      minZoom: 3.5,
      maxZoom: 15,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      keyboard: false,
      interactive: !hooks.still,
      fadeDuration: 0,
      locale: { "NavigationControl.ZoomIn": say("放大", "Zoom in"), "NavigationControl.ZoomOut": say("缩小", "Zoom out"), "Map.Title": say("地图", "Map") },
    });
    this.map.touchZoomRotate.disableRotation();
    if (!hooks.still) {
      this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-left");
      this.map.addControl(new maplibre.ScaleControl({ maxWidth: 80 }), "bottom-left");
    }
    this.pills = new Pills(box, this.map, (key) => hooks.onPick({ scope: "city", key }));
    this.ready = new Promise((done) => this.map.once("load", () => done(null)));
    this.ready.then(() => this.draw());
    this.ready.then(() => this.nameRivers());
    this.watch();
  }

  watch() {
    const { map, hooks } = this;
    if (hooks.still) return;
    map.on("moveend", (/** @type {any} */ event) => {
      if (!event.originalEvent) return;
      const { lng, lat } = map.getCenter();
      hooks.onMove?.([lng, lat, map.getZoom()]);
    });
    map.on("click", (/** @type {any} */ event) => {
      const found = this.at(event.point);
      hooks.onPick(found ? { scope: "site", key: found } : null);
    });
    map.on("mousemove", (/** @type {any} */ event) => {
      const found = this.at(event.point);
      map.getCanvas().style.cursor = found ? "pointer" : "";
      this.tip(found, event.point);
    });
    map.on("mouseout", () => this.tip("", null));
  }

  /** The station at a point, or nothing. @param {{x: number, y: number}} point */
  at({ x, y }) {
    const layers = ["stations", "stations-missing", "beyond"].filter((name) => this.map.getLayer(name));
    const found = this.map.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers });
    return /** @type {string} */ (found[0]?.properties.key ?? "");
  }

  /** @param {string} key @param {{x: number, y: number} | null} point */
  tip(key, point) {
    this.tipBox?.remove();
    this.tipBox = undefined;
    const row = key && this.sites.find((one) => one.key === key);
    if (!row || !point || !this.hooks.tip) return;
    const box = this.hooks.tip(row);
    this.tipBox = box;
    this.box.append(box);
    const { clientWidth, clientHeight } = this.box;
    const left = point.x + 14 + box.offsetWidth > clientWidth ? point.x - 14 - box.offsetWidth : point.x + 14;
    const top = Math.min(point.y + 14, clientHeight - box.offsetHeight - 4);
    box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /** @param {import("./map-data.js").Row[]} sites @param {import("./map-data.js").Row[]} cities @param {number[]} levels shown; empty for all */
  show(sites, cities, levels) {
    const shown = (/** @type {import("./map-data.js").Row} */ row) => !levels.length || levels.includes(row.shade);
    this.sites = sites;
    this.features = {
      type: "FeatureCollection",
      features: sites
        .filter((row) => row.lon !== null && row.lat !== null && shown(row))
        .map((row) => ({
          type: "Feature",
          geometry: { type: "Point", coordinates: [row.lon, row.lat] },
          properties: { key: row.key, shade: row.shade, index: row.index ?? -1, own: row.own },
        })),
    };
    this.pills.show(cities.filter(shown).map((row) => ({
      key: row.key,
      lon: row.lon,
      lat: row.lat,
      name: say(row.short, row.en),
      value: figure(row.value, this.hooks.places()),
      level: row.shade,
      reason: row.reason,
    })), /** @type {any} */ (sites.filter((row) => row.own && row.lon !== null)));
    this.draw();
  }

  async nameRivers() {
    const answer = await fetch(`${BASE}rivers.json`).catch(() => null);
    const source = (this.map.getSource("river-names"));
    if (answer?.ok) source?.setData(nameLines(await answer.json()));
  }

  draw() {
    const source = (this.map.getSource("stations"));
    if (source && this.features) source.setData(this.features);
  }

  /** @param {import("./map-state.js").Pick | null} pick */
  pick(pick) {
    this.picked = pick?.scope === "site" ? pick.key : "";
    this.pills.pick(pick?.scope === "city" ? pick.key : "");
    this.ready.then(() => this.map.setFilter("stations-picked", ["==", ["get", "key"], this.picked]));
  }

  /** Show or hide layers. @param {string[]} off */
  layers(off) {
    this.off = off;
    this.pills.box.hidden = off.includes("cities");
    this.ready.then(() => {
      for (const [group, names] of Object.entries(GROUPS)) {
        for (const name of names) this.map.setLayoutProperty(name, "visibility", off.includes(group) ? "none" : "visible");
      }
    });
  }

  /** Light or dark, official or safe colours: draw again with the tokens in force. */
  async look() {
    await this.ready;
    for (const layer of style(this.scale).layers) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) this.map.setPaintProperty(layer.id, name, value);
    }
  }

  /** Draw dots and names larger or smaller. @param {number} scale */
  rescale(scale) {
    this.scale = scale;
    this.look();
    this.ready.then(() => this.map.setLayoutProperty("river-names", "text-size", 11.5 * scale));
  }

  /** The whole province in sight. */
  fit() {
    this.map.fitBounds(BOUNDS, { padding: 16, animate: false });
  }

  /** Bring a place into sight if it is not. @param {number | null} lon @param {number | null} lat */
  reveal(lon, lat) {
    if (lon === null || lat === null || this.map.getBounds().contains([lon, lat])) return;
    this.map.easeTo({ center: [lon, lat], duration: 400 });
  }
}

/** @param {number} scale @returns {any} */
function style(scale) {
  const shades = [1, 2, 3, 4, 5, 6].flatMap((level) => [level, token(`level-${level}`)]);
  const grow = (/** @type {number} */ small, /** @type {number} */ large) => ["interpolate", ["linear"], ["zoom"], 5, small * scale, 11, large * scale];
  const flat = (/** @type {string} */ name) => ({ type: "geojson", data: `${BASE}${name}.json` });
  return {
    version: 8,
    sources: {
      provinces: flat("neighbours"),
      counties: flat("counties"),
      cities: flat("cities"),
      lakes: flat("lakes"),
      rivers: flat("rivers"),
      "river-names": { type: "geojson", data: NOTHING },
      stations: { type: "geojson", data: NOTHING },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": token("bg") } },
      { id: "beyond-land", type: "fill", source: "provinces", paint: { "fill-color": token("out"), "fill-outline-color": token("line") } },
      { id: "land", type: "fill", source: "counties", paint: { "fill-color": token("land"), "fill-antialias": false } },
      { id: "counties-line", type: "line", source: "counties", paint: { "line-color": token("hair"), "line-width": 0.8 } },
      { id: "lakes", type: "fill", source: "lakes", paint: { "fill-color": token("water") } },
      { id: "rivers", type: "line", source: "rivers", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": token("water"), "line-width": grow(1.3, 2.6) } },
      { id: "cities-line", type: "line", source: "cities", paint: { "line-color": token("edge"), "line-width": grow(0.8, 1.4) } },
      {
        id: "river-names", type: "symbol", source: "river-names",
        layout: { "symbol-placement": "line", "symbol-spacing": 260, "text-field": ["get", say("name_zh", "name_en")], "text-size": 11.5 * scale, "text-letter-spacing": say(0.12, 0.02), "text-font": ["Noto Sans CJK SC"], "text-max-angle": say(40, 60), "text-padding": 6 },
        paint: { "text-color": token("water-ink"), "text-halo-color": token("land"), "text-halo-width": 1.2 },
      },
      {
        id: "beyond", type: "circle", source: "stations", filter: ["!", ["get", "own"]],
        paint: { "circle-radius": grow(2.6, 6), "circle-color": ["match", ["get", "shade"], ...shades, token("out")], "circle-opacity": 0.45, "circle-stroke-width": 0.7, "circle-stroke-color": token("edge"), "circle-stroke-opacity": 0.6 },
      },
      {
        id: "stations-missing", type: "circle", source: "stations", filter: ["all", ["get", "own"], ["==", ["get", "shade"], 0]],
        paint: { "circle-radius": grow(4, 8), "circle-color": token("land"), "circle-stroke-width": 1.4, "circle-stroke-color": token("soft") },
      },
      {
        id: "stations", type: "circle", source: "stations", filter: ["all", ["get", "own"], [">", ["get", "shade"], 0]],
        layout: { "circle-sort-key": ["get", "index"] },
        paint: { "circle-radius": grow(4.4, 9), "circle-color": ["match", ["get", "shade"], ...shades, token("out")], "circle-stroke-width": 0.8, "circle-stroke-color": token("ink"), "circle-stroke-opacity": 0.7 },
      },
      {
        id: "stations-picked", type: "circle", source: "stations", filter: ["==", ["get", "key"], ""],
        paint: { "circle-radius": grow(7.5, 12), "circle-opacity": 0, "circle-color": token("ink"), "circle-stroke-width": 2, "circle-stroke-color": token("ink") },
      },
    ],
  };
}
