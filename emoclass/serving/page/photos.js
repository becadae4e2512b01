// Photos: they are sent in small groups, and shown with their faces as the answers come.

import { Announcer, colored, count, download, element } from "./parts.js";
import { ask, connection, Gone, pause } from "./service.js";
import { predictionsCsv } from "./tables.js";
import { Tile } from "./tile.js";
import { facesOf, Viewer } from "./viewer.js";

const MOST_PHOTOS = 500; // in the list at once
const GROUP = 4,
  AT_ONCE = 2; // photos in a request, and requests at once
const OVERHEAD = 2000; // bytes of a request for each photo beside the file itself

// What is taken from a dropped folder; files that were chosen one by one are always tried.
const IMAGES = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf])$/i;

// They are not sent: the service would refuse them after the upload.
const VIDEOS = /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv|3gp|ogv|mts)$/i;
const IS_VIDEO = "this is a video. The page shows photos and the camera. Videos: see the documentation";

const $ = (id) => document.getElementById(id);

export class Photos {
  #photos = [];
  #chosen = null; // the one that is shown in large
  #viewer;
  #running = 0;
  #busy = 0; // requests that the service had no room for
  #round = 0; // rises when the settings change: answers to older questions are dropped
  #pasted = 0;
  #thumbnails = Promise.resolve(); // one after the other: each takes the memory of a whole picture
  #status = new Announcer($("photos-spoken"));

