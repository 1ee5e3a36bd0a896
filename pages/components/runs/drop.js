// A saved run that is dropped anywhere on the page goes to the place that opens it, instead of leaving the page.
const PLACE = '[class*="st-key-open-a-run"] button', ZONE = "[data-testid=stFileUploaderDropzone]", PATIENCE = 5000; // milliseconds
const listening = new WeakMap(); // hint -> what ends it: Streamlit draws again, in other colours say, without ending what it drew before

const bringsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const field = () => document.querySelector(`${ZONE} input[type=file], input[data-testid=stFileUploaderDropzoneInput]`);

async function whenThere(find) {
  for (const end = performance.now() + PATIENCE; performance.now() < end; await new Promise(requestAnimationFrame)) {
    const found = find();
    if (found) return found;
  }
  return null;
}

export default function (component) {
  const hint = component.parentElement.querySelector(".drop");
  const over = (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault(); // else the browser would show the file in place of the page
    hint.hidden = event.target?.closest?.(ZONE) != null;
  };
  const away = (event) => { if (!event.relatedTarget) hint.hidden = true; };
  const drop = async (event) => {
    hint.hidden = true;
    if (!bringsFiles(event) || event.target?.closest?.(ZONE)) return;
    event.preventDefault();
    const files = new DataTransfer();
    [...event.dataTransfer.files].slice(0, 1).forEach((file) => files.items.add(file)); // now: later the event is empty
    if (!files.files.length) return;
    if (!field()) document.querySelector(PLACE)?.click();
    const input = await whenThere(field);
    if (!input) return;
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  listening.get(hint)?.abort();
  const listens = new AbortController();
  listening.set(hint, listens);
  for (const [name, act] of Object.entries({ dragover: over, dragleave: away, drop })) {
    document.addEventListener(name, act, { signal: listens.signal });
  }
  return () => listens.abort();
}
