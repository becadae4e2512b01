// A small picture of a photo among many, with the emotions that were found in it.

import { loadPicture } from "./drawing.js";
import { colored, element } from "./parts.js";
import { facesOf } from "./viewer.js";

const MOST_DOTS = 6; // one for each face

export class Tile {
  #canvas = element("canvas", { width: 240, height: 180 });
  #caption = element("span", { className: "caption" });
  #isDrawn = false;

  constructor(onClick) {
    this.button = element("button", { type: "button", className: "tile" }, this.#canvas, this.#caption);
    this.button.addEventListener("click", onClick);
    this.node = element("li", {}, this.button);
  }

  update({ state, entry, name }) {
    const faces = facesOf(entry);
    const n = new Map();
    for (const { label } of faces) n.set(label, (n.get(label) ?? 0) + 1);
    let said = entry ? "no face" : "waiting";
    if (state === "failed") said = "not read";
    else if (faces.length) said = [...n].map(([label, each]) => `${each} ${label}`).join(", ");
    this.button.dataset.state = state;
    this.button.setAttribute("aria-label", `${name}: ${said}`);
    this.button.title = name;
    const dots = faces.slice(0, MOST_DOTS).map(({ label }) => colored(element("span", { className: "dot" }), label));
    const words = faces.length > 1 ? String(faces.length) : (faces[0]?.label ?? said);
    this.#caption.replaceChildren(...dots, element("span", {}, words));
  }

  /** Draw the photo, once; a format that the browser does not know stays empty. */
  async draw(file) {
    if (this.#isDrawn) return;
    this.#isDrawn = true;
    const picture = await loadPicture(file).catch(() => null);
    if (!picture) return;
    const { width, height } = this.#canvas;
    const scale = Math.max(width / picture.naturalWidth, height / picture.naturalHeight);
    const [across, down] = [picture.naturalWidth * scale, picture.naturalHeight * scale];
    // Faces are mostly above the middle.
    this.#canvas.getContext("2d").drawImage(picture, (width - across) / 2, (height - down) / 3, across, down);
  }

  set isCurrent(is) {
    if (is) this.button.setAttribute("aria-current", "true");
    else this.button.removeAttribute("aria-current");
    if (is) this.button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
