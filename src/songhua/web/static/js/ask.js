/** Asking the API: one answer or one clear fault. */
import { say } from "./format.js";

/** What the server answered when it could not do what was asked. */
export class Refused extends Error {
  /** @param {string} words @param {number} status @param {any} body */
  constructor(words, status, body) {
    super(words);
    this.status = status;
    this.body = body;
  }
}

/**
 * Ask the API, and return its answer.
 * @param {string} path below /api/v1
 * @param {Record<string, string | number | null | undefined>} [asked] empty ones are left out
 * @param {{signal?: AbortSignal, body?: object, method?: string}} [more]
 * @returns {Promise<any>}
 */
export async function ask(path, asked = {}, more = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(asked)) if (value !== null && value !== undefined && value !== "") query.set(key, String(value));
  const text = query.toString();
  const sends = more.body !== undefined;
  const answer = await fetch(`/api/v1${path}${text ? `?${text}` : ""}`, {
    method: more.method ?? (sends ? "POST" : "GET"),
    headers: sends || more.method ? { "Content-Type": "application/json", "X-CSRFToken": csrf() } : {},
    body: sends ? JSON.stringify(more.body) : undefined,
    credentials: "same-origin",
    signal: more.signal,
  }).catch((fault) => {
    if (fault.name === "AbortError") throw fault;
    throw new Refused(say("连不上服务器。请检查网络后重试。", "The server cannot be reached. Check the network and try again."), 0, {});
  });
  const body = await answer.json().catch((fault) => {
    if (fault.name === "AbortError") throw fault;
    return {};
  });
  if (answer.ok) return body;
  const unknown = say("服务器没有给出原因，请稍后重试。", "The server gave no reason. Try again in a moment.");
  throw new Refused(say(body.zh, body.en) || unknown, answer.status, body);
}

/** The CSRF token of this session, as the page carries it. */
export function csrf() {
  const field = document.querySelector("[name=csrfmiddlewaretoken]");
  return field instanceof HTMLInputElement ? field.value : "";
}
