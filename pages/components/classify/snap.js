// Takes a photo by the camera app of a phone: browsers open no camera on a page that came by http, a file field may ask for one.
// "photo" goes to Python: a number that is another one for each photo, and the picture.
const LONGEST_SIDE = 1600; // pixels; larger ones are made smaller here, they would be there
const LARGEST = 8e6; // bytes of a file that only Python can read
const told = new WeakMap(); // element -> what it is told

const read = (file) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = failed;
  reader.readAsDataURL(file);
});
const smaller = async (file) => {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const sheet = document.createElement("canvas");
  sheet.width = Math.max(1, Math.round(picture.width * scale));
  sheet.height = Math.max(1, Math.round(picture.height * scale));
  sheet.getContext("2d").drawImage(picture, 0, 0, sheet.width, sheet.height);
  picture.close();
  return sheet.toDataURL("image/jpeg", 0.92);
};

export default function (component) {
  const { parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".snap");
  const field = root.querySelector("input"), said = root.querySelector(".said");
  told.set(root, setStateValue);
  field.onchange = async () => {
    const [file] = field.files;
    if (!file) return;
    said.textContent = "Reading the photo ...";
    try {
      const picture = await smaller(file).catch(() => (file.size <= LARGEST ? read(file) : null));
      said.textContent = picture ? "" : "This browser cannot read that photo; set the phone's camera to JPEG, or to smaller photos.";
      if (picture) told.get(root)("photo", { number: Date.now(), picture });
    } catch {
      said.textContent = "The photo could not be read; take it again.";
    }
    field.value = ""; // the same photo may be taken again
  };
}
