// Put before every script that draws with Plotly: loads plotly.js once for the whole page.
const loadPlotly = (source) =>
  (window.traindeskPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(source, document.baseURI).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { window.traindeskPlotly = undefined; reject(new Error("plotly.js did not load")); };
    document.head.appendChild(script);
  }));
