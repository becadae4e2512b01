// What the model is worth, from what its bundle says of itself: metrics with their intervals, and how it was trained.

import { cardOf, markdown } from "./markdown.js";
import { colored, element } from "./parts.js";

const NAMES = {
  accuracy: "Accuracy",
  balanced_accuracy: "Balanced accuracy",
  f1: "Macro F1",
  precision: "Precision",
  recall: "Recall",
  roc_auc: "ROC AUC",
  average_precision: "Average precision",
  cohen_kappa: "Cohen's kappa",
  log_loss: "Log loss",
  brier_score: "Brier score",
  expected_calibration_error: "Expected calibration error",
};

const $ = (id) => document.getElementById(id);

/** Fill the dialog for one model of /v1/models. */
export function showModel({
  name,
  labels,
  measured,
  trained,
  live_model: liveName,
  live_measured: liveMeasured,
  live_leaked: liveLeaked,
  card,
}) {
  $("model-name").textContent = name;
  $("model-labels").textContent = labels.join(", ");
  // Copies of training images say little about new ones: without them, where that was measured.
  const accuracy = trained.leaked?.accuracy ?? measured.accuracy;
  $("headline").hidden = accuracy?.value == null;
  $("no-metrics").hidden = Object.keys(measured).length > 0;
  if (accuracy?.value != null) {
    $("headline").replaceChildren(
      element("strong", {}, share(accuracy.value)),
      element(
        "span",
        {},
        `of ${evidence(accuracy, trained)} get the right emotion${within(accuracy)}. ` +
          withCopies(trained, measured) +
          "Photos of another kind may be harder.",
      ),
    );
  }
  const fast = liveName !== name && (liveLeaked?.accuracy ?? liveMeasured?.accuracy);
  $("live-model").hidden = !fast;
  if (fast) {
    $("live-model").replaceChildren(
      "The camera uses ",
      element("code", {}, liveName),
      `, which is faster: ${share(fast.value)}${within(fast)}.`,
    );
  }
  $("card").hidden = !card;
  $("card-text").replaceChildren(...markdown(cardOf(card ?? "")));
  for (const note of document.querySelectorAll("#about .with-copies")) note.hidden = trained.leaked?.n_images == null;
  showEmotions(measured.recall_per_class?.per_class ?? {}, measured.precision_per_class?.per_class ?? {});
  const shown = Object.entries(measured).filter(([, { value }]) => value != null);
  $("details").hidden = !shown.length;
  $("metrics").tBodies[0].replaceChildren(
    ...shown.map(([metric, found]) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, NAMES[metric] ?? metric.replaceAll("_", " ")),
        element("td", { className: "numeric" }, found.value.toFixed(3)),
        element(
          "td",
          { className: "numeric" },
          found.ci_low == null ? "–" : `${found.ci_low.toFixed(3)} to ${found.ci_high.toFixed(3)}`,
        ),
        element("td", { className: "numeric" }, found.n_samples.toLocaleString("en")),
      ),
    ),
  );
  const n = trained.n_samples ?? {};
  const facts = [
    ["Training images", n.train && `${n.train.toLocaleString("en")}${trained.dataset ? ` of ${trained.dataset}` : ""}`],
    ["Validation images", n.validation?.toLocaleString("en")],
    ["Number of epochs", trained.epochs],
    ["Plugin", trained.plugin],
    ["Recipe", trained.recipe],
  ].filter(([, value]) => value != null);
  $("training").replaceChildren(
    ...facts.flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, String(value))]),
  );
}

/** A row for each emotion: how often it is found, and how often the model is right where it names it. */
function showEmotions(recall, precision) {
  const rows = Object.entries(recall).filter(([, { value }]) => value != null);
  $("by-emotion").hidden = !rows.length;
  $("by-emotion").tBodies[0].replaceChildren(
    ...rows.map(([label, found]) => {
      const track = element("span", { className: "track interval", aria: { hidden: "true" } }),
        bar = element("span", { className: "bar" });
      bar.style.width = `${100 * found.value}%`;
      track.append(bar);
      if (found.ci_low != null) {
        const whisker = element("span", { className: "whisker" });
        whisker.style.left = `${100 * found.ci_low}%`;
        whisker.style.width = `${100 * (found.ci_high - found.ci_low)}%`;
        track.append(whisker);
      }
      return colored(
        element(
          "tr",
          {},
          element("th", { scope: "row" }, label),
          element("td", { className: "drawn" }, track),
          element("td", { className: "numeric" }, share(found.value), range(found)),
          element(
            "td",
            { className: "numeric" },
            precision[label]?.value == null ? "–" : share(precision[label].value),
            range(precision[label]),
          ),
          element("td", { className: "numeric" }, found.n_samples.toLocaleString("en")),
        ),
        label,
      );
    }),
  );
}

const share = (value) => `${Math.round(100 * value)}%`;
const range = (found) =>
  found?.ci_low == null ? null : element("small", {}, `${share(found.ci_low)} to ${share(found.ci_high)}`);
const within = ({ ci_low: low, ci_high: high }) =>
  low == null ? "" : ` (95% confidence interval: ${share(low)} to ${share(high)})`;
const withCopies = ({ leaked }, { accuracy }) =>
  leaked?.accuracy && accuracy?.value != null
    ? `Left out are ${leaked.n_images.toLocaleString("en")} images with copies among the training images; ` +
      `with these it is ${share(accuracy.value)}. `
    : "";
const evidence = ({ n_samples: n, split }, { dataset }) =>
  `${n.toLocaleString("en")} ${split} images${dataset ? ` of ${dataset}` : ""}`;
