// The camera: its picture with boxes, the persons with their bars, and the last minute.

import { annotated, drawFaces, lettersFor, percent, sharp } from "./drawing.js";
import { Live } from "./live.js";
import { Announcer, Bars, blobOf, colored, download, element } from "./parts.js";
import { framesCsv } from "./tables.js";
import { SECONDS, Timeline } from "./timeline.js";

const GONE = 1; // seconds after which a person who is not seen leaves the list
const NOBODY = 2; // seconds without a face until the page says so

const $ = (id) => document.getElementById(id);
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

const REFUSALS = {
  NotAllowedError: [
    "The camera is not allowed",
    "Allow it in the browser: the camera sign in the address bar, or the settings of this site. Then try again.",
  ],
  NotFoundError: ["No camera was found", "Connect a camera and try again."],
  OverconstrainedError: ["No camera was found", "Connect a camera and try again."],
  NotReadableError: ["The camera does not start", "Another program may be using it. Close that program and try again."],
};

export class Camera {
  #live;
  #stream = null;
  #labels = [];
  #timeline = null;
  #session = 0; // rises with each set of person numbers
  #isStarting = false;
  #newest = null; // the last answer
  #frames = []; // the answers of the last minute
  #persons = new Map(); // key -> what the list shows
  #answers = []; // when the last answers came
  #seenAt = 0; // when a face was seen last
  #latency = 0;
  #drawnAt = 0;
  #announcer = new Announcer($("camera-spoken"), 6);

