/** The page's own tokens, handed to charts, so that both are drawn by the same hand. */

/**
 * Read the colours in force.
 * @returns {Record<"ink"|"soft"|"faint"|"line"|"hair"|"panel"|"accent"|"font", string>}
 */
export function tokens() {
  const root = getComputedStyle(document.documentElement);
  const token = (/** @type {string} */ name) => root.getPropertyValue(`--${name}`).trim();
  return {
    ink: token("ink"),
    soft: token("soft"),
    faint: token("faint"),
    line: token("line"),
    hair: token("hair"),
    panel: token("panel"),
    accent: token("accent"),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** Return the colour of a level in the scale the reader chose. @param {number} level 1 to 6 */
export const levelColour = (level) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--level-${level}`).trim() || "transparent";
