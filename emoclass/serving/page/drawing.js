// The colors of the emotions, and boxes and names drawn on a picture.

const COLORS = {
  happy: "rgb(255, 193, 7)",
  sad: "rgb(77, 157, 255)",
  angry: "rgb(240, 84, 79)",
  scared: "rgb(180, 140, 255)",
  surprised: "rgb(255, 138, 48)",
  disgusted: "rgb(104, 190, 90)",
  neutral: "rgb(190, 197, 207)",
  contemptuous: "rgb(236, 120, 190)",
};
const OTHERS = ["rgb(64, 200, 200)", "rgb(214, 190, 140)", "rgb(150, 170, 255)", "rgb(200, 220, 90)"];
const DARK = "rgb(16, 18, 22)";

/** The color of an emotion, the same as on the project's plots and reports. */
export const colorOf = (emotion) =>
  COLORS[emotion] ?? OTHERS[new TextEncoder().encode(emotion).reduce((sum, byte) => sum + byte, 0) % OTHERS.length];

export const percent = (share) => `${Math.round(100 * share)}%`;

/** Make a canvas as sharp as the screen, and return its context, which draws in CSS pixels. */
export function sharp(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * Draw a box around each face and its name beside it. Labels lie inside the picture, not on each other, and on other
 * boxes only where there is no room; a face without room for its label gets its number alone.
 *
 * @param faces  with `box` in pixels of the upright picture, `label`, `probability`, and `number`
 * @param scale  canvas units for one pixel of the picture
 * @param size   width and height of the picture on the canvas, in canvas units
 * @param letters  the size of the letters in canvas units
 * @param selected  the index of a face to stand out; -1 for none
 * @param isMirrored  whether the picture is shown mirrored
 * @param isNumbered  whether the labels begin with the number
 */
export function drawFaces(
  context,
  faces,
  { scale, size: [width, height], letters, selected = -1, isMirrored = false, isNumbered = faces.length > 1 },
) {
  const line = Math.max(1.5, letters / 7);
  const boxes = faces.map(({ box: [left, top, across, down] }) => {
    const x = isMirrored ? width / scale - left - across : left;
    return { x: x * scale, y: top * scale, w: across * scale, h: down * scale };
  });
  const order = faces.map((_, index) => index).sort((a, b) => boxes[b].w - boxes[a].w);
  context.font = `600 ${letters}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const index of [...order].reverse()) {
    // the nearest last, and so on top
    const { x, y, w, h } = boxes[index],
      isSelected = index === selected;
    context.globalAlpha = selected < 0 || isSelected ? 1 : 0.45;
    const thickness = isSelected ? 2 * line : line;
    for (const [color, wide] of [
      [DARK, thickness + 2],
      [colorOf(faces[index].label), thickness],
    ]) {
      context.strokeStyle = color;
      context.lineWidth = wide;
      context.beginPath();
      context.roundRect(x, y, w, h, Math.min(w, h) * 0.06);
      context.stroke();
    }
  }
  const taken = [];
  for (const index of order) {
    const { label, probability, number } = faces[index],
      { x, y, w, h } = boxes[index];
    context.globalAlpha = selected < 0 || index === selected ? 1 : 0.45;
    const words = `${label} ${percent(probability)}`;
    const texts = [isNumbered ? `${number}  ${words}` : words, String(number)];
    let place;
    for (const text of texts) {
      const [across, down] = [context.measureText(text).width + letters, letters * 1.55];
      const gap = line + 1;
      const spots = [
        [x - line / 2, y - gap - down],
        [x + w - across + line / 2, y - gap - down],
        [x + (w - across) / 2, y - gap - down],
        [x - line / 2, y + h + gap],
        [x + w - across + line / 2, y + h + gap],
        ...(h > 4 * down
          ? [
              [x + gap, y + gap],
              [x + gap, y + h - gap - down],
            ]
          : []),
      ].map(([left, top]) => ({ x: left, y: top, w: across, h: down, text }));
      const fits = spots.filter(
        (each) =>
          each.x >= 0 &&
          each.y >= 0 &&
          each.x + across <= width &&
          each.y + down <= height &&
          !taken.some((other) => overlap(each, other)),
      );
      place = fits.find((each) => !boxes.some((other, at) => at !== index && overlap(each, other))) ?? fits[0];
      if (place) break;
    }
    place ??= { x: Math.max(0, x), y: Math.max(0, y), w: letters * 1.8, h: letters * 1.55, text: texts[1] };
    taken.push(place);
    context.fillStyle = colorOf(label);
    context.strokeStyle = DARK;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(place.x, place.y, place.w, place.h, letters * 0.3);
    context.fill();
    context.stroke();
    context.fillStyle = DARK;
    context.fillText(place.text, place.x + place.w / 2, place.y + place.h / 2 + letters * 0.05);
  }
  context.globalAlpha = 1;
}

/** The size of letters on a picture that is so many CSS pixels wide. */
export function lettersFor(width) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Math.max(0.75 * rem, Math.min(1.15 * rem, width / 42));
}

/** A copy of a picture with its boxes, as a canvas of a size; `across` is the width that the boxes are given for. */
export function annotated(picture, faces, [width, height], across, options = {}) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height }),
    context = canvas.getContext("2d");
  if (picture) context.drawImage(picture, 0, 0, width, height);
  const letters = Math.max(13, Math.sqrt(width * height) / 40);
  drawFaces(context, faces, { scale: width / across, size: [width, height], letters, ...options });
  return canvas;
}

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Load a file as an upright picture; raises an error where the browser does not know the format. */
export async function loadPicture(file, mostPixels = Infinity) {
  const url = URL.createObjectURL(file);
  try {
    const picture = new Image();
    picture.src = url;
    await new Promise((done, failed) => Object.assign(picture, { onload: done, onerror: failed }));
    const { naturalWidth: width, naturalHeight: height } = picture; // known before the pixels are decoded
    if (!width || !height || width * height > mostPixels) throw new Error("The picture has no size, or is too large.");
    await picture.decode();
    return picture;
  } finally {
    URL.revokeObjectURL(url); // the picture keeps its data
  }
}
