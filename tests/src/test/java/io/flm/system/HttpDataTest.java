package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The same weights, bit for bit, from shards on a server that fails in every way as from the same shards on a disk. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HttpDataTest {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

    private static final Pattern LEFT_OUT =
            Pattern.compile("/breaks/s-noto.tar: HTTP 404, no such file; its samples are left out from step (\\d+) on");

    private Path folder = Path.of("");

    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger faults = new AtomicInteger();
    private final AtomicInteger underWay = new AtomicInteger();
    private volatile boolean slow;
    private volatile boolean broken; // the end of a shard below /breaks/
    private volatile boolean gone; // all of it
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private @Nullable HttpServer server;
    private String address = "";
    private String onDisk = "";

    @BeforeAll
    void serve(@TempDir Path ofAllTests) throws Exception {
        folder = ofAllTests;
        EmojiRun.unpack(folder);
        System.setProperty("sun.net.httpserver.nodelay", "true"); // else each answer waits for 40 ms
        HttpServer failing = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        failing.createContext("/", this::handle);
        failing.setExecutor(threads);
        failing.start();
        server = failing;
        address = "http://127.0.0.1:" + failing.getAddress().getPort() + "/s-{noto,twemoji}.tar";
        JsonNode local = FlmProcess.start(
                        folder,
                        arguments(
                                "local",
                                1,
                                folder.resolve("s-{noto,twemoji}.tar").toString()))
                .result();
        onDisk = local.get("weightsSha256").asText();
        assertThat(onDisk).hasSize(64);
    }

    @AfterAll
    void stop() {
        if (server != null) {
            server.stop(0);
        }
        threads.shutdownNow();
    }

    /** Of twenty requests one is refused, one is cut off without an answer, one in the middle of it, and one is late. */
    private void handle(HttpExchange exchange) throws IOException {
        underWay.incrementAndGet();
        try (exchange) {
            int number = requests.incrementAndGet();
            String path = exchange.getRequestURI().getPath();
            Path file = folder.resolve(path.substring(path.lastIndexOf('/') + 1));
            if (!Files.isRegularFile(file) || (path.startsWith("/breaks/") && isBroken(exchange, file))) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            if (slow) {
                LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            }
            faults.addAndGet(number % 20 < 4 ? 1 : 0);
            switch (number % 20) {
                case 0 -> exchange.sendResponseHeaders(503, -1);
                case 1 -> exchange.close();
                case 2 -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
                default -> {}
            }
            if (number % 20 >= 2) {
                send(exchange, file, number % 20 == 3);
            }
        } finally {
            underWay.decrementAndGet();
        }
    }

    /** Pictures in the last part of one shard are not there; its captions are, which are smaller. */
    private boolean isBroken(HttpExchange exchange, Path file) throws IOException {
        Matcher range = RANGE.matcher(exchange.getRequestHeaders().getFirst("Range"));
        if (!broken || !file.endsWith("s-noto.tar") || !range.matches()) {
            return false;
        }
        long first = Long.parseLong(range.group(1));
        boolean isOfTheEnd = first > Files.size(file) / 100 * 97;
        return gone || (isOfTheEnd && Long.parseLong(range.group(2)) - first > 1000);
    }

    private static void send(HttpExchange exchange, Path file, boolean half) throws IOException {
        long size = Files.size(file);
        Matcher range = RANGE.matcher(exchange.getRequestHeaders().getFirst("Range"));
        if (!range.matches()) {
            throw new IllegalStateException("no range");
        }
        long first = Long.parseLong(range.group(1));
        long last = Math.min(size - 1, Long.parseLong(range.group(2)));
        ByteBuffer bytes = ByteBuffer.allocate((int) (last - first + 1));
        try (FileChannel channel = FileChannel.open(file)) {
            while (bytes.hasRemaining() && channel.read(bytes, first + bytes.position()) >= 0) {
                // on
            }
        }
        exchange.getResponseHeaders().set("ETag", "\"" + size + "\"");
        exchange.getResponseHeaders().set("Content-Range", "bytes " + first + "-" + last + "/" + size);
        exchange.sendResponseHeaders(206, bytes.capacity());
        try (OutputStream body = exchange.getResponseBody()) {
            body.write(bytes.array(), 0, half ? bytes.capacity() / 2 : bytes.capacity());
        }
    }

    private String[] arguments(String run, int workers, String data, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "--set",
                "flm.model.dropout=0.1",
                "--set",
                "flm.data.augment.rotate-degrees=10",
                "--set",
                "flm.checkpoint.every-steps=7"));
        all.addAll(List.of(more));
        return EmojiRun.arguments(folder.resolve(run), workers, data, all.toArray(String[]::new));
    }

    private String trained(String run, int workers, String... more) throws Exception {
        int before = faults.get();
        String sha256 = FlmProcess.start(folder, arguments(run, workers, address, more))
                .result()
                .get("weightsSha256")
                .asText();
        assertThat(faults.get() - before).as("faults that %s met", run).isPositive();
        return sha256;
    }

    @Test
    void oneWorkerOrTwoOrThreeOrTwoNodesEndWithTheWeightsOfADisk() throws Exception {
        assertThat(trained("one", 1)).isEqualTo(onDisk);
        assertThat(trained("two", 2)).isEqualTo(onDisk);
        assertThat(trained("three", 3)).isEqualTo(onDisk);
        assertThat(trained("nodes", 1, "--nodes", "2")).isEqualTo(onDisk);
    }

    @Test
    void aPageNamesHeldOutShardsOnAServerAsTheyWereGiven() throws Exception {
        Path page = folder.resolve("page.html");
        FlmProcess evaluated = FlmProcess.start(
                folder,
                "evaluate",
                "--from",
                folder.resolve("local").toString(),
                "--data",
                address,
                "--set",
                "flm.evaluate.samples=20",
                "--set",
                "flm.evaluate.pools=1",
                "--set",
                "flm.evaluate.pool-size=10",
                "--set",
                "flm.evaluate.caption-samples=2",
                "--html",
                page.toString());
        assertThat(evaluated.exitCode()).as(evaluated.errors()).isZero();
        assertThat(Files.readString(page)).contains("s-{noto,twemoji}.tar");
    }

    /** Of 20 MB of shards 6 MB are kept, so that pieces come and go while the run is on. */
    @Test
    void anOrderByWindowsOverPiecesThatAreKeptIsThatOfADisk() throws Exception {
        String[] windowed = {"--set", "flm.data.order-window=1"};
        String disk = FlmProcess.start(
                        folder,
                        arguments(
                                "windows",
                                1,
                                folder.resolve("s-{noto,twemoji}.tar").toString(),
                                windowed))
                .result()
                .get("weightsSha256")
                .asText();
        assertThat(disk).as("another order").isNotEqualTo(onDisk);
        Path cache = folder.resolve("pieces");
        String[] keeping = {
            "--set",
            "flm.data.order-window=1",
            "--set",
            "flm.data.remote.cache-folder=" + cache,
            "--set",
            "flm.data.remote.cache-size=6MiB"
        };
        assertThat(trained("kept", 1, keeping)).isEqualTo(disk);
        assertThat(FlmProcess.start(folder, arguments("kept-two", 2, address, keeping))
                        .result()
                        .get("weightsSha256")
                        .asText())
                .isEqualTo(disk);
        try (var pieces = Files.walk(cache)) {
            assertThat(pieces.filter(file -> file.toString().endsWith(".piece")))
                    .hasSizeBetween(5, 24);
        }
    }

    /** Runs until some steps are committed and a request is under way, and is killed then. */
    private void kill(String run, int workers, String data, String... more) throws Exception {
        FlmProcess killed = FlmProcess.start(folder, arguments(run, workers, data, more));
        Path metrics = folder.resolve(run).resolve("metrics.jsonl");
        long bound = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
        while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < 10 || underWay.get() == 0) {
            slow = Files.exists(metrics) && Files.readAllLines(metrics).size() >= 8;
            assertThat(killed.endsWithin(5) || System.nanoTime() > bound)
                    .as(killed.errors())
                    .isFalse();
        }
        killed.kill();
        slow = false;
    }

    private static String[] resumed(String... arguments) {
        String[] resuming = Arrays.copyOf(arguments, arguments.length + 1);
        resuming[arguments.length] = "--resume";
        return resuming;
    }

    /** The second run opens the shards by the tables that the first one kept. */
    @Test
    void aRunThatIsKilledInTheMidstOfItsReadsAndResumedEndsWithTheSameWeights() throws Exception {
        String[] keeping = {"--set", "flm.data.remote.cache-folder=" + folder.resolve("cache")};
        kill("killed", 2, address, keeping);
        assertThat(trained("killed", 1, resumed(keeping))).isEqualTo(onDisk);
        try (var tables = Files.list(folder.resolve("cache"))) {
            assertThat(tables).hasSize(2);
        }
    }

    /**
     * A shard is there when it is opened, and breaks in part: the first step that needs a picture of that part, and all after it, do without
     * the shard. So does a run of fewer workers that goes on with a checkpoint of more, when all of the shard is gone.
     */
    @Test
    void aShardThatStaysBrokenIsLeftOutAlikeWhoeverMetIt() throws Exception {
        String data = address.replace("/s-{", "/breaks/s-{");
        String[] lenient = {
            "--set", "flm.data.remote.cache-folder=" + folder.resolve("tables"), "--set", "flm.data.bad-sample-rate=0.9"
        };
        JsonNode tables = FlmProcess.start(folder, "data", "index", data, "--json", lenient[0], lenient[1])
                .result();
        assertThat(tables.get("shards")).hasSize(2);
        broken = true;
        try {
            FlmProcess one = FlmProcess.start(folder, arguments("breaks-one", 1, data, lenient));
            String sha256 = one.result().get("weightsSha256").asText();
            assertThat(sha256).hasSize(64).isNotEqualTo(onDisk);
            assertThat(leftOutFrom("breaks-one")).isPositive();
            FlmProcess three = FlmProcess.start(folder, arguments("breaks-three", 3, data, lenient));
            assertThat(three.result().get("weightsSha256").asText()).isEqualTo(sha256);
            assertThat(leftOutFrom("breaks-three")).isEqualTo(leftOutFrom("breaks-one"));
            kill("breaks-killed", 2, data, lenient);
            gone = true;
            FlmProcess again = FlmProcess.start(folder, arguments("breaks-killed", 1, data, resumed(lenient)));
            assertThat(again.result().get("weightsSha256").asText()).isEqualTo(sha256);
            gone = false;

            String few = "flm.data.bad-sample-rate=0.01";
            lenient[3] = few;
            FlmProcess stops = FlmProcess.start(folder, arguments("stops", 1, data, lenient));
            assertThat(stops.exitCode()).as(stops.errors()).isNotZero();
            FlmProcess alike = FlmProcess.start(folder, arguments("alike", 3, data, lenient));
            assertThat(alike.exitCode()).as(alike.errors()).isNotZero();
            assertThat(tooMany(alike)).isEqualTo(tooMany(stops));
        } finally {
            broken = false;
            gone = false;
        }
    }

    private long leftOutFrom(String run) throws IOException {
        Matcher note = LEFT_OUT.matcher(Files.readString(folder.resolve(run).resolve("flm.log")));
        assertThat(note.find()).as("a note of the shard").isTrue();
        return Long.parseLong(note.group(1));
    }

    private static String tooMany(FlmProcess flm) throws Exception {
        return flm.errors()
                .lines()
                .filter(line -> line.contains("bad samples were drawn"))
                .map(line -> line.substring(line.indexOf(" bad samples") - 4, line.indexOf("; log: ")))
                .findFirst()
                .orElseThrow();
    }
}
