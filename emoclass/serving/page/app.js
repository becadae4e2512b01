// The page as a whole: sign-in, settings, the two views, and what happens when the service is gone.

import { showModel } from "./about.js";
import { Camera } from "./camera.js";
import { colored, element } from "./parts.js";
import { droppedFiles, Photos } from "./photos.js";
import { ask, connection, Gone, json } from "./service.js";

const $ = (id) => document.getElementById(id);
const LEAST_LABELS = 2;

const app = {
  limits: null,
  models: [],
  model: null, // one of the models
  chosen: new Set(), // its emotions

  /** The query for the chosen model and emotions. */
  query() {
    const isAll = this.chosen.size === this.model.labels.length;
    return { model: this.model.name, labels: isAll ? null : this.labels().join(",") };
  },

  labels() {
    return this.model.labels.filter((label) => this.chosen.has(label));
  },

  get isReady() {
    return !$("work").hidden && !$("work").inert;
  },

  showPhotos(files) {
    show("photos");
    photos.add(files);
  },

  async isSignedOut() {
    try {
      const { required, authenticated } = await ask("v1/session");
      return required && !authenticated;
    } catch {
      return false;
    }
  },

  /** Show the form; resolves once the token was accepted. */
  signIn() {
    this.signingIn ??= new Promise((done) => {
      this.focused = document.activeElement;
      $("work").inert = $("loading").hidden = true;
      $("sign-in").hidden = false;
      $("sign-in-again").hidden = !this.model; // who has not signed in before is not asked again
      $("token").focus();
      $("sign-in").onsubmit = async (event) => {
        event.preventDefault();
        $("sign-in-problem").textContent = "";
        try {
          await ask("v1/session", json({ token: $("token").value.trim() }));
        } catch (problem) {
          $("sign-in-problem").textContent =
            problem.status === 401 ? "This is not the token of this service." : problem.message;
          $("token").select();
          return;
        }
        $("token").value = "";
        $("sign-in").hidden = true;
        $("work").inert = false;
        this.signingIn = null;
        this.focused.focus(); // it may be the body, which the start replaces
        done();
      };
    });
    return this.signingIn;
  },
};

const photos = new Photos(app),
  camera = new Camera(app);

// The start.

/** Ask until there is an answer: for a token, and with a service that is gone, too. */
async function answered(path) {
  for (;;) {
    try {
      return await ask(path);
    } catch (problem) {
      if (problem instanceof Gone) await connection.whenUp();
      else if (problem.status === 401) await app.signIn();
      else throw problem;
    }
  }
}

async function loadModels() {
  const [limits, models] = await Promise.all([answered("v1/limits"), answered("v1/models")]);
  const before = app.model;
  Object.assign(app, { limits, models });
  $("model").replaceChildren(...models.map(({ name }) => element("option", { value: name }, name)));
  const model = models.find(({ name }) => name === before?.name) ?? models.find((each) => each.is_default) ?? models[0];
  const isSame = before && model.name === before.name && String(model.labels) === String(before.labels);
  if (isSame) {
    app.model = model;
    showModel(model);
  } else choose(model);
  $("model").value = model.name;
  $("model-field").classList.toggle("is-only", models.length < 2);
}

async function start() {
  const isHere = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);
  $("where").textContent = isHere ? "Pictures go to this computer only" : `Pictures go to ${location.hostname} only`;
  $("where-long").textContent =
    (isHere
      ? "Pictures go to the program that runs on this computer, and nowhere else."
      : `Pictures go to the computer ${location.host}, named in the address of this page, and nowhere else.` +
        (location.protocol === "https:"
          ? ""
          : " The connection is not encrypted: others on the network can see them.")) +
    " They are held in memory while they are looked at, and never stored. The page loads nothing from other sites.";
  $("sign").classList.toggle("is-open", !isHere && location.protocol !== "https:");
  try {
    await loadModels();
    $("loading").hidden = true;
    $("work").hidden = false;
    $("about-open").disabled = false;
    if (app.focused) $("tab-photos").focus(); // the form had the focus
  } catch (problem) {
    $("loading").textContent = `The page cannot start: ${problem.message}`;
  }
}

// Settings.

function choose(model) {
  app.model = model;
  app.chosen = new Set(model.labels);
  $("emotions").replaceChildren(
    ...model.labels.map((label) => {
      const box = element("input", { type: "checkbox", checked: true, value: label });
      box.addEventListener("change", chooseEmotions);
      return colored(
        element("label", { className: "choice" }, box, element("span", { className: "swatch" }), label),
        label,
      );
    }),
  );
  sayEmotions();
  showModel(model);
}

