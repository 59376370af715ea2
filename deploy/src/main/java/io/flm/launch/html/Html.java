package io.flm.launch.html;

import io.flm.worker.evaluate.Png;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;

/** Pieces of a page. */
final class Html {
    private Html() {}

    /** A whole document; {@code body} is HTML. */
    static String page(String title, String body) {
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                <main>
                %s</main>
                </body>
                </html>
                """.formatted(escape(title), style(), body);
    }

    /**
     * What a page of a model begins with.
     *
     * @param facts of the model, by name
     */
    static String header(String kind, String title, Map<String, String> facts) {
        StringBuilder header = new StringBuilder();
        header.append("<header><p class=\"kind\">")
                .append(escape(kind))
                .append("</p><h1>")
                .append(escape(title))
                .append("</h1><dl class=\"facts\">");
        facts.forEach((name, value) -> header.append("<div><dt>")
                .append(escape(name))
                .append("</dt><dd>")
                .append(escape(value))
                .append("</dd></div>"));
        return header.append("</dl></header>\n").toString();
    }

    private static String style() {
        try (InputStream in = Html.class.getResourceAsStream("page.css")) {
            if (in == null) {
                throw new IllegalStateException("page.css is not beside the page's class");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Text as HTML shows it, within elements and quoted attributes. */
    static String escape(String text) {
        StringBuilder html = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> html.append("&amp;");
                case '<' -> html.append("&lt;");
                case '>' -> html.append("&gt;");
                case '"' -> html.append("&quot;");
                case '\'' -> html.append("&#39;");
                default -> html.appendCodePoint(c);
            }
        });
        return html.toString();
    }

    /** A picture inside the page. */
    static String picture(byte[] pixels, String alt) {
        return "<img src=\"data:image/png;base64," + Base64.getEncoder().encodeToString(Png.of(pixels)) + "\" alt=\""
                + escape(alt) + "\">";
    }

    static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * fraction);
    }

    static String number(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
