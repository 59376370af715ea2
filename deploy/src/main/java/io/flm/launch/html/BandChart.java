package io.flm.launch.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** Means over log time with bands from the lowest to the highest, as SVG. */
final class BandChart {
    private static final int WIDTH = 480;
    private static final int HEIGHT = 280;
    private static final int LEFT = 48;
    private static final int TOP = 34;
    private static final int RIGHT = 84;
    private static final int BOTTOM = 40;
    static final int COLOURS = 8;
    private static final int MOST_LETTERS = 12;
    private static final double LABEL_DISTANCE = 13;

    /**
     * A point of a line.
     *
     * @param x above 0
     */
    record Point(double x, double mean, double low, double high) {}

    /**
     * A line.
     *
     * @param colour by its place in the comparison, so that it is the same in all charts
     */
    record Line(String name, int colour, List<Point> points) {}

    private final String title;
    private final String axis;
    private final boolean percent;
    private final List<Line> lines;
    private final OptionalDouble level; // drawn across
    private final double first;
    private final double last;
    private final double grid;
    private final double bottom;
    private final double top;

    /**
     * @param axis what x is
     * @param level drawn across, such as what chance gives; empty: none
     */
    BandChart(String title, String axis, boolean percent, List<Line> lines, OptionalDouble level) {
        this.title = title;
        this.axis = axis;
        this.percent = percent;
        this.lines = lines;
        this.level = level;
        List<Point> all = lines.stream().flatMap(line -> line.points().stream()).toList();
        first = all.stream().mapToDouble(Point::x).min().orElse(1);
        last = Math.max(first * 1.0001, all.stream().mapToDouble(Point::x).max().orElse(2));
        double most = Math.max(all.stream().mapToDouble(Point::high).max().orElse(1), level.orElse(0));
        double least = Math.min(all.stream().mapToDouble(Point::low).min().orElse(0), level.orElse(Double.MAX_VALUE));
        double range = Math.max(1e-6, Math.max(most - least, Math.abs(most) * 0.05));
        grid = distance(range);
        bottom = grid * Math.floor(least / grid);
        top = Math.max(bottom + grid, grid * Math.ceil(most / grid));
    }

    /** 1, 2 or 5 times a power of ten, so that about four grid lines cover the range. */
    private static double distance(double range) {
        double unit = Math.pow(10, Math.floor(Math.log10(range / 4)));
        double units = range / 4 / unit;
        return unit * (units <= 1 ? 1 : units <= 2 ? 2 : units <= 5 ? 5 : 10);
    }

