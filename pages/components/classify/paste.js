// Takes a picture from the clipboard, wherever on the page someone presses Ctrl+V. "picture" goes to Python.
const LONGEST_SIDE = 1600; // pixels; larger ones are made smaller here, they would be there
const areas = new WeakMap(); // element -> what listens

export default function (component) {
  const { parentElement, setStateValue } = component;
  const area = parentElement.querySelector(".paste");
  const take = async (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file || !area.offsetParent) return;
    event.preventDefault();
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
      const sheet = document.createElement("canvas");
      sheet.width = Math.max(1, Math.round(picture.width * scale));
      sheet.height = Math.max(1, Math.round(picture.height * scale));
      sheet.getContext("2d").drawImage(picture, 0, 0, sheet.width, sheet.height);
      setStateValue("picture", sheet.toDataURL("image/png"));
    } catch {
      area.textContent = "What was pasted is no picture that this browser can read.";
    }
  };
  document.removeEventListener("paste", areas.get(area));
  areas.set(area, take);
  document.addEventListener("paste", take);
  return () => document.removeEventListener("paste", take);
}
