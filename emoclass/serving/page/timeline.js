// The last minute of each person: how probable each emotion was, stacked over time.

import { colorOf, percent, sharp } from "./drawing.js";
import { colored, element } from "./parts.js";

export const SECONDS = 60;
const GAP = 1; // seconds without the person that leave a gap
const MOST_ROWS = 8;
const SAID_EVERY = 10; // seconds between the texts for screen readers

export class Timeline {
  #rows = new Map(); // key -> { node, canvas, samples, ... }

  constructor(node, labels) {
    this.node = node;
    this.labels = labels;
    node.replaceChildren();
  }

  /** Add what was seen of a person. */
  add(key, person, time, { scores, label }) {
    let row = this.#rows.get(key);
    if (!row) {
      const number = element("span", { className: "number" }, String(person)),
        name = element("span", { className: "name" });
      const canvas = element("canvas", { aria: { role: "img", label: `Person ${person}` } });
      row = { number, name, canvas, samples: [], saidAt: -SAID_EVERY, person };
      row.node = element("li", {}, element("span", { className: "who" }, number, name), canvas);
      this.#rows.set(key, row);
      this.node.append(row.node);
    }
    row.samples.push({ time, scores, label });
    row.name.textContent = label;
    colored(row.number, label);
  }

  /** Mark the rows: the persons that come next are numbered from 1 again. */
  endSession() {
    for (const row of this.#rows.values()) {
      if (row.isEarlier) continue;
      row.isEarlier = true;
      row.node.firstChild.append(element("small", {}, "earlier session"));
      row.saidAt = -SAID_EVERY;
    }
  }

  draw(now) {
    for (const [key, row] of this.#rows) {
      while (row.samples.length && row.samples[0].time < now - SECONDS - 1) row.samples.shift();
      const last = row.samples.at(-1);
      if (!last || (this.#rows.size > MOST_ROWS && last.time < now - GAP)) {
        row.node.remove();
        this.#rows.delete(key);
        continue;
      }
      row.node.classList.toggle("is-gone", last.time < now - GAP);
      this.#drawRow(row, now);
      if (now - row.saidAt > SAID_EVERY) {
        row.saidAt = now;
        row.canvas.setAttribute("aria-label", `Person ${row.person}${row.isEarlier ? " of an earlier session" : ""}, last minute: ${this.#shares(row.samples)}`);
      }
    }
  }

  #drawRow({ canvas, samples }, now) {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const context = sharp(canvas, width, height);
    const x = (time) => width * (1 - (now - time) / SECONDS);
    let first = 0;
    for (let end = 1; end <= samples.length; end++) {
      if (end < samples.length && samples[end].time - samples[end - 1].time <= GAP) continue;
      const stretch = samples.slice(first, end);
      first = end;
      let below = stretch.map(() => 0);
      for (const label of this.labels) {
        const above = stretch.map(({ scores }, at) => below[at] + (scores[label] ?? 0));
        context.fillStyle = colorOf(label);
        context.beginPath();
        stretch.forEach(({ time }, at) => context.lineTo(x(time), height * (1 - above[at])));
        context.lineTo(x(stretch.at(-1).time) + 1, height * (1 - above.at(-1)));
        context.lineTo(x(stretch.at(-1).time) + 1, height * (1 - below.at(-1)));
        for (let at = stretch.length - 1; at >= 0; at--) context.lineTo(x(stretch[at].time), height * (1 - below[at]));
        context.fill();
        below = above;
      }
    }
  }

  #shares(samples) {
    const n = new Map();
    for (const { label } of samples) n.set(label, (n.get(label) ?? 0) + 1);
    return [...n]
      .sort((a, b) => b[1] - a[1])
      .map(([label, each]) => `${label} ${percent(each / samples.length)} of the time`)
      .join(", ");
  }
}