let settling;
function settle() {
  // several boxes in a row are one change
  clearTimeout(settling);
  settling = setTimeout(() => {
    photos.restart();
    camera.restart();
  }, 400);
}

function chooseEmotions() {
  const checked = [...$("emotions").querySelectorAll(":checked")].map((box) => box.value);
  $("too-few").hidden = checked.length >= LEAST_LABELS;
  if (checked.length < LEAST_LABELS) return;
  app.chosen = new Set(checked);
  sayEmotions();
  settle();
}

function sayEmotions() {
  const n = app.chosen.size,
    all = app.model.labels.length;
  $("emotions-said").textContent = n === all ? `All ${all}` : n <= 2 ? app.labels().join(", ") : `${n} of ${all}`;
}

$("model").addEventListener("change", () => {
  choose(app.models.find(({ name }) => name === $("model").value));
  settle();
});
$("all-emotions").addEventListener("click", () => {
  $("emotions")
    .querySelectorAll("input")
    .forEach((box) => {
      box.checked = true;
    });
  chooseEmotions();
});
const menu = $("emotions-menu");

/** Let the menu end above the lower edge of the window, and scroll; it never gets too low to be used. */
function fitMenu() {
  const panel = menu.querySelector(".panel");
  if (menu.open) panel.style.maxHeight = `max(8rem, ${innerHeight - panel.getBoundingClientRect().top}px - .75rem)`;
}

document.addEventListener("pointerdown", (event) => menu.contains(event.target) || (menu.open = false));
menu.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
menu.addEventListener("toggle", () => {
  // a choice of fewer than two was not taken
  for (const box of $("emotions").querySelectorAll("input")) box.checked = app.chosen.has(box.value);
  $("too-few").hidden = true;
  fitMenu();
});
addEventListener("resize", fitMenu);
menu.addEventListener(
  "focusout",
  (event) => event.relatedTarget && !menu.contains(event.relatedTarget) && (menu.open = false),
);

// The two views.

const VIEWS = ["photos", "camera"];

function show(view) {
  for (const each of VIEWS) {
    const isShown = each === view;
    $(each).hidden = !isShown;
    $(`tab-${each}`).setAttribute("aria-selected", isShown);
    $(`tab-${each}`).tabIndex = isShown ? 0 : -1;
  }
  if (view !== "camera" && camera.isOn) camera.stop();
}

for (const [index, view] of VIEWS.entries()) {
  const tab = $(`tab-${view}`);
  tab.addEventListener("click", () => show(view));
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const other = VIEWS[(index + step + VIEWS.length) % VIEWS.length];
    show(other);
    $(`tab-${other}`).focus();
  });
}
$("to-camera").addEventListener("click", () => {
  show("camera");
  camera.start();
});

// Files that are dropped anywhere.

let depth = 0; // of elements that the pointer has entered
const hasFiles = (event) => event.dataTransfer?.types.includes("Files") && app.isReady;
const isDragging = (on) => document.body.classList.toggle("is-dragging", on);
document.addEventListener("dragenter", (event) => hasFiles(event) && isDragging(++depth > 0));
document.addEventListener("dragleave", (event) => hasFiles(event) && isDragging((depth = Math.max(0, depth - 1)) > 0));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  isDragging(false);
  depth = 0;
  if (!hasFiles(event)) return;
  const files = await droppedFiles(event.dataTransfer);
  if (files.length) app.showPhotos(files);
});

// The service is gone, and comes back.

connection.addEventListener("lost", () => {
  $("gone").hidden = false;
});
connection.addEventListener("waiting", () => {
  const { seconds } = connection;
  $("gone-next").textContent = `The next try is in ${seconds} second${seconds === 1 ? "" : "s"}.`;
});
connection.addEventListener("back", () => {
  $("gone").hidden = true;
  if (app.model) loadModels().catch(() => {});
});
$("try-now").addEventListener("click", () => connection.tryNow());

// The dialog about the model.

for (const id of ["about-open", "about-more"]) $(id).addEventListener("click", () => $("about").showModal());
$("about-close").addEventListener("click", () => $("about").close());
$("about").addEventListener("click", (event) => event.target === $("about") && $("about").close());

start();
