// Parts of the page that photos and the camera share.

import { colorOf, percent } from "./drawing.js";

/** Create an element: `element("p", { className: "note" }, "text", child, ...)`. */
export function element(name, properties = {}, ...children) {
  const { dataset, aria, ...others } = properties;
  const node = Object.assign(document.createElement(name), others);
  for (const [key, value] of Object.entries(aria ?? {})) node.setAttribute(key === "role" ? key : `aria-${key}`, value);
  Object.assign(node.dataset, dataset ?? {});
  node.append(...children.filter((child) => child != null));
  return node;
}

/** A node that is colored as an emotion. */
export function colored(node, emotion) {
  node.style.setProperty("--emotion", colorOf(emotion));
  return node;
}

export const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** A bar for each emotion, with its number beside; `update` moves them. */
export class Bars {
  #rows = new Map();

  constructor(labels) {
    this.node = element("ul", { className: "bars" });
    for (const label of labels) {
      const bar = colored(element("span", { className: "bar" }), label),
        value = element("span", { className: "value" });
      const row = element(
        "li",
        {},
        element("span", { className: "name" }, label),
        element("span", { className: "track", aria: { hidden: "true" } }, bar),
        value,
      );
      this.node.append(row);
      this.#rows.set(label, { row, bar, value });
    }
  }

  update(scores, label) {
    for (const [emotion, { row, bar, value }] of this.#rows) {
      const share = scores[emotion] ?? 0;
      bar.style.width = `${100 * share}%`;
      value.textContent = percent(share);
      row.classList.toggle("is-label", emotion === label);
    }
  }
}

/** Says things to screen readers, at most one each few seconds, and only the newest. */
export class Announcer {
  #node;
  #seconds;
  #timer;
  #said = "";
  #next = "";

  constructor(node, seconds = 4) {
    this.#node = node;
    this.#seconds = seconds;
  }

  say(text) {
    this.#next = text;
    if (!this.#timer) this.#speak();
  }

  #speak() {
    this.#timer = undefined;
    if (this.#next === this.#said) return;
    this.#node.textContent = this.#said = this.#next;
    this.#timer = setTimeout(() => this.#speak(), this.#seconds * 1000);
  }
}

/** Hand a file to the browser's downloads. */
export function download(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The file of a canvas. */
export const blobOf = (canvas, type = "image/jpeg", quality = 0.92) =>
  new Promise((done) => canvas.toBlob(done, type, quality));
