package io.flm.coordinator.http;

import static akka.http.javadsl.server.Directives.complete;
import static akka.http.javadsl.server.Directives.concat;
import static akka.http.javadsl.server.Directives.get;
import static akka.http.javadsl.server.Directives.path;
import static akka.http.javadsl.server.Directives.pathSingleSlash;

import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpCharsets;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.server.Route;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The page at {@code /}: files of this program, and of uPlot, which draws the curves. They say nothing of a run, so that they need no
 * token; what the page shows it asks for like everybody else. A browser may run and load nothing but these files.
 */
final class PageFiles {
    private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";
    private static final ContentType SCRIPT =
            ContentTypes.create(MediaTypes.APPLICATION_JAVASCRIPT, HttpCharsets.UTF_8);
    private static final ContentType STYLE = ContentTypes.create(MediaTypes.TEXT_CSS, HttpCharsets.UTF_8);
    private static final ContentType PICTURE = ContentTypes.create(MediaTypes.IMAGE_SVG_XML);

    private static final List<String> OWN = List.of(
            "page.js",
            "beside.js",
            "connection.js",
            "curves.js",
            "elements.js",
            "node.js",
            "parts.js",
            "samples.js",
            "times.js",
            "page.css",
            "icon.svg");
    private static final List<String> LIBRARY = List.of("uPlot.esm.js", "uPlot.min.css");

    /** By their paths, each with the resource that it is. */
    static final Map<String, String> FILES = files();

    private static final List<HttpHeader> HEADERS = List.of(
            HttpAnswers.header(
                    "Content-Security-Policy",
                    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"),
            HttpAnswers.header("X-Content-Type-Options", "nosniff"),
            HttpAnswers.header("Referrer-Policy", "same-origin"),
            HttpAnswers.header("Cache-Control", "no-cache"));

    private PageFiles() {}

    private static Map<String, String> files() {
        Map<String, String> files = new TreeMap<>();
        OWN.forEach(name -> files.put(name, "page/" + name));
        LIBRARY.forEach(name -> files.put(name, UPLOT + name));
        return Collections.unmodifiableMap(files);
    }

    static Route route() {
        Route files = pathSingleSlash(() -> file("page/index.html", ContentTypes.TEXT_HTML_UTF8));
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            files = concat(files, path(file.getKey(), () -> file(file.getValue(), type(file.getKey()))));
        }
        return files;
    }

    private static ContentType type(String name) {
        return name.endsWith(".js") ? SCRIPT : name.endsWith(".css") ? STYLE : PICTURE;
    }

    private static Route file(String resource, ContentType type) {
        byte[] content = read(resource);
        return get(() ->
                complete(HttpResponse.create().addHeaders(HEADERS).withEntity(HttpEntities.create(type, content))));
    }

    private static byte[] read(String resource) {
        try (InputStream in = PageFiles.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("no resource " + resource);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException("the program's own resource " + resource, e);
        }
    }
}
