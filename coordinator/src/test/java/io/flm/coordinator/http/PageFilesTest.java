package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.CoordinatorEnvironment;
import io.flm.coordinator.CoordinatorSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page as it is served, by a node that wants a token. */
class PageFilesTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String TOKEN = "a-token-for-tests-only";
    private static int port;

    @BeforeAll
    static void bind() throws Exception {
        port = LoopbackEndpoint.bind(
                KIT.system(),
                KIT.spawn(Coordinator.withoutReceptionist(
                        CoordinatorSettings.from(ConfigFactory.load()),
                        new CoordinatorEnvironment(InstantSource.system(), System::nanoTime, () -> "key"))),
                LoopbackEndpoint.settings(new Tokens("token", TOKEN, "", "")));
    }

    @AfterAll
    static void close() {
        KIT.shutdownTestKit();
    }

    private static HttpResponse<String> send(String method, String path, String token) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, method.equals("POST") ? BodyPublishers.ofString("{}") : BodyPublishers.noBody());
        if (method.equals("POST")) {
            request.header("Content-Type", "application/json");
        }
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return CLIENT.send(request.build(), BodyHandlers.ofString());
    }

    @ParameterizedTest
    @CsvSource({
        "/, text/html",
        "/page.js, application/javascript",
        "/beside.js, application/javascript",
        "/connection.js, application/javascript",
        "/curves.js, application/javascript",
        "/elements.js, application/javascript",
        "/node.js, application/javascript",
        "/parts.js, application/javascript",
        "/samples.js, application/javascript",
        "/times.js, application/javascript",
        "/uPlot.esm.js, application/javascript",
        "/page.css, text/css",
        "/uPlot.min.css, text/css",
        "/icon.svg, image/svg+xml"
    })
    void eachFileHasItsTypeAndLetsABrowserLoadNothingElse(String path, String type) throws Exception {
        HttpResponse<String> response = send("GET", path, "");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).hasSizeGreaterThan(100);
        assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith(type);
        assertThat(response.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(response.headers().firstValue("Content-Security-Policy").orElse(""))
                .startsWith("default-src 'self';")
                .contains("frame-ancestors 'none'")
                .doesNotContain("unsafe", "http", "data:", "*");
        assertThat(send("HEAD", path, "").statusCode()).isEqualTo(200);
        assertThat(send("POST", path, TOKEN).statusCode()).isEqualTo(405);
    }

    @Test
    void thereAreNoOtherFiles() throws Exception {
        for (String path :
                List.of("/index.html", "/page/page.js", "/..%2fpage.css", "/%2e%2e/reference.conf", "/pagexjs")) {
            assertThat(send("GET", path, TOKEN).statusCode()).as(path).isBetween(400, 404);
        }
    }

    private static String source(String resource) throws IOException {
        try (InputStream in = Objects.requireNonNull(PageFiles.class.getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String ownSources() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String resource : new TreeSet<>(PageFiles.FILES.values())) {
            if (resource.startsWith("page/")) {
                all.append(source(resource));
            }
        }
        return all.toString();
    }

    private static Set<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(each -> each.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void whatThePageAsksForIsThere() throws Exception {
        Set<String> asked = found("['`](/api/v1/[^'`?]*)", ownSources());
        assertThat(asked)
                .contains("/api/v1/events", "/api/v1/metrics", "/api/v1/run/pause", "/api/v1/workers/${path}/drain");
        asked.remove("/api/v1/events"); // has no end
        asked.remove("/api/v1/samples/${sample.number}/picture"); // there is no sample
        for (String path : asked) {
            String real = path.replace("${path}", "w");
            assertThat(List.of(
                            send("GET", real, TOKEN).statusCode(),
                            send("POST", real, TOKEN).statusCode()))
                    .as(path)
                    .doesNotContain(404)
                    .containsAnyOf(200, 409, 503, 400);
        }
    }

    @Test
    void whatThePageLoadsIsServed() throws Exception {
        Set<String> loaded = found("(?:href|src)=\"([^#\"]+)\"", source("page/index.html"));
        found("from '([^']+)'", ownSources()).forEach(module -> loaded.add(module.replaceFirst("^\\.", "")));
        assertThat(loaded).contains("/page.css", "/page.js", "/parts.js", "/uPlot.esm.js");
        assertThat(loaded).allSatisfy(path -> assertThat(PageFiles.FILES).containsKey(path.substring(1)));
    }

    /** Notes, names and reasons may be anybody's: they are set as text. */
    @Test
    void noTextIsMadeIntoElementsOrCode() throws Exception {
        assertThat(ownSources() + source("page/index.html"))
                .doesNotContainPattern(
                        "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|\\beval\\b|new Function|srcdoc")
                .doesNotContainPattern("\\bon[a-z]+=|style=|<style|javascript:|setAttribute\\('style");
    }

    @Test
    void whatThePageFindsByItsNameIsInIt() throws Exception {
        Set<String> wanted = found("byId\\('([^']+)'\\)", ownSources());
        assertThat(found("id=\"([^\"]+)\"", source("page/index.html"))).containsAll(wanted);
    }
}
