// A change of page by the server comes in two steps: the new page's parameters are put into the address of the old page, then the
// page is changed. Streamlit notes both, and the back button would lead to the old page with parameters of the new one; here the
// second takes the place of the first.
if (!window.trainDeskHistory) {
  window.trainDeskHistory = true;
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
}
