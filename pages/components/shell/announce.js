// Says to a screen reader what has changed: never what stood there when the page was opened, and no two things within five seconds.
const PACE = 5000;
const voices = new WeakMap(); // element -> { words, last, later }

export default function ({ parentElement, data }) {
  const place = parentElement.querySelector("p"), voice = voices.get(place) ?? { words: data.words, last: -Infinity };
  voices.set(place, voice);
  if (data.words === voice.words) return;
  voice.words = data.words;
  clearTimeout(voice.later);
  voice.later = setTimeout(() => {
    voice.last = performance.now();
    place.textContent = voice.words;
  }, Math.max(0, voice.last + PACE - performance.now()));
}
