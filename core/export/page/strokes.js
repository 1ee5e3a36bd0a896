// How a drawing looks: strokes of { width, points: [[x, y], ...] }. On the page of the dashboard and on those that leave it.
function paint(context, strokes, ink) {
  context.strokeStyle = ink;
  context.lineCap = context.lineJoin = "round";
  for (const { width, points } of strokes) {
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...points[0]);
    if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
    for (let i = 1; i < points.length - 1; i++) { // curves through the middles of the segments: no corners at slow sampling
      const [x, y] = points[i], [nextX, nextY] = points[i + 1];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    if (points.length > 1) context.lineTo(...points[points.length - 1]);
    context.stroke();
  }
}
