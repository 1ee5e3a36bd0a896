// Two things of Streamlit's that the back button and the address would stumble over.
if (!window.trainDeskHistory) {
  window.trainDeskHistory = true;
  // A change of page by the server comes in two steps: the new page's parameters are put into the address of the old page, then the
  // page is changed. Streamlit notes both, and the back button would lead to the old page with parameters of the new one; here the
  // second takes the place of the first.
  const SOON = 3000; // milliseconds between the two
  const push = history.pushState.bind(history);
  let step = null; // the newest change of parameters alone
  history.pushState = (state, title, address) => {
    const to = new URL(address ?? location.href, location.href);
    const isPage = to.pathname !== location.pathname;
    const follows = isPage && step?.search === to.search && step.search === location.search && performance.now() - step.time < SOON;
    step = isPage ? null : { search: to.search, time: performance.now() };
    if (follows) history.replaceState(state, title, address);
    else push(state, title, address);
  };
  addEventListener("popstate", () => { step = null; });
  // A link to the page that is open shows what it leads to, but Streamlit leaves the parameters of before in the address and goes
  // back to them at the next click. It takes an address as it is where the back button has brought it.
  addEventListener("click", event => {
    const link = event.target.closest?.("a[data-testid=stPageLink-NavLink]:not([disabled])");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const to = new URL(`./${link.getAttribute("href")}`, location.href); // of Home it is empty
    if (to.pathname !== location.pathname || to.search === location.search) return;
    event.preventDefault();
    event.stopPropagation();
    push(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, true);
}
