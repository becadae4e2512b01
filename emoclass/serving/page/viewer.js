// One photo in large, with its boxes, and its faces beside it.

import { annotated, drawFaces, lettersFor, loadPicture, percent, sharp } from "./drawing.js";
import { Bars, blobOf, colored, count, download, element } from "./parts.js";
import { connection } from "./service.js";
import { noFaceReason } from "./tables.js";

const OPEN_FACES = 3; // with more faces, the bars of one at a time are open
const CROP_SIDE = 1.15; // of a small face in the list, in sides of the box
const LONGEST_SAVED = 4096; // pixels of an annotated picture

const $ = (id) => document.getElementById(id);

export class Viewer {
  #photo = null; // { file, name, state, entry }
  #picture = null; // its pixels; null while they load, and where the browser cannot show them
  #isUnknown = false; // whether the browser does not know the format
  #scaled = null; // the picture as large as it is shown, so that moving the pointer does not scale it again
  #scale = 1; // CSS pixels for one pixel of the picture
  #selected = -1;
  #items = []; // of the list
  #crops = [];

  /** @param app  gives `limits` */
  constructor(app) {
    this.app = app;
    const stage = $("stage");
    for (const kind of ["lost", "back"]) connection.addEventListener(kind, () => this.show(this.#photo));
    new ResizeObserver(() => this.#draw()).observe($("photos"));
    stage.addEventListener("pointermove", (event) => this.#select(this.#faceAt(event)));
    stage.addEventListener("pointerleave", () => this.#select(-1));
    stage.addEventListener("click", (event) => this.#open(this.#faceAt(event)));
    $("save-picture").addEventListener("click", () => this.#save());
  }

  /** Show a photo, or what has become of it since; null shows none. */
  async show(photo) {
    if (photo !== this.#photo) {
      this.#picture = this.#scaled = null;
      this.#isUnknown = false;
    }
    this.#photo = photo;
    this.#selected = -1;
    if (!photo) return;
    $("photo-name").textContent = photo.name;
    $("save-picture").disabled = photo.state !== "done";
    this.#list();
    this.#draw();
    if (photo.state === "failed" || this.#picture) return;
    // A picture that the service would refuse as too large is not decoded here either.
    const picture = await loadPicture(photo.file, this.app.limits.max_pixels).catch(() => null);
    if (photo !== this.#photo || this.#picture) return;
    this.#picture = picture;
    this.#isUnknown = !picture;
    this.#draw();
    this.#drawCrops();
  }

  #list() {
    const { entry, state } = this.#photo,
      faces = facesOf(entry);
    this.#items = [];
    this.#crops = [];
    const say = (kind, title, text) =>
      $("faces").replaceChildren(
        element("div", { className: `message ${kind}` }, element("h3", {}, title), element("p", {}, text)),
      );
    if (state === "failed") return say("is-problem", "Not read", sentence(entry.error));
    if (!entry && !connection.isUp)
      return say("is-waiting", "Waiting for the service", "The photo is sent as soon as the service answers again.");
    if (!entry) return say("is-waiting", "Looking for faces", "The answer comes in a moment.");
    if (!faces.length) {
      return say(
        "",
        sentence(noFaceReason(entry.n_left_out)).replace(/\.$/, ""),
        "Small, covered and averted faces are often missed. A larger or sharper picture may help.",
      );
    }
    faces.forEach((face, index) => this.#addFace(face, index, faces.length));
    const notes = [];
    if (entry.ready_made) notes.push("This picture is a face crop already, and was classified as it is.");
    if (entry.n_left_out) notes.push(`${count(entry.n_left_out, "further face")} left out.`);
    $("faces").replaceChildren(
      element("ol", { className: "face-list" }, ...this.#items),
      ...notes.map((note) => element("p", { className: "note" }, note)),
    );
    this.#drawCrops();
  }

  #addFace(face, index, n) {
    const crop = element("canvas", { width: 112, height: 112, className: "crop", aria: { hidden: "true" } });
    const number = n > 1 ? colored(element("span", { className: "number" }, String(index + 1)), face.label) : null;
    const bars = new Bars(Object.keys(face.scores)),
      isFew = n <= OPEN_FACES;
    bars.update(face.scores, face.label);
    const item = element(
      "li",
      { className: "face" },
      element(
        "details",
        { open: isFew || !index, name: isFew ? "" : "face" },
        element(
          "summary",
          {},
          crop,
          element("span", { className: "who" }, number, element("strong", {}, face.label)),
          element("span", { className: "probability" }, percent(face.probability)),
        ),
        bars.node,
      ),
    );
    for (const kind of ["pointerenter", "focusin"]) item.addEventListener(kind, () => this.#select(index));
    for (const kind of ["pointerleave", "focusout"]) item.addEventListener(kind, () => this.#select(-1));
    this.#items.push(item);
    this.#crops.push(crop);
  }

  #drawCrops() {
    const picture = this.#picture,
      { entry } = this.#photo;
    if (!picture || !entry) return;
    const scale = picture.naturalWidth / (entry.width ?? picture.naturalWidth);
    facesOf(entry).forEach(({ box }, index) => {
      const [left, top, width, height] = box?.map((value) => value * scale) ?? [
        0,
        0,
        picture.naturalWidth,
        picture.naturalHeight,
      ];
      const side = Math.max(width, height) * CROP_SIDE,
        crop = this.#crops[index];
      crop
        ?.getContext("2d")
        .drawImage(
          picture,
          left + (width - side) / 2,
          top + (height - side) / 2,
          side,
          side,
          0,
          0,
          crop.width,
          crop.height,
        );
    });
  }

  /** Draw the picture and its boxes as large as there is room. */
  #draw() {
    const stage = $("stage"),
      photo = this.#photo,
      room = stage.parentElement;
    if (!photo) return;
    room.dataset.state = connection.isUp || photo.state === "done" ? photo.state : "held";
    stage.hidden = photo.state === "failed" || !(this.#picture || (this.#isUnknown && photo.entry));
    if (stage.hidden) return;
    const { entry } = photo,
      size = this.#size();
    const scale = Math.min(room.clientWidth / size[0], parseFloat(getComputedStyle(room).maxHeight) / size[1]);
    const [width, height] = size.map((side) => Math.max(1, side * scale));
    if (!room.clientWidth) return;
    stage.style.width = `${width}px`;
    stage.style.height = `${height}px`;
    const context = sharp(stage, width, height);
    if (this.#picture) context.drawImage(this.#scaledTo(stage.width, stage.height), 0, 0, width, height);
    else {
      context.fillStyle = getComputedStyle(room).color;
      context.font = `${lettersFor(width)}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.fillText("This browser cannot show this format.", width / 2, height - 20);
    }
    this.#scale = width / (entry?.width ?? size[0]);
    drawFaces(context, boxed(entry), {
      scale: this.#scale,
      size: [width, height],
      letters: lettersFor(width),
      selected: this.#selected,
    });
    const faces = facesOf(entry).map((face) => `${face.label} ${percent(face.probability)}`);
    const said = entry?.faces ? `${count(faces.length, "face")}: ${faces.join(", ")}` : faces.join(", ");
    stage.setAttribute("aria-label", `${photo.name}: ${faces.length ? said : entry ? "no face found" : "no answer yet"}`);
  }

  #size() {
    const { entry } = this.#photo;
    return this.#picture
      ? [this.#picture.naturalWidth, this.#picture.naturalHeight]
      : [entry.width ?? 4, entry.height ?? 3];
  }

  #scaledTo(width, height) {
    if (this.#scaled?.width !== width || this.#scaled.height !== height) {
      this.#scaled = element("canvas", { width, height });
      this.#scaled.getContext("2d").drawImage(this.#picture, 0, 0, width, height);
    }
    return this.#scaled;
  }

  #faceAt({ offsetX, offsetY }) {
    const [x, y] = [offsetX / this.#scale, offsetY / this.#scale];
    return boxed(this.#photo?.entry).findIndex(
      ({ box: [left, top, width, height] }) => x >= left && y >= top && x <= left + width && y <= top + height,
    );
  }

  #select(index) {
    if (index === this.#selected) return;
    this.#selected = index;
    this.#items.forEach((item, at) => item.classList.toggle("is-selected", at === index));
    this.#draw();
  }

  #open(index) {
    const item = this.#items[index];
    if (!item) return;
    item.firstElementChild.open = true;
    item.scrollIntoView({ block: "nearest" });
  }

  async #save() {
    const { entry, name } = this.#photo,
      size = this.#size(),
      scale = Math.min(1, LONGEST_SAVED / Math.max(...size));
    const canvas = annotated(
      this.#picture,
      boxed(entry),
      size.map((side) => Math.round(side * scale)),
      entry.width ?? size[0],
    );
    download(
      `${name
        .split("/")
        .pop()
        .replace(/\.[^.]+$/, "")}-emotions.jpg`,
      await blobOf(canvas),
    );
  }
}

/** The faces of an entry; a model of whole photographs gives one without a box. */
export const facesOf = (entry) => entry?.faces ?? (entry?.label ? [entry] : []);

/** Those with a box of their own, with their numbers. */
const boxed = (entry) =>
  entry?.ready_made
    ? []
    : facesOf(entry)
        .filter((face) => face.box)
        .map((face, index) => ({ ...face, number: index + 1 }));

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
