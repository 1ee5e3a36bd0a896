// Takes a photo eight times a second while the button is held, square and 224 pixels a side. "taken" goes to Python on release.
// Where something answers, "seen" goes to Python when the one before has been answered.
const SIDE = 224, PAUSE = 125, MOST = 60, LOOK = 400; // pixels, milliseconds, photos at a time, milliseconds between two looks
const booths = new WeakMap(); // element -> { stream, timer, pictures, burst, watches, waits, sent, at }

export default function (component) {
  const { parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".booth");
  const video = root.querySelector("video"), said = root.querySelector(".said"), button = root.querySelector("button");
  const booth = booths.get(root) ?? { stream: null, timer: 0, pictures: [], sent: 0, at: 0 };
  const isNew = !booths.has(root);
  booths.set(root, booth);
  booth.report = setStateValue;
  booth.watches = component.data.watches;
  booth.answered = component.data.answered;

  const close = () => booth.stream?.getTracks().forEach((track) => track.stop());
  const open = async () => {
    try {
      booth.stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
      if (booths.get(root) !== booth) return close(); // left while someone was asked whether it may be used
      video.srcObject = booth.stream;
      await video.play();
      button.disabled = false;
      said.textContent = "Hold the button, or the space bar on it, and move what you show a little.";
    } catch {
      said.textContent = "There is no camera, or this page may not use it: allow it in the browser and load the page anew.";
    }
  };
  const frame = () => {
    const side = Math.min(video.videoWidth, video.videoHeight);
    if (!side) return null;
    const sheet = document.createElement("canvas");
    sheet.width = sheet.height = SIDE;
    sheet.getContext("2d").drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, SIDE, SIDE);
    return sheet.toDataURL("image/jpeg", 0.9);
  };
  const look = () => {
    const answered = booth.answered >= booth.sent || Date.now() - booth.at > 5000;
    if (!booth.watches || booth.timer || document.hidden || !answered) return;
    const picture = frame();
    if (!picture) return;
    booth.at = Date.now();
    booth.sent = booth.at;
    booth.report("seen", { number: booth.sent, picture });
  };
  const shoot = () => {
    const picture = booth.pictures.length < MOST && frame();
    if (!picture) return;
    booth.pictures.push(picture);
    said.textContent = `${booth.pictures.length} photo${booth.pictures.length === 1 ? "" : "s"}`;
  };
  const begin = (event) => {
    if (booth.timer || button.disabled) return;
    event.preventDefault();
    booth.pictures = [];
    shoot();
    booth.timer = setInterval(shoot, PAUSE);
  };
  const end = () => {
    if (!booth.timer) return;
    clearInterval(booth.timer);
    booth.timer = 0;
    if (booth.pictures.length) booth.report("taken", { burst: Date.now(), pictures: booth.pictures });
  };
  button.onpointerdown = (event) => { button.setPointerCapture(event.pointerId); begin(event); };
  button.onpointerup = button.onpointercancel = end;
  button.onkeydown = (event) => { if (event.key === " " && !event.repeat) begin(event); };
  button.onkeyup = (event) => { if (event.key === " ") end(); };
  if (isNew) {
    open();
    booth.looks = setInterval(() => booth.look(), LOOK);
  }
  booth.look = look;
  return () => {
    clearInterval(booth.timer);
    clearInterval(booth.looks);
    close();
    booths.delete(root);
  };
}
