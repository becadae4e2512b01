// The camera: frames go to the service one by one, at most two at a time; faces come back.

import { drawFaces, percent, sharp } from "./drawing.js";
import { Announcer, Bars, blobOf, colored, download, element } from "./parts.js";
import { address, connection, pause } from "./service.js";
import { framesCsv } from "./tables.js";
import { SECONDS, Timeline } from "./timeline.js";

const IN_FLIGHT = 2; // frames that wait for an answer
const LONGEST = 640; // pixels of a frame that is sent
const SILENCE = 10; // seconds without an answer after which the connection is given up
const GONE = 1; // seconds after which a person who is not seen leaves the list
const PATIENCE = 3; // connections that fail before a proxy is suspected
const NOBODY = 2; // seconds without a face until the page says so
const BUSY_WAIT = 5; // seconds until the next try when the service has too many sessions

const $ = (id) => document.getElementById(id);
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

const REFUSALS = {
  NotAllowedError: ["The camera is not allowed", "Allow it in the browser: the camera sign in the address bar, or the settings of this site. Then try again."],
  NotFoundError: ["No camera was found", "Connect a camera and try again."],
  OverconstrainedError: ["No camera was found", "Connect a camera and try again."],
  NotReadableError: ["The camera does not start", "Another program may be using it. Close that program and try again."],
};

export class Camera {
  #stream = null;
  #socket = null;
  #session = 0; // rises with each set of person numbers
  #isStarting = false;
  #failures = 0; // connections that failed since the last answer
  #sent = []; // when the frames in flight were sent; the number of the first is #answered
  #answered = 0;
  #isEncoding = false;
  #isFresh = false; // whether the video shows a frame that was not sent
  #newest = null; // the last answer
  #frames = []; // the answers of the last minute
  #persons = new Map(); // key -> what the list shows
  #answers = []; // when the last answers came
  #heardAt = 0;
  #seenAt = 0; // when a face was seen last
  #latency = 0;
  #drawnAt = 0;
  #announcer = new Announcer($("camera-spoken"), 6);
  #canvas = document.createElement("canvas");

