// A photo for a slow line: upright, at most 1600 points a side, without what the camera wrote into it.
const LONGEST = 1600;
const QUALITY = 0.8;
export const READABLE = ["image/jpeg", "image/png", "image/webp"];

/** The picture with its turn applied; browsers do it in three ways. */
async function decode(file) {
  if (window.createImageBitmap) {
    try {
      return await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch (error) {
      // An older browser without options, or a kind it cannot read: the way below shows which.
    }
  }
  const image = new Image();
  const url = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
      image.src = url;
    });
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** The photo as a JPEG of reading size; as it was when that is smaller or when this browser cannot do it. */
export async function shrink(file) {
  let picture;
  try {
    picture = await decode(file);
  } catch (error) {
    return file;
  }
  const width = picture.naturalWidth || picture.width;
  const height = picture.naturalHeight || picture.height;
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const paper = canvas.getContext("2d");
  paper.fillStyle = "#fff"; // what shows through becomes paper, not black
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (picture.close) picture.close(); // a camera's picture takes 50 MB of a cheap phone's memory
  const small = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  canvas.width = canvas.height = 0;
  return small && (small.size < file.size || READABLE.indexOf(file.type) < 0) ? small : file;
}