  /** @param app  gives `limits`, `query()` for the chosen model and emotions, `labels()`, and `signIn()` */
  constructor(app) {
    this.app = app;
    this.#viewer = new Viewer(app);
    for (const kind of ["lost", "back"]) connection.addEventListener(kind, () => this.#refresh());
    $("choose").addEventListener("click", () => $("files").click());
    $("more").addEventListener("click", () => $("files").click());
    $("files").addEventListener("change", () => {
      this.add([...$("files").files]);
      $("files").value = "";
    });
    $("clear").addEventListener("click", () => this.clear());
    $("save-csv").addEventListener("click", () =>
      download("emotions.csv", predictionsCsv(this.#entries(), app.labels()), "text/csv"),
    );
    $("save-json").addEventListener("click", () =>
      download("emotions.json", `${JSON.stringify(this.#entries(), null, 2)}\n`, "application/json"),
    );
    $("previous").addEventListener("click", () => this.#step(-1));
    $("next").addEventListener("click", () => this.#step(1));
    document.addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (files.length && app.isReady)
        app.showPhotos(files.map((file) => new File([file], this.#pastedName(file), { type: file.type })));
    });
  }

  add(files) {
    const room = MOST_PHOTOS - this.#photos.length,
      taken = files.slice(0, room);
    $("too-many").hidden = taken.length === files.length;
    $("too-many").textContent =
      `Only ${count(taken.length, "photo")} of ${files.length.toLocaleString("en")} were added: ` +
      `the page shows up to ${MOST_PHOTOS.toLocaleString("en")}. For more, use the command emoclass predict.`;
    for (const file of taken) {
      const photo = { file, name: file.path ?? (file.webkitRelativePath || file.name), state: "waiting", entry: null };
      const { max_bytes: most } = this.app.limits;
      if (file.type.startsWith("video/") || VIDEOS.test(file.name)) {
        photo.isFinal = true;
        this.#fail(photo, IS_VIDEO);
      } else if (file.size + OVERHEAD > most) {
        photo.isFinal = true;
        this.#fail(photo, `too large: ${megabytes(file.size)}, and the service takes at most ${megabytes(most)}`);
      }
      photo.tile = new Tile(() => this.#show(photo));
      photo.tile.update(photo);
      $("strip").append(photo.tile.node);
      this.#photos.push(photo);
    }
    if (!this.#chosen && this.#photos.length) this.#show(this.#photos[0]);
    this.#refresh();
    this.#run();
  }

  /** Ask again about all photos: the model or the emotions have changed. */
  restart() {
    this.#round++;
    for (const photo of this.#photos) if (!photo.isFinal) photo.state = "waiting";
    this.#refresh();
    this.#run();
  }

  clear() {
    this.#round++;
    this.#photos = [];
    this.#chosen = null;
    this.#viewer.show(null);
    $("strip").replaceChildren();
    $("too-many").hidden = true;
    this.#refresh();
    $("choose").focus();
  }

  // Asking the service.

  #run() {
    while (this.#running < AT_ONCE && this.#photos.some((photo) => photo.state === "waiting")) {
      this.#running++;
      this.#work().finally(() => {
        this.#running--;
        this.#refresh();
      });
    }
  }

  async #work() {
    for (let group; (group = this.#nextGroup()).length;) {
      const read = [];
      for (const photo of group) {
        try {
          read.push({ photo, bytes: await photo.file.arrayBuffer() });
        } catch {
          // a changed file would look like a lost connection
          this.#fail(photo, "the file has changed or is gone since it was chosen");
        }
      }
      if (read.length) await this.#judge(read);
    }
  }

  #nextGroup() {
    const { max_images: images, max_bytes: most } = this.app.limits,
      group = [];
    let bytes = 0;
    for (const photo of this.#photos) {
      if (photo.state !== "waiting") continue;
      bytes += photo.file.size + OVERHEAD;
      if (group.length && (bytes > most || group.length >= Math.min(GROUP, images))) break;
      photo.state = "sent";
      group.push(photo);
    }
    return group;
  }

  /** Send a group, and wait for the answer, however often the service is busy or gone meanwhile. */
  async #judge(group) {
    const round = this.#round;
    while (round === this.#round) {
      try {
        const entries = await this.#ask(group);
        if (round !== this.#round) return;
        group.forEach(({ photo }, index) => this.#answer(photo, entries[index]));
        break;
      } catch (problem) {
        if (round !== this.#round) return;
        if (problem instanceof Gone) await connection.whenUp();
        else if (problem.status === 401) await this.app.signIn();
        else if (problem.status === 503 || problem.status === 429) await this.#waitForRoom(problem.retryAfter || 2);
        else if (group.length > 1) {
          // one of them is refused: which one?
          for (const one of group) await this.#judge([one]);
          break;
        } else {
          this.#fail(group[0].photo, problem.message);
          break;
        }
      }
    }
    this.#refresh();
  }

  async #waitForRoom(seconds) {
    this.#busy++;
    this.#refresh();
    await pause(seconds);
    this.#busy--;
  }

  async #ask(group) {
    const body = new FormData();
    for (const { photo, bytes } of group) body.append("image", new Blob([bytes]), photo.file.name);
    try {
      return await ask("v1/predictions", { method: "POST", body, query: this.app.query() });
    } catch (problem) {
      if (problem.said?.errors?.length === group.length) return problem.said.errors;
      throw problem;
    }
  }

  #answer(photo, entry) {
    if (entry?.error?.startsWith("a video")) return this.#fail(photo, IS_VIDEO); // its hint is a command
    if (!entry || entry.error) return this.#fail(photo, entry?.error ?? "the service gave no answer");
    photo.state = "done";
    photo.entry = { ...entry, path: photo.name };
    photo.tile.update(photo);
    this.#thumbnails = this.#thumbnails.then(() => photo.tile.draw(photo.file));
    if (photo === this.#chosen) this.#show(photo);
  }

  #fail(photo, reason) {
    Object.assign(photo, { state: "failed", entry: { path: photo.name, error: reason } });
    photo.tile?.update(photo);
    if (photo === this.#chosen) this.#show(photo);
  }

  #entries() {
    return this.#photos.filter((photo) => photo.entry).map((photo) => photo.entry);
  }

  // What is shown.

  #refresh() {
    const all = this.#photos;
    const done = all.filter((photo) => photo.state === "done" || photo.state === "failed");
    $("photos-empty").hidden = all.length > 0;
    $("photos-results").hidden = all.length === 0;
    $("photos-results").classList.toggle("is-single", all.length === 1);
    if (!all.length) return;
    const isDone = done.length === all.length;
    const summary = this.#summary(done);
    $("summary").textContent = isDone
      ? summary
      : all.length === 1
        ? connection.isUp
          ? "Looking for faces"
          : "Waiting for the service"
        : `${done.length} of ${all.length} photos`;
    this.#status.say(isDone ? summary : `${done.length} of ${count(all.length, "photo")} done`);
    $("busy").hidden = isDone || !this.#busy;
    $("progress").hidden = isDone;
    Object.assign($("progress"), { max: all.length, value: done.length });
    for (const id of ["save-csv", "save-json"]) $(id).disabled = !done.length;
    this.#showShares(done);
    const position = all.indexOf(this.#chosen);
    $("position").textContent = `${position + 1} of ${all.length}`;
    $("previous").disabled = position <= 0;
    $("next").disabled = position >= all.length - 1;
  }

  #summary(done) {
    const read = done.filter((photo) => photo.state === "done");
    const isSearched = read.some((photo) => photo.entry.faces); // a model of whole photographs looks for none
    const faces = read.reduce((sum, photo) => sum + facesOf(photo.entry).length, 0);
    const without = read.filter((photo) => !facesOf(photo.entry).length).length;
    const failed = done.length - read.length;
    return [
      count(done.length, "photo"),
      (isSearched || !read.length) && count(faces, "face"),
      without && `${without} without a face`,
      failed && `${failed} not read`,
    ]
      .filter(Boolean)
      .join(", ");
  }

  #showShares(done) {
    const shares = new Map(this.app.labels().map((label) => [label, 0]));
    for (const { label } of done.flatMap(({ entry }) => facesOf(entry)))
      shares.set(label, (shares.get(label) ?? 0) + 1);
    const shown = [...shares].filter(([, n]) => n);
    const total = shown.reduce((sum, [, n]) => sum + n, 0);
    $("shares").hidden = total < 2;
    $("shares").replaceChildren(
      ...shown.map(([label, n]) => {
        const swatch = colored(element("span", { className: "swatch" }), label);
        return element("li", {}, swatch, `${label} `, element("b", {}, n.toLocaleString("en")));
      }),
    );
    $("shares-bar").hidden = total < 2;
    $("shares-bar").replaceChildren(
      ...shown.map(([label, n]) => {
        const part = colored(element("span"), label);
        part.style.flexGrow = n;
        return part;
      }),
    );
  }

  #step(by) {
    const photo = this.#photos[this.#photos.indexOf(this.#chosen) + by];
    if (photo) this.#show(photo);
  }

  #show(photo) {
    if (photo !== this.#chosen) {
      if (this.#chosen) this.#chosen.tile.isCurrent = false;
      photo.tile.isCurrent = true;
      this.#chosen = photo;
      this.#refresh();
    }
    this.#viewer.show(photo);
  }

  #pastedName(file) {
    return `pasted-${++this.#pasted}.${file.type.split("/")[1] ?? "png"}`;
  }
}

const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;

/** The files of a drop, those in folders included, with their paths. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  const walk = async (entry) => {
    if (files.length > MOST_PHOTOS || entry.name.startsWith(".")) return;
    if (entry.isFile) {
      if (!IMAGES.test(entry.name)) return;
      const file = await new Promise((done, failed) => entry.file(done, failed)).catch(() => null);
      if (file) files.push(Object.assign(file, { path: entry.fullPath.slice(1) }));
      return;
    }
    const reader = entry.createReader();
    for (let some; (some = await new Promise((done) => reader.readEntries(done, () => done([])))).length;) {
      for (const each of some) await walk(each);
    }
  };
  for (const entry of entries) await walk(entry);
  return files;
}
