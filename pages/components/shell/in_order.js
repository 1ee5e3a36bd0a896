
// Put after the script of every component, whose function is called drawPart here. Streamlit 1.67 loads the script anew for each
// state of a component. While it comes for the first time several states wait for it, and on a busy computer an older one may be
// drawn after a newer one; what ends the older one is called then, though the component stays.
const drawnPlaces = new WeakMap(); // parentElement -> { states: the newest that nothing ended, last: the one drawn last, end }

export default function (component) {
  const { parentElement } = component;
  const place = drawnPlaces.get(parentElement) ?? { states: [] };
  drawnPlaces.set(parentElement, place);
  const show = (state) => { place.last = state; place.end = drawPart(state); };
  show(component);
  place.states = [...place.states, component].slice(-4); // of those that were drawn in time none but the very last is ended
  return () => {
    if (!parentElement.isConnected) return place.end?.();
    place.states = place.states.filter((state) => state !== component);
    setTimeout(() => { // not before a newer one that comes now, as mostly
      const newest = place.states.at(-1);
      if (newest && place.last === component && parentElement.isConnected) show(newest);
    });
  };
}