    String svg() {
        StringBuilder svg =
                new StringBuilder("<figure><svg viewBox=\"0 0 " + WIDTH + " " + HEIGHT + "\" role=\"img\">");
        svg.append("<title>").append(Html.escape(title)).append("</title>");
        svg.append(text(0, 14, "start", "chart-title", title));
        for (int tick = 0; tick <= Math.rint((top - bottom) / grid); tick++) {
            double value = bottom + grid * tick;
            svg.append(Html.number(
                    "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>",
                    LEFT, y(value), WIDTH - RIGHT, y(value)));
            svg.append(text(LEFT - 6, y(value) + 4, "end", "tick", label(value)));
        }
        for (double x : ticks()) {
            svg.append(Html.number(
                    "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>",
                    x(x), HEIGHT - BOTTOM, x(x), HEIGHT - BOTTOM + 4));
            svg.append(text(x(x), HEIGHT - BOTTOM + 16, "middle", "tick", amount(x)));
        }
        svg.append(text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", "tick", axis));
        level.ifPresent(value -> svg.append(Html.number(
                "<line class=\"level\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>",
                LEFT, y(value), WIDTH - RIGHT, y(value))));
        lines.forEach(line -> band(svg, line));
        lines.forEach(line -> line(svg, line));
        names(svg);
        return svg.append("</svg></figure>").toString();
    }

    private void band(StringBuilder svg, Line line) {
        if (line.points().size() < 2) {
            return;
        }
        StringBuilder path = new StringBuilder();
        line.points()
                .forEach(p ->
                        path.append(Html.number("%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(p.x()), y(p.high()))));
        for (int i = line.points().size() - 1; i >= 0; i--) {
            Point p = line.points().get(i);
            path.append(Html.number("L%.1f %.1f", x(p.x()), y(p.low())));
        }
        svg.append("<path class=\"band ")
                .append(colour(line))
                .append("\" d=\"")
                .append(path)
                .append("Z\"/>");
    }

    private void line(StringBuilder svg, Line line) {
        StringBuilder path = new StringBuilder();
        line.points()
                .forEach(p ->
                        path.append(Html.number("%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(p.x()), y(p.mean()))));
        svg.append("<path class=\"line ")
                .append(colour(line))
                .append("\" d=\"")
                .append(path)
                .append("\"/>");
        if (line.points().size() > 24) {
            return;
        }
        for (Point p : line.points()) {
            svg.append(Html.number(
                    "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\"><title>%s, %s: %s (%s to"
                            + " %s)</title></circle>",
                    colour(line),
                    x(p.x()),
                    y(p.mean()),
                    Html.escape(line.name()),
                    amount(p.x()),
                    label(p.mean()),
                    label(p.low()),
                    label(p.high())));
        }
    }

    /** At the ends of the lines, pushed apart where they would cover each other, and up where they would leave the chart. */
    private void names(StringBuilder svg) {
        List<Line> shown = new ArrayList<>(
                lines.stream().filter(line -> !line.points().isEmpty()).toList());
        shown.sort((a, b) -> Double.compare(lastMean(b), lastMean(a)));
        double[] at = new double[shown.size()];
        for (int i = 0; i < at.length; i++) {
            double wanted = y(lastMean(shown.get(i))) + 4;
            at[i] = i == 0 ? wanted : Math.max(wanted, at[i - 1] + LABEL_DISTANCE);
        }
        double over = at.length == 0 ? 0 : Math.max(0, at[at.length - 1] - (HEIGHT - BOTTOM));
        for (int i = at.length - 1; over > 0 && i >= 0; i--) {
            at[i] = Math.min(at[i], i == at.length - 1 ? HEIGHT - BOTTOM : at[i + 1] - LABEL_DISTANCE);
        }
        for (int i = 0; i < at.length; i++) {
            Line line = shown.get(i);
            svg.append(text(WIDTH - RIGHT + 7, at[i], "start", "name " + colour(line), shortened(line.name())));
        }
    }

    /** The end tells names apart. */
    private static String shortened(String name) {
        return name.length() <= MOST_LETTERS ? name : "…" + name.substring(name.length() - MOST_LETTERS + 1);
    }

    private static double lastMean(Line line) {
        return line.points().get(line.points().size() - 1).mean();
    }

    /** Each doubling, as many as there is room for. */
    private List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        double octaves = Math.log(last / first) / Math.log(2);
        double stride = Math.max(1, Math.ceil(octaves / 6));
        for (double octave = 0; octave <= octaves + 1e-6; octave += stride) {
            ticks.add(last / Math.pow(2, octave));
        }
        return ticks;
    }

    private double x(double value) {
        return LEFT + Math.log(value / first) / Math.log(last / first) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM);
    }

    private String label(double value) {
        double shown = percent ? 100 * value : value;
        double step = percent ? 100 * grid : grid;
        int digits = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
        return String.format(Locale.ROOT, "%." + Math.min(6, digits) + "f%s", shown + 0.0, percent ? " %" : "");
    }

    /** In three or four digits. */
    static String amount(double value) {
        if (value >= 1e6) {
            return String.format(Locale.ROOT, "%.1e", value);
        }
        int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
        String text = String.format(Locale.ROOT, "%,." + digits + "f", value);
        return digits == 0 ? text : text.replaceAll("\\.?0+$", "");
    }

    static String colour(Line line) {
        return "c" + line.colour() % COLOURS;
    }

    private static String text(double x, double y, String anchor, String kind, String text) {
        return Html.number("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, kind)
                + Html.escape(text) + "</text>";
    }
}
