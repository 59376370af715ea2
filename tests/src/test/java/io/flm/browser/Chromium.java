package io.flm.browser;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Chromium without a window, in a process and a profile of its own. */
public final class Chromium implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final long BOUND_MS = 60_000;

    private final Process process;
    private final String address;

    private Chromium(Process process, String address) {
        this.process = process;
        this.address = address;
    }

    /** That of {@code -Dflm.test.chromium}, which has to be there then, or one on the PATH. */
    public static Optional<Path> installed() {
        String given = System.getProperty("flm.test.chromium", "");
        if (!given.isEmpty()) {
            return Optional.of(Path.of(given));
        }
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .map(place -> Path.of(place, "chromium"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** @param folder for its profile and for what it says */
    public static Chromium start(Path binary, Path folder) throws Exception {
        Path said = Files.createDirectories(folder).resolve("said.txt");
        Path profile = folder.resolve("profile");
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        binary.toString(),
                        "--headless=new",
                        "--no-sandbox", // root has none; it sees pages of this test alone
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-extensions",
                        "--disable-sync",
                        "--disable-background-timer-throttling",
                        "--disable-renderer-backgrounding",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank"))
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        builder.environment().put("TMPDIR", folder.toString()); // killed, it leaves files there
        Process process = builder.start();
        Path port = profile.resolve("DevToolsActivePort"); // two lines: the port, and a path
        for (long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BOUND_MS); ; ) {
            if (Files.exists(port) && Files.readAllLines(port).size() == 2) {
                return new Chromium(
                        process, "127.0.0.1:" + Files.readAllLines(port).get(0));
            }
            if (System.nanoTime() > end || process.waitFor(20, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IOException(binary + " does not start: " + Files.readString(said));
            }
        }
    }

    /** An empty tab, which listens for messages before it shows anything. */
    public Tab open() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + "/json/new?about:blank"))
                .PUT(BodyPublishers.noBody())
                .build();
        String answer = HTTP.send(request, BodyHandlers.ofString()).body();
        return new Tab(
                HTTP,
                new ObjectMapper().readTree(answer).path("webSocketDebuggerUrl").asText());
    }

    @Override
    public void close() {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(
                one -> one.onExit().orTimeout(BOUND_MS, TimeUnit.MILLISECONDS).join());
    }
}
