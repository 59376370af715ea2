package io.flm.launch.html;

import java.util.List;
import java.util.Map;

/** Lines over steps, as SVG. */
final class LineChart {
    private static final int WIDTH = 400;
    private static final int HEIGHT = 220;
    private static final int LEFT = 44;
    private static final int TOP = 34;
    private static final int RIGHT = 44;
    private static final int BOTTOM = 26;

    private final String title;
    private final Map<String, List<double[]>> lines; // name -> {step, value}
    private final double lastStep;
    private final double grid;
    private final double top;

    LineChart(String title, Map<String, List<double[]>> lines) {
        this.title = title;
        this.lines = lines;
        lastStep = Math.max(1, most(0));
        double most = Math.max(1e-6, most(1));
        grid = distance(most);
        top = grid * Math.ceil(most / grid);
    }

    private double most(int coordinate) {
        return lines.values().stream()
                .flatMap(List::stream)
                .mapToDouble(p -> p[coordinate])
                .max()
                .orElse(1);
    }

    /** The distance of grid lines: 1, 2 or 5 times a power of ten, so that about four cover the values. */
    private static double distance(double most) {
        double unit = Math.pow(10, Math.floor(Math.log10(most / 4)));
        double units = most / 4 / unit;
        return unit * (units <= 1 ? 1 : units <= 2 ? 2 : units <= 5 ? 5 : 10);
    }

    String svg() {
        StringBuilder svg =
                new StringBuilder("<figure><svg viewBox=\"0 0 " + WIDTH + " " + HEIGHT + "\" role=\"img\">");
        svg.append("<title>").append(Html.escape(title)).append("</title>");
        svg.append(text(0, 14, "start", "chart-title", title));
        for (int tick = 0; tick <= Math.rint(top / grid); tick++) {
            double value = grid * tick;
            double y = y(value);
            svg.append(Html.number(
                    "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, y, WIDTH - RIGHT, y));
            svg.append(text(LEFT - 6, y + 4, "end", "tick", label(value)));
        }
        svg.append(text(LEFT, HEIGHT - 6, "start", "tick", "0"));
        svg.append(text(WIDTH - RIGHT, HEIGHT - 6, "end", "tick", Html.number("step %,d", (long) lastStep)));
        lines.forEach((name, points) -> line(svg, name, points));
        labels(svg);
        return svg.append("</svg></figure>").toString();
    }

    private void line(StringBuilder svg, String name, List<double[]> points) {
        if (points.isEmpty()) {
            return;
        }
        StringBuilder path = new StringBuilder();
        for (double[] p : points) {
            path.append(Html.number("%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(p[0]), y(p[1])));
        }
        svg.append("<path class=\"line ")
                .append(Html.escape(name))
                .append("\" d=\"")
                .append(path)
                .append("\"/>");
    }

    /** Names at the ends of the lines, pushed apart where they would cover each other. */
    private void labels(StringBuilder svg) {
        if (lines.size() < 2) {
            return;
        }
        double[] lowest = {Double.NEGATIVE_INFINITY};
        lines.entrySet().stream()
                .filter(e -> !e.getValue().isEmpty())
                .sorted((a, b) -> Double.compare(lastValue(b.getValue()), lastValue(a.getValue())))
                .forEach(e -> {
                    double y = Math.max(y(lastValue(e.getValue())) + 4, lowest[0] + 12);
                    lowest[0] = y;
                    svg.append(text(WIDTH - RIGHT + 6, y, "start", "name " + Html.escape(e.getKey()), e.getKey()));
                });
    }

    private static double lastValue(List<double[]> points) {
        return points.get(points.size() - 1)[1];
    }

    private double x(double step) {
        return LEFT + step / lastStep * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
    }

    private static String label(double value) {
        return value >= 1 || value == 0 ? Html.number("%,.0f", value) : Html.number("%.2f", value);
    }

    private static String text(double x, double y, String anchor, String kind, String text) {
        return Html.number("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, kind)
                + Html.escape(text) + "</text>";
    }
}
