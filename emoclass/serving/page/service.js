// The HTTP side of the page: calls with problem documents (RFC 9457), and whether the service answers at all.

const FIRST_WAIT = 1,
  LONGEST_WAIT = 30,
  CHECKED_EVERY = 10; // seconds

/** The service does not answer. */
export class Gone extends Error {}

/** The service answers that it cannot do what was asked. */
export class Problem extends Error {
  constructor(status, said, retryAfter) {
    super([said.detail || said.title || `HTTP status ${status}`, said.hint].filter(Boolean).join(" "));
    this.status = status;
    this.said = said;
    this.retryAfter = retryAfter;
  }
}

/** Relative to the page, so that it also works below a path of a reverse proxy. */
export const address = (path, query = {}) => {
  const url = new URL(path, document.baseURI);
  for (const [name, value] of Object.entries(query))
    if (value != null && value !== "") url.searchParams.set(name, value);
  return url;
};

/** Whether the service answers. Events: `lost`, `waiting` (a try was planned), `back`. */
class Connection extends EventTarget {
  isUp = true;
  seconds = 0;
  #timer;

  constructor() {
    super();
    setInterval(() => this.isUp && !document.hidden && this.#check(), CHECKED_EVERY * 1000);
  }

  lost() {
    if (!this.isUp) return;
    this.isUp = false;
    this.seconds = 0;
    this.dispatchEvent(new Event("lost"));
    this.#plan();
  }

  tryNow() {
    clearTimeout(this.#timer);
    return this.#check();
  }

  /** Resolves as soon as the service answers. */
  whenUp() {
    return this.isUp ? Promise.resolve() : new Promise((go) => this.addEventListener("back", go, { once: true }));
  }

  #plan() {
    this.seconds = Math.min(LONGEST_WAIT, this.seconds * 2 || FIRST_WAIT);
    this.dispatchEvent(new Event("waiting"));
    this.#timer = setTimeout(() => this.#check(), this.seconds * 1000);
  }

  async #check() {
    let answers = false;
    try {
      answers = (await fetch(address("healthz"), { cache: "no-store", signal: AbortSignal.timeout(5000) })).ok;
    } catch {
      /* it does not */
    }
    if (this.isUp) {
      if (!answers) this.lost();
    } else if (answers) {
      this.isUp = true;
      this.dispatchEvent(new Event("back"));
    } else this.#plan();
  }
}

export const connection = new Connection();

/** Ask the service. Returns the JSON document, or null where there is none; raises Gone or Problem. */
export async function ask(path, { query, ...options } = {}) {
  let response, text;
  try {
    response = await fetch(address(path, query), { cache: "no-store", ...options });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    connection.lost();
    throw new Gone("The service does not answer.");
  }
  const kind = response.headers.get("Content-Type") ?? "";
  const said = kind.includes("json") && text ? JSON.parse(text) : null;
  if (response.ok) return said;
  if (!said && response.status >= 502 && response.status <= 504) {
    // a proxy before the service
    connection.lost();
    throw new Gone("The service does not answer.");
  }
  throw new Problem(response.status, said ?? {}, Number(response.headers.get("Retry-After")) || 0);
}

export const json = (document) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(document),
});

/** Resolves after so many seconds. */
export const pause = (seconds) => new Promise((go) => setTimeout(go, seconds * 1000));
