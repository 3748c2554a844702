/** Smooth lines for the names of rivers: names cannot stand on every bend of the real ones. */

const STEP = 0.04;
const SPREAD = 9;

/** @typedef {[number, number]} Point */

/**
 * Return a smooth line for every named river that is long enough to carry its name.
 * @param {{features: {properties: Record<string, any>, geometry: {type: string, coordinates: any[]}}[]}} rivers
 */
export function nameLines(rivers) {
  const features = rivers.features
    .filter((one) => one.properties.name_zh && one.geometry.type === "LineString" && one.geometry.coordinates.length > 1)
    .map((one) => ({ type: "Feature", properties: one.properties, geometry: { type: "LineString", coordinates: smooth(even(one.geometry.coordinates)) } }))
    .filter((one) => one.geometry.coordinates.length > 8);
  return { type: "FeatureCollection", features };
}

/** Points at even distances along a line. @param {Point[]} line @returns {Point[]} */
function even(line) {
  const points = [line[0]];
  let rest = STEP;
  for (let at = 1; at < line.length; at += 1) {
    let [x, y] = line[at - 1];
    const [toX, toY] = line[at];
    let left = Math.hypot(toX - x, toY - y);
    while (left >= rest) {
      x += ((toX - x) * rest) / left;
      y += ((toY - y) * rest) / left;
      points.push([x, y]);
      left = Math.hypot(toX - x, toY - y);
      rest = STEP;
    }
    rest -= left;
  }
  return points;
}

/** Each point becomes the mean of its neighbours. @param {Point[]} points @returns {Point[]} */
function smooth(points) {
  return points.map((_, at) => {
    const reach = Math.min(SPREAD, at, points.length - 1 - at);
    const near = points.slice(at - reach, at + reach + 1);
    return [mean(near.map((point) => point[0])), mean(near.map((point) => point[1]))];
  });
}

/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
