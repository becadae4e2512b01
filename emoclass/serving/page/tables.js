// CSV files with the columns and the cells of `emoclass predict --csv` and of the frames.csv of `emoclass video`.

const FACE_COLUMNS = ["face", "faces", "left", "top", "width", "height", "detection", "note"];

/** Entries of /v1/predictions as CSV. */
export function predictionsCsv(entries, labels) {
  const hasFaces = !entries.some((entry) => entry.label && !entry.faces);
  const rows = [["path", "label", "probability", ...labels, "error", ...(hasFaces ? FACE_COLUMNS : [])]];
  const empty = labels.map(() => ""),
    noFace = FACE_COLUMNS.map(() => "");
  const found = (path, { label, probability, scores }) => [
    path,
    label,
    significant(probability),
    ...labels.map((each) => (each in scores ? significant(scores[each]) : "")),
    "",
  ];
  for (const entry of entries) {
    const path = printable(entry.path ?? "");
    if (entry.error) rows.push([path, "", "", ...empty, printable(entry.error), ...(hasFaces ? noFace : [])]);
    else if (!entry.faces) rows.push(found(path, entry));
    else if (!entry.faces.length) {
      rows.push([path, "", "", ...empty, "", "", "0", "", "", "", "", "", noFaceReason(entry.n_left_out)]);
    } else
      entry.faces.forEach((face, index) =>
        rows.push([
          ...found(path, face),
          String(index + 1),
          String(entry.faces.length),
          ...face.box.map((value) => value.toFixed(1)),
          face.detection == null ? "" : face.detection.toFixed(3),
          entry.ready_made ? "ready-made crop" : "",
        ]),
      );
  }
  return text(rows);
}

/** Frames of a live session as CSV. */
export function framesCsv(frames, labels) {
  const rows = [
    [
      "frame",
      "time",
      "person",
      "left",
      "top",
      "width",
      "height",
      "detection",
      "label",
      "probability",
      ...labels,
      ...labels.map((label) => `${label}_raw`),
    ],
  ];
  for (const { frame, time, persons } of frames) {
    for (const each of persons)
      rows.push([
        String(frame),
        time.toFixed(4),
        String(each.person),
        ...each.box.map((value) => value.toFixed(1)),
        each.detection == null ? "" : each.detection.toFixed(3),
        each.label,
        each.probability.toFixed(4),
        ...labels.map((label) => each.scores[label]?.toFixed(4) ?? ""),
        ...labels.map((label) => each.raw?.[label]?.toFixed(4) ?? ""),
      ]);
  }
  return text(rows);
}

export const noFaceReason = (nLeftOut) =>
  nLeftOut ? `no face within the limits (${nLeftOut.toLocaleString("en")} found)` : "no face found";

const text = (rows) => rows.map((row) => row.map((cell) => quoted(safe(cell))).join(",") + "\n").join("");

/** Text that a spreadsheet would take for a formula gets a quote before it. */
const safe = (cell) =>
  /^'*[=+\-@\t\r]/.test(cell) && !/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(cell) ? `'${cell}` : cell;

const quoted = (cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** Control characters and the like, spelled out. */
const printable = (name) =>
  name.replace(/(?!\u200d)[\p{C}\u2028\u2029]/gu, (each) => {
    const code = each.codePointAt(0);
    const named = { "\t": "\\t", "\n": "\\n", "\r": "\\r" }[each];
    if (named) return named;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });

/** A number with six significant digits, as Python's `%.6g` writes it. */
function significant(value) {
  if (!value) return "0";
  const [digits, exponent] = value.toExponential(5).split("e").map(Number);
  if (exponent < -4 || exponent > 5) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return String(Number(value.toPrecision(6)));
}