  /** @param app  what `Live` takes */
  constructor(app) {
    this.#live = new Live($("video"), app, {
      ready: (said) => this.#begin(said),
      frame: (said, takenAt) => this.#show(said, takenAt),
      lost: () => this.#clearPersons(),
      state: (text) => this.#state(text),
    });
    $("start").addEventListener("click", () => this.start());
    $("stop").addEventListener("click", () => {
      this.stop();
      $("start").focus();
    });
    $("cameras").addEventListener("change", () => this.start($("cameras").value));
    $("mirror").addEventListener("change", () => this.#mirror());
    $("live-csv").addEventListener("click", () =>
      download("last-minute.csv", framesCsv(this.#minute(), this.#labels), "text/csv"),
    );
    $("live-json").addEventListener("click", () =>
      download("last-minute.json", `${JSON.stringify(this.#minute(), null, 2)}\n`, "application/json"),
    );
    $("live-picture").addEventListener("click", () => this.#savePicture());
    $("video").addEventListener("resize", () => this.#fit());
    new ResizeObserver(() => this.#fit()).observe($("live-stage"));
  }

  get isOn() {
    return this.#stream !== null;
  }

  async start(deviceId) {
    if (this.#isStarting) return;
    if (!window.isSecureContext || !navigator.mediaDevices) {
      return this.#refuse(
        "The browser gives no camera to this page",
        `Browsers allow the camera only on pages of this computer ` +
          `(localhost) or over TLS (https). This page came from ${location.host} without TLS. Open it on the computer that runs ` +
          `the service, or ask for the service to be started with --tls-cert and --tls-key. Photos work as they are.`,
      );
    }
    this.#isStarting = true;
    $("start").disabled = true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: {
          width: { ideal: 1280 },
          height: { ideal: 720 },
          ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" }),
        },
      });
    } catch (error) {
      return this.#refuse(...(REFUSALS[error.name] ?? ["The camera does not start", error.message]));
    } finally {
      this.#isStarting = false;
      $("start").disabled = false;
    }
    this.stop();
    if ($("camera").hidden) return stream.getTracks().forEach((track) => track.stop()); // another view was chosen meanwhile
    this.#stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => {
      this.stop();
      this.#refuse("The camera was disconnected", "Connect it again, then start it.");
    });
    $("camera-problem").hidden = $("camera-empty").hidden = true;
    $("camera-live").hidden = false;
    $("mirror").checked = track.getSettings().facingMode !== "environment";
    this.#mirror();
    $("video").srcObject = stream;
    await $("video")
      .play()
      .catch(() => {});
    if (stream !== this.#stream) return; // it was stopped meanwhile
    this.#listCameras(track);
    this.#eachFrame();
    this.#live.open();
    (deviceId ? $("cameras") : $("stop")).focus();
  }

  stop() {
    this.#live.close();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    $("video").srcObject = null;
    $("camera-live").hidden = true;
    $("camera-empty").hidden = false;
    this.#forget();
  }

  /** The model or the emotions have changed. */
  restart() {
    if (!this.#stream) return;
    this.#live.close();
    this.#forget();
    this.#live.open();
  }

  #refuse(title, text) {
    $("camera-problem").hidden = false;
    $("camera-problem").replaceChildren(element("h3", {}, title), element("p", {}, text));
  }

  async #listCameras(track) {
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
    $("cameras").replaceChildren(
      ...devices.map((each, index) => element("option", { value: each.deviceId }, each.label || `Camera ${index + 1}`)),
    );
    $("cameras").value = track.getSettings().deviceId ?? "";
    $("cameras").parentElement.hidden = devices.length < 2;
  }

  #eachFrame() {
    const video = $("video");
    const stream = this.#stream;
    const next = () => {
      if (stream !== this.#stream) return;
      this.#live.refresh();
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
      else setTimeout(next, 33);
    };
    next();
  }

  #begin({ labels }) {
    this.#newSession();
    this.#seenAt = performance.now();
    this.#labels = labels;
    this.#timeline ??= new Timeline($("timeline"), labels);
  }

  #newSession() {
    this.#session++;
    this.#timeline?.endSession();
  }

  #show(said, takenAt) {
    const now = performance.now();
    if (said.restarted) this.#newSession();
    this.#newest = said;
    this.#latency = 0.9 * this.#latency + 0.1 * (now - takenAt) || now - takenAt;
    this.#answers.push(now);
    while (this.#answers[0] < now - 2000) this.#answers.shift();
    this.#frames.push({ said, takenAt });
    while (this.#frames[0].takenAt < takenAt - SECONDS * 1000) this.#frames.shift();
    for (const person of said.persons) {
      const key = `${this.#session}:${person.person}`;
      this.#showPerson(key, person, now);
      this.#timeline.add(key, person.person, takenAt / 1000, person);
    }
    for (const [key, { node, seenAt }] of this.#persons) {
      if (now - seenAt > GONE * 1000) {
        node.remove();
        this.#persons.delete(key);
      }
    }
    if (said.persons.length) this.#seenAt = now;
    const isNobody = now - this.#seenAt > NOBODY * 1000;
    $("nobody").hidden = !isNobody;
    if (isNobody) this.#announcer.say("No face in the picture.");
    else if (said.persons.length)
      this.#announcer.say(said.persons.map(({ person, label }) => `Person ${person}: ${label}.`).join(" "));
    this.#state(`${Math.round(this.#answers.length / 2)} frames a second, shown after ${Math.round(this.#latency)} ms`);
    this.#drawBoxes();
    if (now - this.#drawnAt > (isCalm.matches ? 2000 : 150)) {
      this.#drawnAt = now;
      this.#timeline.draw(now / 1000);
    }
  }

  #minute() {
    return this.#frames.map(({ said: { sequence, time, width, height, is_cut, persons } }) => ({
      frame: sequence,
      time,
      width,
      height,
      is_cut,
      persons,
    }));
  }

  #showPerson(key, person, now) {
    let shown = this.#persons.get(key);
    if (!shown) {
      const number = element("span", { className: "number" }, String(person.person));
      const name = element("strong", {}),
        share = element("span", { className: "probability" }),
        bars = new Bars(this.#labels);
      shown = { number, name, share, bars };
      shown.node = element(
        "li",
        { className: "face" },
        element("div", { className: "head" }, element("span", { className: "who" }, number, name), share),
        bars.node,
      );
      this.#persons.set(key, shown);
      $("persons").append(shown.node);
    }
    shown.seenAt = now;
    shown.name.textContent = person.label;
    shown.share.textContent = percent(person.probability);
    shown.bars.update(person.scores, person.label);
    colored(shown.node, person.label);
  }

  /** Show nobody: nothing is known of who is there now. */
  #clearPersons() {
    this.#newest = null;
    this.#answers = [];
    this.#persons.clear();
    $("persons").replaceChildren();
    $("nobody").hidden = true;
    this.#drawBoxes();
  }

  #forget() {
    this.#clearPersons();
    this.#frames = [];
    this.#timeline = null;
    $("timeline").replaceChildren();
  }

  #state(text) {
    if ($("live-state").textContent !== text) $("live-state").textContent = text;
  }

  #mirror() {
    $("live-stage").classList.toggle("is-mirrored", $("mirror").checked);
    this.#drawBoxes();
  }

  /** Lay the canvas with the boxes exactly over the video. */
  #fit() {
    const video = $("video");
    if (!video.videoWidth) return;
    $("live-stage").style.setProperty("--ratio", video.videoWidth / video.videoHeight);
    this.#drawBoxes();
  }

  #drawBoxes() {
    const overlay = $("overlay"),
      { clientWidth: width, clientHeight: height } = $("live-stage");
    if (!width) return;
    const context = sharp(overlay, width, height);
    if (!this.#newest) return;
    drawFaces(context, numbered(this.#newest.persons), {
      scale: width / this.#newest.width,
      size: [width, height],
      letters: lettersFor(width),
      isMirrored: $("mirror").checked,
      isNumbered: true,
    });
  }

  async #savePicture() {
    const video = $("video"),
      { videoWidth: width, videoHeight: height } = video;
    const { persons = [], width: across = width } = this.#newest ?? {};
    const canvas = annotated(video, numbered(persons), [width, height], across, { isNumbered: true });
    download("camera-emotions.jpg", await blobOf(canvas));
  }
}

const numbered = (persons) => persons.map((each) => ({ ...each, number: each.person }));
