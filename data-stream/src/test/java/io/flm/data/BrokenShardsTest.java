package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.sun.net.httpserver.HttpExchange;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shards on a server that stay broken: which step fails for one, and what takes the place of its samples. */
class BrokenShardsTest {
    private static final int LANES = 4;
    private static final int MICRO_BATCH = 5;
    private static final int SAMPLES = 40; // of a shard
    private static final RemoteSettings REMOTE =
            new RemoteSettings(Optional.empty(), 4, 2, Duration.ofSeconds(20), Optional.empty(), 0);
    private static final ActorTestKit AKKA = ActorTestKit.create();
    private static Tokenizer tokenizer = Tokenizer.load(TokenizerTest.EMOJI);

    @TempDir
    private Path folder = Path.of("");

    private @Nullable FileServer serving;

    @BeforeAll
    static void load() {
        tokenizer = Tokenizer.load(TokenizerTest.EMOJI);
    }

    @AfterAll
    static void close() {
        AKKA.shutdownTestKit();
        tokenizer.close();
    }

    @BeforeEach
    void serve() throws IOException {
        for (String name : List.of("a", "b", "c")) {
            Shards.of(SAMPLES).write(folder.resolve(name + ".tar"));
        }
        serving = new FileServer(folder);
    }

    @AfterEach
    void stop() {
        server().close();
    }

    private FileServer server() {
        return Objects.requireNonNull(serving);
    }

    private String shard(String name) {
        return server().path(name + ".tar").toString().replace("http:/1", "http://1");
    }

    private Dataset open() {
        return Dataset.open(
                List.of(server().path("a.tar"), server().path("b.tar"), server().path("c.tar")), Split.ALL, REMOTE);
    }

    private static Ingest ingest(Dataset source, String changed) {
        DataSettings settings = DataSettings.from(ConfigFactory.parseString(
                        "flm.data { prefetch = 2, group-window = 2, " + changed + "\n tokenizer = t, paths = [p] }")
                .withFallback(ConfigFactory.load()));
        Corruption none = (samples, random) ->
                TextBatch.of(Streams.BIDIRECTIONAL, Sample.captions(samples), tokenizer.padId(), List.of());
        return Ingest.open(source, tokenizer, settings, none, 16, LANES, MICRO_BATCH, 11);
    }

    private void gone(String name) {
        server().fault = (exchange, number) ->
                exchange.getRequestURI().getPath().equals("/" + name + ".tar") && FileServer.answer(exchange, 404);
    }

    private static List<LaneBatch> take(
            Ingest ingest, long firstStep, int fromLane, int toLane, int steps, BrokenShards broken) {
        List<LaneBatch> batches = new ArrayList<>();
        try (BatchReader reader = ingest.reader(AKKA.system(), firstStep, fromLane, toLane, broken)) {
            for (int i = 0; i < steps * (toLane - fromLane); i++) {
                batches.add(reader.next());
            }
        }
        return batches;
    }

    /** The step that fails for a shard, in these lanes. */
    private static long failing(Ingest ingest, int fromLane, int toLane, String shard) {
        try (BatchReader reader = ingest.reader(AKKA.system(), 0, fromLane, toLane, BrokenShards.NONE)) {
            for (int count = 0; count < 1000; count++) {
                try {
                    LaneBatch batch = reader.next();
                    assertThat(batch.step()).isEqualTo(count / (toLane - fromLane));
                } catch (BrokenShard e) {
                    assertThat(e.shard()).isEqualTo(shard);
                    return count / (toLane - fromLane);
                }
            }
        }
        throw new AssertionError("no step needed " + shard);
    }

    @Test
    void theStepThatNeedsAShardFailsHoweverFarIsReadAheadAndWhoeverRunsItsLanes() {
        try (Dataset source = open();
                Ingest near = ingest(source, "order-window = 1, cache-size = 0, prefetch = 1");
                Ingest far = ingest(source, "order-window = 1, cache-size = 0, prefetch = 16")) {
            List<Long> steps = new ArrayList<>();
            for (String name : List.of("a", "b", "c")) {
                gone(name);
                long step = failing(near, 0, LANES, shard(name));
                assertThat(failing(far, 0, LANES, shard(name))).isEqualTo(step);
                assertThat(Math.min(failing(far, 0, 3, shard(name)), failing(near, 3, 4, shard(name))))
                        .isEqualTo(step);
                steps.add(step);
            }
            assertThat(steps).containsExactlyInAnyOrder(0L, 2L, 4L); // two steps of 20 samples each
        }
    }

