package io.flm.browser;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A page in the browser, used as somebody would: what is clicked must be in sight, and nothing is waited for but conditions. All
 * messages of its console are kept, from its first load on: its own, what it throws, what the network and the policy of
 * its content refuse.
 */
public final class Tab implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String AXE = "/axe.min.js";
    private static final long BOUND_SECONDS = 90;

    /** Beside the console, in which the browser names what was refused. */
    private static final String TELL_VIOLATIONS = """
            document.addEventListener('securitypolicyviolation',
                event => console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`));
            """;

    private final DevTools tools;
    private final Queue<String> messages = new ConcurrentLinkedQueue<>();

    Tab(HttpClient http, String address) throws Exception {
        tools = new DevTools(http, address);
        tools.on(
                "Runtime.consoleAPICalled",
                event -> messages.add(
                        event.path("type").asText() + ": " + event.path("args").findValuesAsText("value")));
        tools.on("Runtime.exceptionThrown", event -> messages.add("thrown: " + event.path("exceptionDetails")));
        tools.on("Log.entryAdded", event -> {
            JsonNode entry = event.path("entry");
            messages.add("%s: %s %s"
                    .formatted(
                            entry.path("source").asText(),
                            entry.path("text").asText(),
                            entry.path("url").asText()));
        });
        for (String domain : List.of("Page", "Runtime", "Log")) {
            tools.call(domain + ".enable", Map.of());
        }
        tools.call("Emulation.setScrollbarsHidden", Map.of("hidden", true)); // as on a phone: each pixel is the page's
        tools.call("Page.addScriptToEvaluateOnNewDocument", Map.of("source", TELL_VIOLATIONS));
    }

    /** What the console has said so far; each is told once. */
    public List<String> messages() {
        List<String> told = new ArrayList<>();
        for (String message = messages.poll(); message != null; message = messages.poll()) {
            told.add(message);
        }
        return told;
    }

    public void show(String address) throws Exception {
        JsonNode answer = tools.call("Page.navigate", Map.of("url", address));
        if (answer.has("errorText")) {
            throw new IOException(address + ": " + answer.path("errorText").asText());
        }
        await("the page", "document.readyState === 'complete' && location.href.startsWith('http')");
    }

    /** Before the others, as a tab must be whose pictures are to be loaded as they come into sight. */
    public void front() throws Exception {
        tools.call("Page.bringToFront", Map.of());
    }

    /** Answers requests whose address fits a pattern, such as {@code *}{@code /api/v1/run}, in the place of the node. */
    public void answer(String pattern, String contentType, String body) throws Exception {
        Map<String, Object> answer = Map.of(
                "responseCode",
                200,
                "responseHeaders",
                List.of(Map.of("name", "Content-Type", "value", contentType)),
                "body",
                Base64.getEncoder().encodeToString(body.getBytes(StandardCharsets.UTF_8)));
        tools.on("Fetch.requestPaused", event -> {
            Map<String, Object> whole = new HashMap<>(answer);
            whole.put("requestId", event.path("requestId").asText());
            try {
                var unused = tools.send("Fetch.fulfillRequest", whole);
            } catch (Exception e) {
                messages.add("not answered: " + e);
            }
        });
        tools.call("Fetch.enable", Map.of("patterns", List.of(Map.of("urlPattern", pattern))));
    }

    /** The value of an expression of JavaScript, or of what it promises. */
    public JsonNode value(String expression) throws Exception {
        JsonNode answer = tools.call(
                "Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (answer.has("exceptionDetails")) {
            throw new IOException(expression + ": " + answer.path("exceptionDetails"));
        }
        return answer.path("result").path("value");
    }

    /** The text of what a selector finds first. */
    public String text(String selector) throws Exception {
        return value("document.querySelector(%s).textContent".formatted(quoted(selector)))
                .asText();
    }

    public void await(String what, String condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(BOUND_SECONDS);
        while (!value("Boolean(" + condition + ")").asBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never came: %s; messages: %s; page: %s"
                        .formatted(
                                what,
                                messages(),
                                value("document.body.innerText").asText()));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    /** Waits until some text is in what a selector finds. */
    public void awaitText(String selector, String text) throws Exception {
        await(
                text + " in " + selector,
                "[...document.querySelectorAll(%s)].some(found => found.textContent.includes(%s))"
                        .formatted(quoted(selector), quoted(text)));
    }

    /** Clicks what can be clicked, at a place where nothing lies over it. */
    public void click(String selector) throws Exception {
        String click = """
                (() => {
                  const target = document.querySelector(%s);
                  if (target === null || target.disabled) {
                    return false;
                  }
                  target.scrollIntoView({block: 'center', behavior: 'instant'});
                  const box = target.getBoundingClientRect();
                  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                  if (!target.contains(there)) {
                    return false;
                  }
                  target.click();
                  return true;
                })()
                """;
        await(selector + " to be clicked", click.formatted(quoted(selector)));
    }

    /** A key, down and up: {@code Tab}, {@code Enter} or {@code Escape}. */
    public void press(String key) throws Exception {
        Map<String, Object> event = new HashMap<>();
        event.put("key", key);
        event.put("code", key);
        event.put("windowsVirtualKeyCode", Objects.requireNonNull(KEYS.get(key)));
        if (key.equals("Enter")) {
            event.put("text", "\r");
        }
        event.put("type", event.containsKey("text") ? "keyDown" : "rawKeyDown");
        tools.call("Input.dispatchKeyEvent", event);
        event.put("type", "keyUp");
        tools.call("Input.dispatchKeyEvent", event);
    }

    private static final Map<String, Integer> KEYS = Map.of("Tab", 9, "Enter", 13, "Escape", 27);

    /** Writes into what has the focus. */
    public void type(String text) throws Exception {
        tools.call("Input.insertText", Map.of("text", text));
    }

    /** A window of so many pixels. */
    public void size(int width, int height) throws Exception {
        tools.call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    }

    /** @param scheme light or dark */
    public void scheme(String scheme) throws Exception {
        tools.call(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    /** What axe-core finds, each as its rule, how bad it is and where. */
    public List<String> faults() throws Exception {
        if (!value("'axe' in window").asBoolean()) {
            try (InputStream axe = Objects.requireNonNull(Tab.class.getResourceAsStream(AXE), AXE)) {
                value(new String(axe.readAllBytes(), StandardCharsets.UTF_8) + "; true");
            }
        }
        JsonNode violations = value(
                "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(fault =>"
                        + " `${fault.impact} ${fault.id}: ${fault.nodes.map(node => node.html).join(', ')}: ${fault.nodes[0].failureSummary}`))");
        List<String> faults = new ArrayList<>();
        violations.forEach(fault -> faults.add(fault.asText()));
        return faults;
    }

    /** A part of the page as a PNG, as wide as the window. */
    public byte[] picture(int top, int height) throws Exception {
        int width = value("innerWidth").asInt();
        JsonNode answer = tools.call(
                "Page.captureScreenshot",
                Map.of(
                        "format",
                        "png",
                        "captureBeyondViewport",
                        true,
                        "clip",
                        Map.of("x", 0, "y", top, "width", width, "height", height, "scale", 1)));
        return Palette.png(Base64.getDecoder().decode(answer.path("data").asText()));
    }

    private static String quoted(String text) throws IOException {
        return JSON.writeValueAsString(text);
    }

    @Override
    public void close() {
        tools.close();
    }
}
