package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class IngestTest {
    private static final ActorTestKit AKKA = ActorTestKit.create();
    private static Tokenizer tokenizer = Tokenizer.load(TokenizerTest.EMOJI);

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        tokenizer = Tokenizer.load(TokenizerTest.EMOJI);
    }

    @AfterAll
    static void close() {
        AKKA.shutdownTestKit();
        tokenizer.close();
    }

    @Test
    void aBatchHoldsTheLanesNextSamplesWithTheirPicturesAndTexts() throws Exception {
        try (Dataset source = open(Shards.of(40));
                Ingest ingest = ingest(source, "", 4)) {
            LaneBatch batch = take(ingest, 0, 2, 3, 1).get(0);
            assertThat(batch.step()).isZero();
            assertThat(batch.lane()).isEqualTo(2);
            assertThat(batch.rows()).isEqualTo(4);
            assertThat(batch.keys()).hasSize(4).allMatch(key -> key.startsWith("a.tar:s"));
            assertThat(batch.pixels().isDirect()).isTrue();
            assertThat(batch.pixels().remaining()).isEqualTo(4 * 3 * 16 * 16);
            int number = Integer.parseInt(batch.keys().get(1).substring(7));
            int[] colour = {number * 1, number * 2, number * 3};
            for (int channel = 0; channel < 3; channel++) {
                assertThat(batch.pixels().get((3 + channel) * 256)).isEqualTo((byte) colour[channel]);
            }
        }
    }

    @Test
    void anEpochShowsEverySampleOnce() throws Exception {
        try (Dataset source = open(Shards.of(40));
                Ingest ingest = ingest(source, "group-window = 2", 5)) {
            List<String> keys = new ArrayList<>(); // 2 steps x 4 lanes x 5
            take(ingest, 0, 0, 4, 8).forEach(batch -> keys.addAll(batch.keys()));
            assertThat(keys).hasSize(40).doesNotHaveDuplicates();
        }
    }

    @Test
    void aSeekGivesTheSameBytesAsAReplay() throws Exception {
        try (Dataset source = open(Shards.of(40));
                Ingest replayed = ingest(source, AUGMENT, 4);
                Ingest sought = ingest(source, AUGMENT + ", cache-size = 0, decode-threads = 3", 4)) {
            List<LaneBatch> all = take(replayed, 0, 0, 4, 4 * 30);
            List<LaneBatch> tail = take(sought, 17, 0, 4, 4 * 13);
            for (int i = 0; i < tail.size(); i++) {
                assertSame(tail.get(i), all.get(4 * 17 + i));
            }
        }
    }

    @Test
    void whoeverRunsALaneGetsTheSameBatches() throws Exception {
        try (Dataset source = open(Shards.of(40));
                Ingest one = ingest(source, AUGMENT, 4);
                Ingest other = ingest(source, AUGMENT, 4)) {
            List<LaneBatch> all = take(one, 0, 0, 4, 4 * 8);
            List<LaneBatch> two = take(other, 0, 1, 3, 2 * 8);
            for (LaneBatch batch : two) {
                assertSame(batch, all.get((int) batch.step() * 4 + batch.lane()));
            }
        }
    }

    @Test
    void anotherSeedGivesOtherBatches() throws Exception {
        try (Dataset source = open(Shards.of(40));
                Ingest one = ingest(source, "", 4);
                Ingest other = Ingest.open(source, tokenizer, settings(""), CORRUPTION, 16, 4, 4, 12)) {
            assertThat(take(one, 0, 0, 1, 1).get(0).keys())
                    .isNotEqualTo(take(other, 0, 0, 1, 1).get(0).keys());
        }
    }

    @Test
    void samplesThatAreHeldOutAreNeverTrainedOnWhateverTheOrderOfShards() throws Exception {
        Path other = Shards.of(60).write(folder.resolve("b.tar"));
        List<Path> paths = List.of(Shards.of(100).write(folder.resolve("a.tar")), other);
        Set<String> heldOut = new TreeSet<>();
        try (Dataset source = Dataset.open(paths, Split.heldOut(0.1))) {
            for (long index = 0; index < source.size(); index++) {
                heldOut.add(source.name(index));
            }
        }
        assertThat(heldOut).hasSizeBetween(5, 30);
        Set<String> trained = new TreeSet<>();
        try (Dataset source = Dataset.open(List.of(other, paths.get(0)), Split.training(0.1));
                Ingest ingest = ingest(source, "", 4)) {
            assertThat(source.size()).isEqualTo(source.inAll() - heldOut.size());
            take(ingest, 0, 0, 4, 3 * 160 / 4).forEach(batch -> trained.addAll(batch.keys())); // three epochs
            assertThat(trained).hasSize((int) source.size()).doesNotContainAnyElementsOf(heldOut);
        }
    }

    @Test
    void textsOfAWindowAreGroupedByLength() throws Exception {
        try (Dataset source = open(Shards.of(200));
                Ingest grouped = ingest(source, "group-window = 10", 5);
                Ingest mixed = ingest(source, "group-window = 1", 5)) {
            assertThat(pads(take(grouped, 0, 0, 4, 40))).isLessThan(pads(take(mixed, 0, 0, 4, 40)) / 3);
        }
    }

    private static long pads(List<LaneBatch> batches) {
        return batches.stream()
                .mapToLong(b -> (long) b.rows() * b.text().length()
                        - Arrays.stream(b.text().lengths()).sum())
                .sum();
    }

    @Test
    void badSamplesAreNamedAndReplacedTheSameWayByEveryRun() throws Exception {
        Shards shards = Shards.of(40).with("s007.png", "torn").with("s011.txt", " . ");
        String settings = "bad-sample-rate = 0.05, " + AUGMENT; // two of 40
        try (Dataset source = open(shards);
                Ingest one = ingest(source, settings, 4);
                Ingest other = ingest(source, settings, 4)) {
            List<LaneBatch> all = take(one, 0, 0, 4, 4 * 20);
            TreeSet<String> keys = new TreeSet<>();
            all.forEach(batch -> keys.addAll(batch.keys()));
            assertThat(keys).hasSize(38).doesNotContain("a.tar:s007", "a.tar:s011");
            assertThat(one.badSamples()).hasSize(2);
            assertThat(one.badSamples().get(0)).startsWith("a.tar:s007: ");
            assertThat(one.badSamples().get(1)).isEqualTo("a.tar:s011: the caption is empty");
            List<LaneBatch> tail = take(other, 11, 0, 4, 4 * 9);
            for (int i = 0; i < tail.size(); i++) {
                assertSame(tail.get(i), all.get(4 * 11 + i));
            }
        }
    }

    @Test
    void aPictureWhoseFileIsTooLargeIsNotEvenRead() throws Exception {
        byte[] large = Arrays.copyOf(Shards.png(16, 16, 0), 600 << 10); // readable, but for its size
        try (Dataset source = open(Shards.of(40).with("s007.png", large));
                Ingest ingest = ingest(source, "bad-sample-rate = 0.05, picture-memory = 1 MiB", 4)) {
            take(ingest, 0, 0, 4, 4 * 20);
            assertThat(ingest.badSamples())
                    .containsExactly(
                            "a.tar:s007: a picture of 600 KiB needs more than flm.data.picture-memory = 1 MiB");
        }
    }

    @Test
    void badSamplesAreCountedAlikeWhateverTheDealOfLanes() throws Exception {
        Shards shards = Shards.of(40).with("s007.png", "torn").with("s011.txt", " . ");
        try (Dataset source = open(shards);
                Ingest all = ingest(source, AUGMENT, 4);
                Ingest left = ingest(source, AUGMENT, 4);
                Ingest right = ingest(source, AUGMENT, 4)) {
            List<Integer> counted =
                    take(all, 0, 0, 4, 4 * 20).stream().map(LaneBatch::bad).toList();
            List<LaneBatch> halves = new ArrayList<>(take(left, 0, 0, 2, 2 * 20));
            halves.addAll(take(right, 0, 2, 4, 2 * 20));
            halves.sort(Comparator.comparingLong(LaneBatch::step).thenComparingInt(LaneBatch::lane));
            assertThat(halves).extracting(LaneBatch::bad).isEqualTo(counted);
            assertThat(counted.stream().mapToInt(i -> i).sum()).isPositive();
        }
    }

    @Test
    void aReadThatFailsEndsTheStreamAndNoOtherSampleTakesThePlace() throws IOException {
        try (Dataset source = open(Shards.of(40));
                Ingest ingest = ingest(source, "bad-sample-rate = 1.0", 4)) {
            cutInHalf();
            assertThatThrownBy(() -> take(ingest, 0, 0, 4, 4 * 20))
                    .isInstanceOf(UncheckedIOException.class)
                    .message()
                    .matches(
                            "a\\.tar:s0\\d\\d: cannot be read \\(.*a\\.tar has changed since it was opened first\\), tries: 4; look at this node's"
                                    + " disk; a run that it ended goes on with --resume");
        }
    }

    @Test
    void aSourceOfNothingButBadSamplesEndsWhateverIsAllowed() {
        Shards shards = new Shards();
        for (int i = 0; i < 10; i++) {
            shards.with("s00" + i + ".png", "torn").with("s00" + i + ".txt", "a fish");
        }
        try (Dataset source = open(shards);
                Ingest ingest = ingest(source, "bad-sample-rate = 1.0", 4)) {
            assertThatThrownBy(() -> take(ingest, 0, 0, 4, 1))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("no usable picture");
        }
    }

    @Test
    void everyStageCountsItsSamples() throws Exception {
        try (Dataset source = open(Shards.of(40));
                Ingest ingest = ingest(source, "", 4)) {
            take(ingest, 0, 0, 2, 10);
            assertThat(ingest.counters())
                    .extracting(StageCount::stage)
                    .containsExactly(
                            "read-texts", "tokenize", "read-pictures", "decode", "augment", "corrupt", "batch");
            assertThat(ingest.counters()).allSatisfy(count -> {
                assertThat(count.samples()).isGreaterThanOrEqualTo(40);
                assertThat(count.nanos()).isPositive();
            });
        }
    }

    @Test
    void neitherTextsNorPicturesAreReadByAThreadOfAkka() throws Exception {
        Shards texts = new Shards(); // all texts before all pictures
        Shards.of(40).each((name, content) -> texts.with(name.replace(".png", ".txt"), "a red fish"));
        Shards.of(40).each((name, content) -> texts.with(name.replace(".txt", ".png"), Shards.png(16, 16, 0x102030)));
        for (Shards shards : List.of(Shards.of(40), texts)) {
            Set<String> waiting = new TreeSet<>();
            try (Dataset source = open(shards);
                    Ingest ingest = ingest(source, "", 4)) {
                cutInHalf();
                CompletableFuture<List<LaneBatch>> failing = CompletableFuture.supplyAsync(() -> {
                    try {
                        return take(ingest, 0, 0, 4, 4 * 20);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
                while (!failing.isDone()) { // a read that fails is tried for 0.7 s
                    waiting.addAll(threadsThatRead());
                    Thread.onSpinWait();
                }
                assertThatThrownBy(failing::get).hasRootCauseInstanceOf(IOException.class);
            }
            assertThat(waiting).isNotEmpty().allMatch(name -> name.equals("flm-read") || name.equals("flm-decode"));
        }
    }

    @Test
    void whatIsInNoSampleIsToldInOneLineWhenTrainingStarts() {
        Logger logger = (Logger) LoggerFactory.getLogger(Ingest.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        Shards shards = Shards.of(40).with("alone.png", Shards.png(4, 4, 0)).with("a.cls", "7");
        try (Dataset source = open(shards);
                Ingest ingest = ingest(source, "", 4)) {
            assertThat(ingest.badSamples()).isEmpty();
            assertThat(lines.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .containsExactly(
                            "40 samples; left out: 1 cls: neither a picture nor a caption; 1 png: a picture without a"
                                    + " caption (txt, json); flm data inspect names them");
        } finally {
            logger.detachAppender(lines);
        }
    }

    private static Set<String> threadsThatRead() {
        Set<String> names = new TreeSet<>();
        Thread.getAllStackTraces().forEach((thread, frames) -> {
            if (Arrays.stream(frames).anyMatch(frame -> frame.getMethodName().equals("tried"))) {
                names.add(thread.getName());
            }
        });
        return names;
    }

    private void cutInHalf() throws IOException {
        try (FileChannel shard = FileChannel.open(folder.resolve("a.tar"), StandardOpenOption.WRITE)) {
            shard.truncate(shard.size() / 2);
        }
    }

    private static final String AUGMENT = "augment { rotate-degrees = 10, scale = 1.3, shift = 0.2 }";

    private Dataset open(Shards shards) {
        return Dataset.open(List.of(shards.write(folder.resolve("a.tar"))));
    }

    private static DataSettings settings(String changed) {
        return DataSettings.from(
                ConfigFactory.parseString("flm.data { " + changed + " }").withFallback(ConfigFactory.load()));
    }

    /** With several reads side by side, answers that overtake each other, and errors, batches are byte for byte those of a disk. */
    @Test
    void batchesOfAServerAreThoseOfADisk() throws Exception {
        Shards shards = Shards.of(60);
        for (int i = 0; i < 60; i += 7) {
            shards.with(String.format("s%03d.txt", i), i % 2 == 0 ? "" : "a fish"); // some of them bad
        }
        RemoteSettings remote = new RemoteSettings(Optional.empty(), 6, 8, Duration.ofSeconds(20), Optional.empty(), 0);
        try (FileServer server = new FileServer(folder);
                Dataset disk = open(shards);
                Dataset net = Dataset.open(List.of(server.path("a.tar")), Split.ALL, remote);
                Ingest one = ingest(disk, AUGMENT + ", bad-sample-rate = 0.5", 4);
                Ingest other = ingest(net, AUGMENT + ", bad-sample-rate = 0.5, cache-size = 0", 4)) {
            server.fault = (exchange, number) -> {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(number % 5));
                return number % 9 == 0 && FileServer.answer(exchange, 500);
            };
            List<LaneBatch> expected = take(one, 0, 0, 2, 24);
            List<LaneBatch> actual = take(other, 0, 0, 2, 24);
            for (int i = 0; i < 24; i++) {
                assertSame(actual.get(i), expected.get(i));
                assertThat(actual.get(i).bad()).isEqualTo(expected.get(i).bad());
            }
            assertThat(other.badSamples()).isNotEmpty().isEqualTo(one.badSamples());
            assertThat(server.faults.get()).isGreaterThan(5);
        }
    }

    /** Predicts tokens that it draws. */
    private static final Corruption CORRUPTION = (samples, random) -> {
        List<int[]> rows = Sample.captions(samples);
        int length = TextBatch.longest(rows);
        TokenTargets.Builder drawn = new TokenTargets.Builder();
        for (int r = 0; r < rows.size(); r++) {
            for (int i = 1; i < rows.get(r).length; i++) {
                if (random.nextBoolean(0.4)) {
                    drawn.add(r * length + i, rows.get(r)[i]);
                }
            }
        }
        return TextBatch.of(
                Streams.BIDIRECTIONAL, rows, tokenizer.padId(), List.of(drawn.build(TokenTargets.From.OUTPUT)));
    };

    private static Ingest ingest(Dataset source, String changed, int microBatch) {
        return Ingest.open(source, tokenizer, settings(changed), CORRUPTION, 16, 4, microBatch, 11);
    }

    private static List<LaneBatch> take(Ingest ingest, long firstStep, int fromLane, int toLane, int count)
            throws InterruptedException {
        List<LaneBatch> batches = new ArrayList<>();
        try (BatchReader reader = ingest.reader(AKKA.system(), firstStep, fromLane, toLane)) {
            for (int i = 0; i < count; i++) {
                batches.add(reader.next());
            }
        }
        return batches;
    }

    private static void assertSame(LaneBatch actual, LaneBatch expected) {
        assertThat(actual.step()).isEqualTo(expected.step());
        assertThat(actual.lane()).isEqualTo(expected.lane());
        assertThat(actual.keys()).isEqualTo(expected.keys());
        assertThat(bytes(actual.pixels())).isEqualTo(bytes(expected.pixels()));
        assertThat(actual.text().ids()).isEqualTo(expected.text().ids());
        for (int head = 0; head < expected.text().heads().size(); head++) {
            assertThat(actual.text().tokens(head).positions())
                    .isEqualTo(expected.text().tokens(head).positions());
            assertThat(actual.text().tokens(head).ids())
                    .isEqualTo(expected.text().tokens(head).ids());
        }
    }

    private static byte[] bytes(ByteBuffer pixels) {
        byte[] bytes = new byte[pixels.remaining()];
        pixels.duplicate().get(bytes);
        return bytes;
    }
}