    @Test
    void aShardIsLeftOutFromItsStepOnWhoeverRunsTheLanes() {
        BrokenShards broken = BrokenShards.NONE.with(shard("b"), 3);
        try (Dataset source = open();
                Ingest whole = ingest(source, "");
                Ingest one = ingest(source, "");
                Ingest other = ingest(source, "cache-size = 0")) {
            List<LaneBatch> before = take(whole, 0, 0, LANES, 12, BrokenShards.NONE);
            List<LaneBatch> all = take(one, 0, 0, LANES, 12, broken);
            for (int i = 0; i < all.size(); i++) {
                LaneBatch batch = all.get(i);
                if (batch.step() < 3) {
                    assertThat(batch.keys()).isEqualTo(before.get(i).keys());
                } else {
                    assertThat(batch.keys()).noneMatch(key -> key.startsWith("b.tar"));
                }
            }
            assertThat(before.subList(3 * LANES, 12 * LANES))
                    .flatExtracting(LaneBatch::keys)
                    .anyMatch(key -> key.startsWith("b.tar"));
            gone("b");
            for (LaneBatch batch : take(other, 3, 1, 3, 9, broken)) {
                LaneBatch same = all.get((int) batch.step() * LANES + batch.lane());
                assertThat(batch.keys()).isEqualTo(same.keys());
                assertThat(batch.text().ids()).isEqualTo(same.text().ids());
                assertThat(batch.bad()).isEqualTo(same.bad());
            }
        }
    }

    /** Three windows of 40 samples are an epoch. */
    @ParameterizedTest
    @ValueSource(strings = {"", "order-window = 1", "order-window = 2"})
    void eachSampleThatIsLeftOutCountsAsBadAndIsReplacedByOneOfItsOwnAndTheirShardIsNamedOnce(String order) {
        try (Dataset source = open();
                Ingest ingest = ingest(source, order)) {
            gone("b");
            List<LaneBatch> epoch = take(ingest, 0, 0, LANES, 6, BrokenShards.NONE.with(shard("b"), 0));
            assertThat(epoch.stream().mapToInt(LaneBatch::bad).sum()).isEqualTo(SAMPLES);
            assertThat(ingest.badSamples()).containsExactly(shard("b") + ": is left out from step 0 on");
            for (LaneBatch batch : epoch) { // no sample stands for all that are left out
                assertThat(Set.copyOf(batch.keys())).hasSizeGreaterThanOrEqualTo(MICRO_BATCH - 1);
            }
        }
    }

    @Test
    void aShardThatBreaksWithinAWindowCountsFromThatStepOn() {
        try (Dataset source = open();
                Ingest ingest = ingest(source, "")) {
            List<Integer> counts = take(ingest, 0, 0, LANES, 6, BrokenShards.NONE.with(shard("b"), 1)).stream()
                    .map(LaneBatch::bad)
                    .toList();
            int[] bySteps = IntStream.range(0, 6)
                    .map(step -> IntStream.range(0, LANES)
                            .map(lane -> counts.get(step * LANES + lane))
                            .sum())
                    .toArray();
            assertThat(bySteps[0]).isZero();
            assertThat(bySteps[1]).isPositive();
            assertThat(IntStream.of(bySteps).sum()).isEqualTo(SAMPLES);
        }
    }

    @Test
    void whereAllShardsAreBrokenThereIsNothingToTrainOn() {
        BrokenShards all = new BrokenShards(Map.of(shard("a"), 0L, shard("b"), 0L, shard("c"), 0L));
        try (Dataset source = open();
                Ingest ingest = ingest(source, "")) {
            assertThatThrownBy(() -> take(ingest, 0, 0, 1, 1, all))
                    .isInstanceOf(UserException.class)
                    .isNotInstanceOf(BrokenShard.class)
                    .hasMessageContaining("no sample is left: 3 shards stay broken, such as " + shard("a"));
        }
    }

    private static void answerOtherBytes(FileServer server, HttpExchange exchange, String what) throws IOException {
        Path file = server.file(exchange);
        switch (what) {
            case "other" -> {
                server.etag = "\"another\"";
                server.part(exchange, file, FileServer.range(exchange), Integer.MAX_VALUE);
            }
            case "elsewhere" -> server.part(exchange, file, "bytes=0-9", Integer.MAX_VALUE);
            default -> throw new AssertionError(what);
        }
    }

