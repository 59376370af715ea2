package io.flm.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A run of {@code flm pretrain} that is being watched: its metrics, and the nodes that say in its folder how they are reached. */
final class LocalRun {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Pattern SHOWN = Pattern.compile("step (\\d+)/");
    private static final long BOUND_NS = 180_000_000_000L;

    /**
     * A node's process.
     *
     * @param akka {@code host:port} that others join
     * @param http {@code host:port}
     */
    record Child(String name, String akka, String http, ProcessHandle process) {
        void kill() throws Exception {
            process.destroyForcibly();
            process.onExit().get(30, TimeUnit.SECONDS);
        }

        /** SIGSTOP or SIGCONT, say. */
        void signal(String name) throws Exception {
            FlmProcess.signal(name, process.pid());
        }

        void requireEnd() throws Exception {
            try {
                process.onExit().get(30, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                String command = process.info().commandLine().orElse("?");
                process.destroyForcibly();
                throw new AssertionError("process " + process.pid() + " is left behind: " + command, e);
            }
        }
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    private final Path folder;
    private final FlmProcess driver;

    private LocalRun(Path folder, FlmProcess driver) {
        this.folder = folder;
        this.driver = driver;
    }

    /** Starts {@code flm pretrain} of the tiny preset, dropout on, with one thread a worker. */
    static LocalRun start(Path folder, int steps, String... more) throws IOException {
        return start(folder, List.of(), "tiny", steps, more);
    }

    /** @param within as in {@link FlmProcess#start(Path, List, String...)} */
    static LocalRun start(Path folder, List<String> within, String preset, int steps, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "pretrain",
                "--preset",
                preset,
                "--steps",
                String.valueOf(steps),
                "--threads",
                "1",
                "--set",
                "flm.model.dropout=0.1",
                "--set",
                "flm.checkpoint.every-steps=10",
                "--set",
                "flm.data.eval-paths=",
                "--run",
                folder.toString(),
                "--json"));
        arguments.addAll(Arrays.asList(more));
        return new LocalRun(
                folder, FlmProcess.start(folder.resolveSibling("out"), within, arguments.toArray(String[]::new)));
    }

    FlmProcess driver() {
        return driver;
    }

    Path folder() {
        return folder;
    }

    /** The nodes that say how they are reached and are alive, the longest living first. */
    List<Child> children() throws IOException {
        Path nodes = folder.resolve("nodes");
        if (!Files.isDirectory(nodes)) {
            return List.of();
        }
        List<Child> children = new ArrayList<>();
        try (Stream<Path> files = Files.list(nodes)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                JsonNode node = JSON.readTree(file.toFile());
                ProcessHandle.of(node.path("pid").asLong())
                        .filter(ProcessHandle::isAlive)
                        .ifPresent(process -> children.add(new Child(
                                node.path("name").asText(),
                                node.path("akka").asText(),
                                node.path("http").asText(),
                                process)));
            }
        }
        children.sort(Comparator.comparing(
                child -> child.process().info().startInstant().orElseThrow()));
        return children;
    }

    /** Committed steps, as the metrics say, which nodes of this machine write into the run's folder. */
    long steps() throws IOException {
        Path metrics = folder.resolve("metrics.jsonl");
        if (!Files.exists(metrics)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(metrics)) {
            return lines.count();
        }
    }

    /** The newest step that the driver has shown, which it does every few seconds, wherever the run's nodes are. */
    long shownSteps() throws IOException {
        Matcher step = SHOWN.matcher(driver.errors());
        long shown = 0;
        while (step.find()) {
            shown = Long.parseLong(step.group(1));
        }
        return shown;
    }

    void await(String what, Condition condition) throws Exception {
        for (long end = System.nanoTime() + BOUND_NS; !condition.holds(); ) {
            if (System.nanoTime() > end || driver.endsWithin(50)) {
                throw new AssertionError("never came: " + what + "; messages: " + driver.errors());
            }
        }
    }

    /** What a node that answers says to {@code GET /api/v1/...}; a text where none does. */
    JsonNode get(String path) throws Exception {
        return ask(path, HttpRequest.newBuilder().GET());
    }

    /** An order by {@code POST /api/v1/...}, which must be accepted. */
    void post(String path) throws Exception {
        JsonNode answer = order(path);
        if (!answer.path("accepted").asBoolean()) {
            throw new AssertionError(path + ": " + answer);
        }
    }

    boolean accepts(String order) throws Exception {
        return order(order).path("accepted").asBoolean();
    }

    private JsonNode order(String path) throws Exception {
        return ask(path, HttpRequest.newBuilder().POST(BodyPublishers.noBody()));
    }

    /** How many of the workers, as HTTP lists them, are members of the generation. */
    static long members(JsonNode workers) {
        return workers.findValues("rank").stream()
                .filter(rank -> rank.asInt() >= 0)
                .count();
    }

    private JsonNode ask(String path, HttpRequest.Builder request) throws Exception {
        JsonNode answer = MissingNode.getInstance();
        for (Child child : children()) {
            try {
                request.uri(URI.create("http://" + child.http() + "/api/v1" + path))
                        .timeout(Duration.ofSeconds(5));
                return JSON.readTree(
                        HTTP.send(request.build(), BodyHandlers.ofString()).body());
            } catch (IOException e) {
                answer = new TextNode(String.valueOf(e)); // not there any more, or not yet: the next one may be
            }
        }
        return answer;
    }

    /** Waits for the end and returns what the run says of itself. */
    JsonNode result() throws Exception {
        return driver.result();
    }
}
