// Takes a photo eight times a second while the button is held, square and 224 pixels a side. "taken" goes to Python on release.
const SIDE = 224, PAUSE = 125, MOST = 60; // pixels, milliseconds, photos at a time
const booths = new WeakMap(); // element -> { stream, timer, pictures, burst }

export default function (component) {
  const { parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".booth");
  const video = root.querySelector("video"), said = root.querySelector(".said"), button = root.querySelector("button");
  const booth = booths.get(root) ?? { stream: null, timer: 0, pictures: [] };
  const isNew = !booths.has(root);
  booths.set(root, booth);
  booth.report = setStateValue;

  const open = async () => {
    try {
      booth.stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
      video.srcObject = booth.stream;
      await video.play();
      button.disabled = false;
      said.textContent = "Hold the button, or the space bar on it, and move what you show a little.";
    } catch {
      said.textContent = "There is no camera, or this page may not use it: allow it in the browser, and open the dashboard by https or localhost.";
    }
  };
  const shoot = () => {
    const side = Math.min(video.videoWidth, video.videoHeight);
    if (!side || booth.pictures.length >= MOST) return;
    const sheet = document.createElement("canvas");
    sheet.width = sheet.height = SIDE;
    sheet.getContext("2d").drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, SIDE, SIDE);
    booth.pictures.push(sheet.toDataURL("image/jpeg", 0.9));
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
  if (isNew) open();
  return () => {
    clearInterval(booth.timer);
    booth.stream?.getTracks().forEach((track) => track.stop());
    booths.delete(root);
  };
}