    /** What a server says of a file for good, and what it may say otherwise the next time, or to another one. */
    @ParameterizedTest
    @ValueSource(strings = {"404", "410", "416", "451", "other", "elsewhere", "401", "403", "500", "503", "200"})
    void onlyWhatIsOfTheFileAndLastsBreaksAShard(String what) {
        server().etag = "\"first\"";
        try (Dataset source = open()) {
            server().fault = (exchange, number) -> {
                if (what.matches("\\d+")) {
                    return FileServer.answer(exchange, Integer.parseInt(what));
                }
                answerOtherBytes(server(), exchange, what);
                return true;
            };
            boolean breaks =
                    List.of("404", "410", "416", "451", "other", "elsewhere").contains(what);
            assertThatThrownBy(() -> source.image(SAMPLES + 3))
                    .matches(e -> e instanceof BrokenShard == breaks, "is a broken shard: " + breaks)
                    .hasMessageContaining("/b.tar: ");
            assertThat(source.file(SAMPLES + 3)).isEqualTo(shard("b"));
        }
    }

    @Test
    void whereTheCacheKnowsWhatAShardHeldARunThatLeavesItOutGoesOn() throws Exception {
        List<Path> paths = List.of(server().path("a.tar"), server().path("b.tar"));
        RemoteSettings keeping = new RemoteSettings(
                Optional.empty(), 4, 2, Duration.ofSeconds(20), Optional.of(folder.resolve("cache")), 0);
        String sha256;
        try (Dataset source = Dataset.open(paths, Split.ALL, keeping)) {
            sha256 = source.sha256();
        }
        gone("b");
        try (Dataset source = Dataset.open(paths, Split.ALL, keeping)) {
            assertThat(source.sha256()).isEqualTo(sha256);
            assertThat(source.image(3)).isNotEmpty();
            assertThatThrownBy(() -> source.image(SAMPLES + 3))
                    .isInstanceOf(BrokenShard.class)
                    .hasMessage(shard("b") + ": HTTP 404, no such file; give other data");
        }
        assertThatThrownBy(() -> Dataset.open(paths, Split.ALL, REMOTE)).isInstanceOf(BrokenShard.class);
    }

    @Test
    void tooManyShardsAreAServersFault() {
        BrokenShards broken = BrokenShards.NONE;
        for (int shard = 0; shard < BrokenShards.MOST; shard++) {
            broken = broken.with("s" + shard, 7);
        }
        BrokenShards most = broken;
        assertThat(most.with("s7", 3).firstSteps()).containsEntry("s7", 3L).hasSize(BrokenShards.MOST);
        assertThatThrownBy(() -> most.with("t", 8))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("more than 100 shards stay broken, such as t: look at their server");
    }

    /** Shown, addresses that differ in their queries are one: no shard is left out for another one's fault. */
    @Test
    void aShardWhoseAddressHasAQueryEndsTheRun() {
        Fault gone = new Fault("HTTP 404", "give other data");
        assertThat(BrokenShard.of(URI.create("https://host/a.tar"), gone))
                .isInstanceOf(BrokenShard.class)
                .hasMessage("https://host/a.tar: HTTP 404; give other data");
        assertThat(BrokenShard.of(URI.create("https://host/get?a.tar"), gone))
                .isNotInstanceOf(BrokenShard.class)
                .hasMessageContaining(": HTTP 404; give other data");
    }

    /** The advice has a semicolon of its own. */
    @Test
    void theFaultOfAShardSaysNothingOfWhatToDo() throws Exception {
        Files.move(folder.resolve("a.tar"), folder.resolve("a"));
        try (Dataset source = Dataset.open(List.of(server().path("a")), Split.ALL, REMOTE)) {
            server().fault = (exchange, number) -> FileServer.answer(exchange, 404);
            String shard = source.file(3);
            assertThatThrownBy(() -> source.image(3))
                    .isInstanceOfSatisfying(
                            BrokenShard.class, e -> assertThat(e.fault()).isEqualTo(shard + ": HTTP 404, no such file"))
                    .hasMessageContaining("; give other data (if it is a folder: ")
                    .hasMessageEndingWith("; name its shards with braces, or in a .list)");
        }
    }
}