  /** @param app  gives `query()` for the chosen model and emotions, and `signIn()` */
  constructor(app) {
    this.app = app;
    $("start").addEventListener("click", () => this.start());
    $("stop").addEventListener("click", () => {
      this.stop();
      $("start").focus();
    });
    $("cameras").addEventListener("change", () => this.start($("cameras").value));
    $("mirror").addEventListener("change", () => this.#mirror());
    $("live-csv").addEventListener("click", () =>
      download("last-minute.csv", framesCsv(this.#minute(), this.labels ?? []), "text/csv"));
    $("live-json").addEventListener("click", () =>
      download("last-minute.json", `${JSON.stringify(this.#minute(), null, 2)}\n`, "application/json"));
    $("live-picture").addEventListener("click", () => this.#savePicture());
    $("video").addEventListener("resize", () => this.#fit());
    new ResizeObserver(() => this.#fit()).observe($("live-stage"));
    document.addEventListener("visibilitychange", () => this.#stream && (document.hidden ? this.#disconnect() : this.#connect()));
    connection.addEventListener("back", () => this.#connect());
    setInterval(() => this.#watchOver(), 1000);
  }

  get isOn() {
    return this.#stream !== null;
  }

  async start(deviceId) {
    if (this.#isStarting) return;
    if (!window.isSecureContext || !navigator.mediaDevices) {
      return this.#refuse("The browser gives no camera to this page", `Browsers allow the camera only on pages of this computer ` +
        `(localhost) or over TLS (https). This page came from ${location.host} without TLS. Open it on the computer that runs ` +
        `the service, or ask for the service to be started with --tls-cert and --tls-key. Photos work as they are.`);
    }
    this.#isStarting = true;
    $("start").disabled = true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: {
        width: { ideal: 1280 }, height: { ideal: 720 }, ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" }),
      } });
    } catch (error) {
      return this.#refuse(...(REFUSALS[error.name] ?? ["The camera does not start", error.message]));
    } finally {
      this.#isStarting = false;
      $("start").disabled = false;
    }
    this.stop();
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
    await $("video").play().catch(() => {});
    this.#listCameras(track);
    this.#eachFrame();
    this.#connect();
    $("stop").focus();
  }

  stop() {
    this.#disconnect();
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
    this.#disconnect();
    this.#forget();
    this.#connect();
  }

  #refuse(title, text) {
    $("camera-problem").hidden = false;
    $("camera-problem").replaceChildren(element("h3", {}, title), element("p", {}, text));
  }

  async #listCameras(track) {
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
    $("cameras").replaceChildren(...devices.map((each, index) => element("option", { value: each.deviceId }, each.label || `Camera ${index + 1}`)));
    $("cameras").value = track.getSettings().deviceId ?? "";
    $("cameras").parentElement.hidden = devices.length < 2;
  }

  // The web socket.

  #connect() {
    if (!this.#stream || this.#socket || document.hidden || !connection.isUp) return;
    const url = address("v1/live", this.app.query());
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.#socket = new WebSocket(url);
    this.#sent = [];
    this.#answered = 0;
    this.#session++;
    this.#heardAt = this.#seenAt = performance.now();
    this.#state("Connecting");
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#hear(JSON.parse(data)));
    socket.addEventListener("close", ({ code, reason }) => socket === this.#socket && this.#closed(code, reason));
  }

  #disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  async #closed(code, reason) {
    this.#socket = null;
    this.#clearPersons();
    if (code === 1013) {
      this.#state(reason || "The service has too many live sessions. The next try is in a few seconds.");
      await pause(BUSY_WAIT);
    } else if (await this.app.isSignedOut()) {
      await this.app.signIn();
    } else if (code === 1008) { // the model or its emotions are refused
      this.#state(reason);
      return;
    } else {
      this.#state(this.#failures < PATIENCE ? "The connection was lost. Trying again."
        : "The service answers, but not for the camera: a proxy before it may not pass web sockets on. Trying again.");
      await connection.tryNow(); // is it the service, or this connection alone?
      await pause(Math.min(30, 2 ** this.#failures++));
    }
    this.#connect();
  }

  #hear(said) {
    this.#heardAt = performance.now();
    this.#failures = 0;
    if (said.type === "ready") {
      this.labels = said.labels;
      this.model = said.model;
      this.timeline ??= new Timeline($("timeline"), said.labels);
      this.#isFresh = true;
    } else if (said.sequence !== undefined) { // otherwise, the reason why the connection ends
      const n = said.sequence + 1 - this.#answered; // those before it were skipped: it is the newest
      const sentAt = this.#sent.splice(0, n).at(-1);
      this.#answered = said.sequence + 1;
      if (said.type === "frame" && sentAt !== undefined) this.#show(said, sentAt);
    }
    this.#send();
  }

  #watchOver() {
    if (!this.#socket || performance.now() - this.#heardAt < SILENCE * 1000) return;
    const socket = this.#socket;
    this.#socket = null;
    socket.close();
    this.#closed(1006);
  }

  // Frames.

  #eachFrame() {
    const video = $("video"), stream = this.#stream;
    const next = () => {
      if (stream !== this.#stream) return;
      this.#isFresh = true;
      this.#send();
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
      else setTimeout(next, 33);
    };
    next();
  }

  async #send() {
    const video = $("video"), socket = this.#socket;
    const isFree = this.#isFresh && !this.#isEncoding && this.#sent.length < IN_FLIGHT && !document.hidden;
    if (!isFree || socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount || !this.labels || !video.videoWidth) return;
    this.#isEncoding = true;
    this.#isFresh = false;
    const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
    const [width, height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#canvas.getContext("2d").drawImage(video, 0, 0, width, height);
    const takenAt = performance.now();
    const blob = await blobOf(this.#canvas, "image/jpeg", 0.85);
    this.#isEncoding = false;
    if (blob && socket === this.#socket && socket.readyState === WebSocket.OPEN) {
      socket.send(blob);
      this.#sent.push(takenAt);
    }
    this.#send();
  }

  // What is shown.

  #show(said, takenAt) {
    const now = performance.now();
    if (said.restarted) this.#session++;
    this.#newest = said;
    this.#latency = 0.9 * this.#latency + 0.1 * (now - takenAt) || now - takenAt;
    this.#answers.push(now);
    while (this.#answers[0] < now - 2000) this.#answers.shift();
    this.#frames.push({ said, takenAt });
    while (this.#frames[0].takenAt < takenAt - SECONDS * 1000) this.#frames.shift();
    for (const person of said.persons) {
      const key = `${this.#session}:${person.person}`;
      this.#showPerson(key, person, now);
      this.timeline.add(key, person.person, takenAt / 1000, person);
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
    else if (said.persons.length) this.#announcer.say(said.persons.map(({ person, label }) => `Person ${person}: ${label}.`).join(" "));
    this.#state(`${Math.round(this.#answers.length / 2)} frames a second, shown after ${Math.round(this.#latency)} ms`);
    this.#drawBoxes();
    if (now - this.#drawnAt > (isCalm.matches ? 2000 : 150)) {
      this.#drawnAt = now;
      this.timeline.draw(now / 1000);
    }
  }

  #minute() {
    return this.#frames.map(({ said: { sequence, time, width, height, is_cut, persons } }) =>
      ({ frame: sequence, time, width, height, is_cut, persons }));
  }

  #showPerson(key, person, now) {
    let shown = this.#persons.get(key);
    if (!shown) {
      const number = element("span", { className: "number" }, String(person.person));
      const name = element("strong", {}), share = element("span", { className: "probability" }), bars = new Bars(this.labels);
      shown = { number, name, share, bars };
      shown.node = element("li", { className: "face" },
        element("div", { className: "head" }, element("span", { className: "who" }, number, name), share), bars.node);
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
    this.timeline = this.labels = undefined;
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
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const overlay = $("overlay"), { clientWidth: width, clientHeight: height } = $("live-stage");
    if (!width) return;
    const context = sharp(overlay, width, height);
    if (!this.#newest) return;
    drawFaces(context, this.#newest.persons.map((each) => ({ ...each, number: each.person })), {
      scale: width / this.#newest.width, size: [width, height], letters: Math.max(0.75 * rem, Math.min(1.15 * rem, width / 42)), isMirrored: $("mirror").checked,
      isNumbered: true,
    });
  }

  async #savePicture() {
    const video = $("video"), { videoWidth: width, videoHeight: height } = video;
    const canvas = element("canvas", { width, height }), context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    const { persons = [], width: across = width } = this.#newest ?? {};
    drawFaces(context, persons.map((each) => ({ ...each, number: each.person })),
      { scale: width / across, size: [width, height], letters: Math.max(13, Math.sqrt(width * height) / 40), isNumbered: true });
    download("camera-emotions.jpg", await blobOf(canvas));
  }
}
