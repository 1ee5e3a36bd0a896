// The page: a drawing, a picture or a camera goes in; words and bars come out. `Preparation`, `Network` and `Familiar` do the rest.
(() => {
  const SIDE = 280; // of the drawing, in points, and of the picture that is made of it
  const PALM = 1000; // milliseconds after a pen was seen, in which a touch is the hand that holds it
  const CHECKING = 1500; // milliseconds for which the page checks itself when it is opened
  const LEAST_CHECKED = 2;
  const MOST_BARS = 12, SHOWN = 10, SURE = 0.8, UNSURE = 0.5;
  const MOST_PIXELS = 16e6; // of a picture; larger ones are made smaller first
  const find = (name) => document.getElementById(name);
  const [drawing, shown, camera, empty, answer, spoken, bars] = "drawing shown camera empty answer spoken bars".split(" ").map(find);
  const page = {}; // what was unpacked: words, network, familiar
  const desk = { strokes: [], stroke: null, pen: -PALM, mode: "", picture: null, asked: false, busy: false, cost: 0, settled: true };

  // --- words and bars, as pages/components/classify/prediction_view.py has them

  function percent(share) { // what is not quite all is never 100 %, what is not quite nothing never 0 %
    const per = share * 100;
    return `${per > 0 && per < 0.1 ? "<0.1" : per > 99.9 && per < 100 ? "99.9" : per.toFixed(1)}\u202f%`;
  }

  function wordsOf(shares, isUnknown) { // pieces; names that stand out are in lists
    const order = shares.map((_, place) => place).sort((a, b) => shares[b] - shares[a] || a - b), [first, second = first] = order;
    const names = page.words.classes, name = [names[first]], share = shares[first];
    if (isUnknown) return ["I don't know this: it is unlike anything I learned from, so the shares below mean little. If I had to choose: ", name, "."];
    if (share >= SURE) return ["This is ", name, `, ${percent(share)} sure.`];
    if (share >= UNSURE) return ["Probably ", name, `, ${percent(share)} sure. It could be ${names[second]}.`];
    return ["Not sure: perhaps ", name, ` (${percent(share)}) or ${names[second]} (${percent(shares[second])}).`];
  }

  function say(pieces, kind = "") {
    answer.className = kind;
    answer.replaceChildren(...pieces.map((piece) => Array.isArray(piece) ? Object.assign(document.createElement("b"), { textContent: piece[0] }) : piece));
    if (desk.settled && spoken.textContent !== answer.textContent) spoken.textContent = answer.textContent; // not at every point of a stroke
  }

  function showBars(shares, isUnknown) {
    const names = page.words.classes, many = names.length > MOST_BARS;
    const order = names.map((_, place) => place);
    if (many && shares) order.sort((a, b) => shares[b] - shares[a] || a - b);
    const first = shares ? shares.indexOf(Math.max(...shares)) : -1;
    bars.className = [Math.max(...names.map((name) => name.length)) > 2 && "named", isUnknown && "unknown", !shares && "waiting"].filter(Boolean).join(" ");
    order.slice(0, many ? SHOWN : names.length).forEach((place, row) => {
      const [name, track, share] = rowAt(row).children;
      bars.children[row].classList.toggle("won", place === first);
      name.textContent = names[place];
      track.style.setProperty("--share", shares ? shares[place] : 0);
      share.textContent = shares ? percent(shares[place]) : "\u00a0";
    });
  }

  function rowAt(row) {
    if (!bars.children[row]) {
      const item = document.createElement("li"), track = document.createElement("i");
      track.setAttribute("aria-hidden", "true");
      item.append(document.createElement("span"), track, document.createElement("span"));
      bars.append(item);
    }
    return bars.children[row];
  }

  function showPixels(prepared) {
    const canvas = find("pixels"), [height, width] = page.words.network.size, caption = `What the network sees, ${width} x ${height}`;
    canvas.width = width;
    canvas.height = height;
    canvas.setAttribute("aria-label", caption);
    canvas.nextElementSibling.textContent = caption;
    if (!prepared) return;
    const picture = new ImageData(width, height), { pixels, channels } = prepared;
    for (let place = 0; place < width * height; place++) {
      for (let i = 0; i < 3; i++) picture.data[place * 4 + i] = pixels[place * channels + (channels === 1 ? 0 : i)];
      picture.data[place * 4 + 3] = 255;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  // --- answering

  const ask = () => { desk.asked = true; if (!desk.busy && page.ready) answerSoon(); };

  async function answerSoon() { // one at a time; what changed meanwhile is asked about next
    desk.busy = true;
    while (desk.asked) {
      desk.asked = false;
      await new Promise((go) => setTimeout(go, Math.min(400, desk.cost))); // as long for the hand as for the answer
      const began = performance.now(), settled = !desk.stroke && desk.mode !== "camera";
      try {
        await answerNow(settled);
      } catch (error) {
        showBars(null);
        showPixels(null);
        desk.settled = true;
        if (error.constructor !== Error) console.error(error);
        say([error.constructor === Error ? error.message : "This picture could not be read; choose another one."], "wrong");
      }
      desk.cost = performance.now() - began;
      if (desk.mode === "camera") desk.asked = true;
    }
    desk.busy = false;
  }

  async function answerNow(settled) {
    const image = pictureNow();
    if (!image) return invite();
    if (desk.cost > 300) say(["Thinking ..."], "plain");
    const prepared = Preparation.prepare(image, page.words.preparation);
    const { probabilities, features } = await Network.answer(page.network, prepared.pixels);
    const isUnknown = Boolean(page.familiar) && Familiar.score(page.familiar, features, prepared) > page.familiar.limit;
    desk.settled = settled;
    const isLong = Math.max(...page.words.classes.map((name) => name.length)) > 2;
    say(wordsOf(probabilities, isUnknown), isUnknown ? "unknown" : isLong ? "long" : "");
    showBars(probabilities, isUnknown);
    showPixels(prepared);
  }

  function invite() {
    showBars(null);
    showPixels(null);
    desk.settled = true;
    say([desk.mode === "draw" ? `Draw ${page.words.hint}.` : `Show me ${page.words.hint}.`], "plain");
  }

  function pictureNow() { // ImageData, null when there is nothing yet
    if (desk.mode === "picture") return desk.picture;
    if (desk.mode === "camera") {
      const side = Math.min(camera.videoWidth, camera.videoHeight);
      return side ? imageOf(side, side, (context) => context.drawImage(camera, (side - camera.videoWidth) / 2, (side - camera.videoHeight) / 2)) : null;
    }
    if (!desk.strokes.length) return null;
    return imageOf(SIDE, SIDE, (context) => { // always dark on white, whatever the theme
      context.fillStyle = "#fff";
      context.fillRect(0, 0, SIDE, SIDE);
      paint(context, desk.strokes, "#000");
    });
  }

  function imageOf(width, height, draw) {
    const sheet = document.createElement("canvas");
    sheet.width = width;
    sheet.height = height;
    const context = sheet.getContext("2d", { willReadFrequently: true });
    draw(context);
    return context.getImageData(0, 0, width, height);
  }

  // --- drawing, as pages/components/classify/canvas.js does it; `paint` is the same

  function repaint() {
    const side = Math.max(1, Math.round(drawing.clientWidth * devicePixelRatio)), context = drawing.getContext("2d"); // sharp at any size
    if (drawing.width !== side) drawing.width = drawing.height = side;
    context.setTransform(side / SIDE, 0, 0, side / SIDE, 0, 0);
    context.clearRect(0, 0, SIDE, SIDE);
    paint(context, desk.strokes, getComputedStyle(document.body).color);
    find("undo").disabled = find("clear").disabled = !desk.strokes.length;
  }

  function change(strokes) {
    desk.strokes = strokes;
    desk.stroke = null;
    repaint();
    ask();
  }

  function place(event) {
    const box = drawing.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  }

  function readyToDraw() {
    drawing.setAttribute("aria-label", `Drawing area: draw ${page.words.hint} with mouse, pen or finger. With a keyboard, use Choose a picture.`);
    drawing.onpointerdown = (event) => {
      const { pointerId, pointerType } = event, isTouch = pointerType === "touch";
      if (pointerType === "pen") desk.pen = performance.now();
      if (event.button || (isTouch && performance.now() - desk.pen < PALM)) return;
      if (desk.stroke && !(pointerType === "pen" && desk.stroke.isTouch) && desk.stroke.pointerId !== pointerId) return;
      if (desk.stroke?.isTouch && pointerType === "pen") desk.strokes = desk.stroke.before; // that was the hand
      event.preventDefault();
      try { drawing.setPointerCapture(pointerId); } catch { /* it is gone already */ }
      desk.stroke = { pointerId, isTouch, before: desk.strokes, points: [place(event)] };
      desk.strokes = [...desk.strokes, { width: Number(find("pen").value), points: desk.stroke.points }];
      repaint();
    };
    drawing.onpointermove = (event) => {
      if (event.pointerType === "pen") desk.pen = performance.now();
      if (desk.stroke?.pointerId !== event.pointerId) return;
      if (!event.buttons) return change(desk.strokes); // released where it could not be seen
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) desk.stroke.points.push(place(move));
      repaint();
      ask();
    };
    drawing.onpointerup = drawing.onlostpointercapture = (event) => { if (desk.stroke?.pointerId === event.pointerId) change(desk.strokes); };
    drawing.onpointercancel = (event) => { // of a touch: the system took it for a palm
      if (desk.stroke?.pointerId === event.pointerId) change(desk.stroke.isTouch ? desk.stroke.before : desk.strokes);
    };
    find("undo").onclick = () => change(desk.strokes.slice(0, -1));
    find("clear").onclick = () => change([]);
    addEventListener("keydown", (event) => {
      if (desk.mode !== "draw" || !desk.strokes.length) return;
      const held = event.ctrlKey || event.metaKey;
      const button = held && event.key.toLowerCase() === "z" ? find("undo") : !held && ["Delete", "Backspace"].includes(event.key) ? find("clear") : null;
      if (!button) return;
      event.preventDefault();
      button.click();
    });
    new ResizeObserver(repaint).observe(drawing);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  }

  // --- pictures

  function turnTo(mode) {
    if (desk.mode === "camera" && mode !== "camera") camera.srcObject?.getTracks().forEach((track) => track.stop());
    desk.mode = mode;
    drawing.hidden = find("pens").hidden = mode !== "draw";
    shown.hidden = mode !== "picture" || !desk.picture;
    camera.hidden = mode !== "camera";
    empty.hidden = mode !== "picture" || Boolean(desk.picture);
    find("draw").hidden = !page.words.drawable || mode === "draw";
    find("take").textContent = mode === "camera" ? "Keep this picture" : "Take a picture";
    find("take").classList.toggle("first", mode === "camera");
    find("choose").classList.toggle("first", !empty.hidden);
    if (mode === "draw") repaint();
    ask();
  }

  function show(image) {
    desk.picture = image;
    shown.width = image.width;
    shown.height = image.height;
    shown.getContext("2d").putImageData(image, 0, 0);
    turnTo("picture");
  }

  async function read(file) {
    if (!file) return;
    const turn = (desk.reading = (desk.reading ?? 0) + 1); // a large picture takes longer than one that is chosen after it
    if (desk.mode !== "camera") say(["Reading the picture ..."], "plain");
    try {
      const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
      const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
      if (turn === desk.reading) show(imageOf(width, height, (context) => context.drawImage(bitmap, 0, 0, width, height)));
    } catch {
      if (turn !== desk.reading) return;
      if (desk.mode === "picture") { // what is said is not about the picture before
        desk.picture = null;
        shown.hidden = true;
        empty.hidden = false;
      }
      if (desk.mode !== "draw" || !desk.strokes.length) { showBars(null); showPixels(null); }
      say([`'${file.name}' is no picture that this browser can read; save it as JPEG or PNG and try again.`], "wrong");
    }
  }

  async function openCamera() {
    if (!navigator.mediaDevices?.getUserMedia) return find("photo").click(); // a phone's own camera, where a page may not use it
    try {
      camera.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
      await camera.play();
      turnTo("camera");
    } catch {
      say(["The camera could not be used; allow it for this page, or choose a picture."], "wrong");
    }
  }

  function readyForPictures() {
    for (const input of [find("file"), find("photo")]) input.onchange = () => { read(input.files[0]); input.value = ""; };
    find("choose").onclick = () => find("file").click();
    find("take").onclick = () => { const image = desk.mode === "camera" && pictureNow(); if (image) show(image); else openCamera(); };
    find("draw").onclick = () => turnTo("draw");
    const pictureIn = (data) => [...(data?.files ?? [])].find((file) => file.type.startsWith("image/")) ?? data?.files?.[0];
    addEventListener("paste", (event) => read(pictureIn(event.clipboardData)));
    const hovered = (is) => (event) => { event.preventDefault(); document.querySelector("main").classList.toggle("hovered", is); };
    addEventListener("dragover", hovered(true));
    addEventListener("dragleave", hovered(false));
    addEventListener("drop", (event) => { hovered(false)(event); read(pictureIn(event.dataTransfer)); });
  }

  // --- the self-test: pictures with the answers that the network gave before it left

  async function tested(milliseconds) {
    const { pixels, answers, limit } = page.words.golden, all = page.array(pixels), said = page.array(answers), classes = page.words.classes.length;
    const count = pixels.shape[0], each = all.length / count, likeliest = (shares) => shares.indexOf(Math.max(...shares));
    const found = { pictures: 0, same: 0, largest_difference: 0, milliseconds: 0 }, began = performance.now();
    while (found.pictures < count && (found.pictures < LEAST_CHECKED || performance.now() - began < milliseconds)) {
      const place = found.pictures++, wanted = [...said.subarray(place * classes, (place + 1) * classes)], start = performance.now();
      const { probabilities } = await Network.answer(page.network, all.subarray(place * each, (place + 1) * each));
      found.milliseconds += performance.now() - start;
      const difference = Math.max(...probabilities.map((share, i) => Math.abs(share - wanted[i])));
      found.same += likeliest(probabilities) === likeliest(wanted) && difference <= limit ? 1 : 0;
      found.largest_difference = Math.max(found.largest_difference, difference);
      if (Number.isNaN(difference)) found.largest_difference = null;
    }
    found.milliseconds /= found.pictures;
    return found;
  }

  async function showTest() {
    if (location.hash !== "#selftest") return;
    const found = await tested(Infinity), { pictures, same, largest_difference: difference, milliseconds } = found;
    find("tested").textContent = `Self-test: ${same} of ${pictures} pictures get the answer that the network gave in TrainDesk; probabilities differ by at most ` +
      `${difference?.toFixed(7)}; ${milliseconds.toFixed(1)} milliseconds an answer.`;
    find("selftest").textContent = JSON.stringify(found);
    find("tested").hidden = find("selftest").hidden = false;
  }

  function refuse(sentence) {
    say([sentence], "wrong");
    for (const control of document.querySelectorAll("button, input")) control.disabled = true;
    drawing.onpointerdown = null;
  }

  async function open() {
    try {
      Object.assign(page, await Network.unpacked(find("network").textContent));
    } catch {
      return refuse("This page could not be opened: its file is damaged or this browser is older than 2023; copy it anew or use a current browser.");
    }
    const { words } = page;
    page.network = Network.build(page);
    page.familiar = words.familiar && Familiar.build(page);
    const names = words.classes, some = names.slice(0, names.length > MOST_BARS ? SHOWN : names.length);
    find("knows").textContent = `It tells apart ${some.slice(0, -1).join(", ")}${names.length > some.length ? `, ${some.at(-1)} and ${names.length - some.length} more` : ` and ${some.at(-1)}`}.`;
    find("about").replaceChildren(...words.about.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    if (names.length > MOST_BARS) {
      showBars(null);
      bars.append(Object.assign(document.createElement("li"), { className: "more", textContent: `and ${names.length - SHOWN} more` }));
    }
    readyToDraw();
    readyForPictures();
    turnTo(words.drawable ? "draw" : "picture");
    invite();
    const found = await tested(CHECKING);
    if (found.same < found.pictures) {
      return refuse(`This page does not answer: ${found.pictures - found.same} of ${found.pictures} pictures by which it checks itself got another answer than in TrainDesk; copy the file anew or use another browser.`);
    }
    page.ready = true;
    ask();
    addEventListener("hashchange", showTest);
    await showTest();
  }

  open();
})();
