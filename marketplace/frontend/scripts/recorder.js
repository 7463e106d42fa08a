// A recorder beside the file input, for devices whose input offers none: <div data-recorder> (drafts/_photos.html).
// What was recorded is put into the input as if it had been chosen; without this script the input takes any file.

const root = document.querySelector("[data-recorder]");
const input = root && document.getElementById(root.dataset.recorder);
// 1 Mbit/s shows hands and face of a signer at 640 points; a minute is 8 MB, a minute of voice half of one.
const RATES = { audioBitsPerSecond: 64000, videoBitsPerSecond: 1000000 };
const TYPES = {
  video: ["video/mp4", "video/webm;codecs=vp8,opus", "video/webm"],
  audio: ["audio/mp4", "audio/webm;codecs=opus", "audio/webm", "audio/ogg"],
};
const ENDINGS = { "video/mp4": "mp4", "video/webm": "webm", "audio/mp4": "m4a", "audio/webm": "weba", "audio/ogg": "ogg" };

let running = null;

/** Old Safari knows neither; then the plain input is there alone. */
function possible() {
  try {
    return Boolean(navigator.mediaDevices && window.MediaRecorder && new DataTransfer());
  } catch (error) {
    return false;
  }
}

const say = (name) => {
  root.querySelector("[data-recorder-said]").textContent = name ? root.getAttribute(`data-text-${name}`) : "";
};

function show(recording) {
  for (const button of root.querySelectorAll("[data-record]")) button.hidden = recording;
  const stop = root.querySelector("[data-recorder-stop]");
  stop.hidden = !recording;
  if (recording) stop.focus();
}

async function begin(kind) {
  say("asking");
  let stream;
  try {
    const video = kind === "video" && { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
    stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  } catch (error) {
    say("denied");
    return;
  }
  const mimeType = TYPES[kind].find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, Object.assign(mimeType ? { mimeType } : {}, RATES));
  const parts = [];
  let bytes = 0;
  recorder.ondataavailable = (event) => {
    parts.push(event.data);
    bytes += event.data.size;
    // A second more must still fit: the last part comes after the stop.
    if (bytes > Number(root.dataset.most) - 500000 && recorder.state === "recording") recorder.stop();
  };
  recorder.onstop = () => {
    for (const track of stream.getTracks()) track.stop();
    running = null;
    picture(null);
    show(false);
    say("done");
    hand(new Blob(parts, { type: recorder.mimeType.split(";")[0] }), kind);
  };
  running = recorder;
  recorder.start(1000);
  picture(kind === "video" ? stream : null);
  show(true);
  say("running");
}

/** Who signs sees whether her hands are in the picture. */
function picture(stream) {
  const video = root.querySelector("video");
  video.hidden = !stream;
  video.srcObject = stream;
  if (stream) video.play();
}

function hand(blob, kind) {
  const bag = new DataTransfer();
  bag.items.add(new File([blob], `${root.getAttribute(`data-name-${kind}`)}.${ENDINGS[blob.type] || kind}`, { type: blob.type }));
  input.files = bag.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

if (root && input && possible()) {
  root.hidden = false;
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.record) begin(button.dataset.record);
    else if (running && running.state === "recording") running.stop();
  });
  window.addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
}
