// Keeps the form in this browser, and tells once what an earlier page left there.
export default function ({ data, parentElement, setStateValue }) {
  const place = `traindesk form ${data.place}`;
  try {
    if (!parentElement.asked) {
      parentElement.asked = true;
      const left = JSON.parse(localStorage.getItem(place));
      if (left) setStateValue("left", { form: left.form, seconds: (Date.now() - left.at) / 1000 });
    }
    if (data.form) localStorage.setItem(place, JSON.stringify({ at: Date.now(), form: data.form }));
    else if (data.forget) localStorage.removeItem(place);
  } catch { /* a browser that may not keep anything, or in which something else lies there */ }
}
