package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.ConfigFactory;
import io.flm.data.Listed.One;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches of examples that are no captions: two pictures, several texts, labels. */
class ExamplesTest {
    private static final ActorTestKit AKKA = ActorTestKit.create();
    private static final int PIXELS = 3 * 16 * 16;
    private static Tokenizer tokenizer = Tokenizer.load(TokenizerTest.EMOJI);

    /** What the corruption was given, by the key of each sample. */
    private final Map<String, Sample> seen = Collections.synchronizedMap(new TreeMap<>());

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
    void aBatchHoldsBothPicturesOfAPairAndItsLabel() throws Exception {
        List<One> pairs = new ArrayList<>();
        for (long i = 0; i < 20; i++) {
            pairs.add(One.of("pair-" + i, List.of(i, 39 - i), List.of("both are fish"), (int) (i % 2)));
        }
        try (Dataset source = open(Shards.of(40));
                Ingest ingest = ingest(new Listed(pairs), source, "", 4)) {
            for (LaneBatch batch : take(ingest, 0, 4, 8)) {
                assertThat(batch.samples()).isEqualTo(4);
                assertThat(batch.pictures()).isEqualTo(8);
                for (int row = 0; row < 4; row++) {
                    int number = Integer.parseInt(batch.keys().get(row).substring(5));
                    Sample sample = Objects.requireNonNull(seen.get("pair-" + number));
                    assertThat(sample.labels()).containsExactly(number % 2);
                    assertThat(batch.pixels().get(2 * row * PIXELS)).isEqualTo((byte) number);
                    assertThat(batch.pixels().get((2 * row + 1) * PIXELS)).isEqualTo((byte) (39 - number));
                    assertThat(sample.texts()).hasSize(1);
                    assertThat(tokenizer.decode(sample.texts().get(0))).isEqualTo("both are fish"); // no dot
                }
            }
        }
    }

    @Test
    void whoeverRunsALaneGetsTheSameFalseTexts() throws Exception {
        Examples hard = words(40).withFalseTexts(3, 8);
        try (Dataset source = open(Shards.of(40));
                Ingest all = ingest(hard, source, "", 4);
                Ingest left = ingest(hard, source, "cache-size = 0, decode-threads = 3", 4);
                Ingest right = ingest(hard, source, "", 4)) {
            List<LaneBatch> whole = take(all, 0, 4, 4 * 12);
            List<LaneBatch> halves = new ArrayList<>(take(left, 5, 0, 2, 2 * 7));
            halves.addAll(take(right, 5, 2, 4, 2 * 7));
            halves.sort(Comparator.comparingLong(LaneBatch::step).thenComparingInt(LaneBatch::lane));
            for (int i = 0; i < halves.size(); i++) {
                LaneBatch expected = whole.get(4 * 5 + i);
                assertThat(halves.get(i).keys()).isEqualTo(expected.keys());
                assertThat(halves.get(i).text().ids()).isEqualTo(expected.text().ids());
                assertThat(bytes(halves.get(i))).isEqualTo(bytes(expected));
            }
            assertThat(whole.get(0).text().rows()).isEqualTo(16);
            assertThat(whole.get(0).pictures()).isEqualTo(4);
        }
    }

    @Test
    void aPictureThatSixQuestionsShowIsReadAndDecodedOnce() throws Exception {
        List<One> questions = new ArrayList<>();
        for (long i = 0; i < 24; i++) {
            questions.add(One.of("q" + i, List.of(10 + i % 4), List.of("what is this?")));
        }
        try (Counted kept = new Counted(open(Shards.of(40)));
                Ingest ingest = ingest(new Listed(questions), kept, "group-window = 1", 24)) {
            take(ingest, 0, 1, 10);
            assertThat(kept.reads)
                    .as("of 240 visits")
                    .hasSizeBetween(4, 12); // a batch or two are read before the first is decoded
        }
        try (Counted passing = new Counted(open(Shards.of(40)));
                Ingest ingest = ingest(new Listed(questions), passing, "group-window = 1, cache-size = 0", 24)) {
            LaneBatch batch = take(ingest, 0, 1, 2).get(1);
            List<Long> reads = List.copyOf(passing.reads); // which go on
            assertThat(new HashSet<>(reads.subList(0, 4))).hasSize(4);
            assertThat(new HashSet<>(reads.subList(4, 8))).hasSize(4);
            for (int row = 0; row < 24; row++) {
                int number = Integer.parseInt(batch.keys().get(row).substring(1));
                assertThat(batch.pixels().get(row * PIXELS)).isEqualTo((byte) (10 + number % 4));
            }
        }
    }

    @Test
    void examplesOfABadPictureOrTextArePassedOverAlikeInEveryDealOfLanes() throws Exception {
        List<One> pairs = new ArrayList<>();
        for (long i = 0; i < 30; i++) {
            pairs.add(One.of("p" + i, List.of(i, 30 + i % 10), List.of(i == 11 ? "bad" : "fish " + i)));
        }
        Shards shards = Shards.of(40).with("s007.png", "torn").with("s033.png", "torn"); // s033: of p3, p13, p23
        String settings = "bad-sample-rate = 0.5";
        try (Dataset source = open(shards);
                Ingest all = ingest(new Listed(pairs), source, settings, 3);
                Ingest left = ingest(new Listed(pairs), source, settings, 3);
                Ingest right = ingest(new Listed(pairs), source, settings, 3)) {
            List<LaneBatch> whole = take(all, 0, 4, 4 * 20);
            TreeSet<String> keys = new TreeSet<>();
            whole.forEach(batch -> keys.addAll(batch.keys()));
            assertThat(keys).hasSize(25).doesNotContain("p3", "p7", "p11", "p13", "p23");
            assertThat(all.badSamples())
                    .hasSize(3)
                    .anyMatch(bad -> bad.startsWith("a.tar:s007: "))
                    .anyMatch(bad -> bad.startsWith("a.tar:s033: "))
                    .contains("p11: a bad text");
            List<LaneBatch> halves = new ArrayList<>(take(left, 0, 0, 2, 2 * 20));
            halves.addAll(take(right, 0, 2, 4, 2 * 20));
            halves.sort(Comparator.comparingLong(LaneBatch::step).thenComparingInt(LaneBatch::lane));
            for (int i = 0; i < halves.size(); i++) {
                assertThat(halves.get(i).keys()).isEqualTo(whole.get(i).keys());
                assertThat(halves.get(i).bad()).isEqualTo(whole.get(i).bad());
            }
        }
    }

    @Test
    void falseTextsAreOfOtherPicturesAndNeverTrueOnes() throws Exception {
        List<One> examples = new ArrayList<>();
        for (long i = 0; i < 12; i++) { // two examples a picture; the texts of 0 and 6 read the same
            String word = "thing " + i / 2 % 3;
            examples.add(One.of("e" + i, List.of(i / 2), List.of(word, "the " + word + " of " + i / 2 % 3)));
        }
        examples.add(One.of("broken", List.of(20L), List.of("bad")));
        try (Dataset source = open(Shards.of(40));
                Ingest ingest = ingest(new Listed(examples).withFalseTexts(2, 2), source, "bad-sample-rate = 0.5", 3)) {
            take(ingest, 0, 2, 2 * 30);
        }
        assertThat(seen).hasSize(12);
        seen.forEach((key, sample) -> {
            int number = Integer.parseInt(key.substring(1)) / 2 % 3;
            List<String> texts = sample.texts().stream().map(tokenizer::decode).toList();
            assertThat(texts).hasSize(3).doesNotHaveDuplicates();
            assertThat(texts.get(0)).endsWith(" " + number);
            assertThat(texts.subList(1, 3)).noneMatch(text -> text.endsWith(" " + number));
        });
    }

    @Test
    void anExampleWithoutFalseTextsIsABadOne() throws Exception {
        List<One> same = LongStream.range(0, 10)
                .mapToObj(i -> One.of("e" + i, List.of(i), List.of("the same")))
                .toList();
        try (Dataset source = open(Shards.of(40));
                Ingest ingest = ingest(new Listed(same).withFalseTexts(1, 1), source, "bad-sample-rate = 1.0", 3)) {
            assertThatThrownBy(() -> take(ingest, 0, 1, 1))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("0 false texts of 1 found in 210 draws");
        }
    }

    @Test
    void hardFalseTextsAreTheNearestOfThoseDrawn() throws Exception {
        Examples examples = words(40);
        FalseTexts.Rows rows = index -> new int[][] {row(index)};
        FalseTexts hard = new FalseTexts(examples.withFalseTexts(2, 39), id -> id > 9, rows);
        assertThat(hard.draw(7, rows.of(7), row(7), random(1))).containsExactlyInAnyOrder(row(6), row(8));
        FalseTexts any = new FalseTexts(examples.withFalseTexts(2, 2), id -> id > 9, rows);
        Set<Integer> drawn = new TreeSet<>();
        for (int seed = 0; seed < 40; seed++) {
            any.draw(7, rows.of(7), row(7), random(seed)).forEach(row -> drawn.add(row[1] - 100));
        }
        assertThat(drawn).hasSizeGreaterThan(20).doesNotContain(7);
    }

    private static int[] row(long index) {
        int word = 100 + (int) index;
        return new int[] {0, word, word + 1, word + 2, 2};
    }

    @Test
    void aPictureIsFoundByItsKey() {
        Shards shards = Shards.of(3);
        shards.with("val/b_1.jpg", Shards.png(4, 4, 0)).with("val/b_1.txt", "b");
        shards.with("val/c.png", Shards.png(4, 4, 0)).with("val/c.txt", "b");
        shards.with("test/c.png", Shards.png(4, 4, 0)).with("test/c.txt", "b");
        try (Dataset source = open(shards)) {
            assertThat(source.find("s001")).isEqualTo(OptionalLong.of(1));
            assertThat(source.find("val/b_1")).isEqualTo(OptionalLong.of(3));
            assertThat(source.find("val/b_1.jpg")).isEqualTo(OptionalLong.of(3));
            assertThat(source.find("b_1")).isEqualTo(OptionalLong.of(3));
            assertThat(source.find("b_1.jpg")).isEqualTo(OptionalLong.of(3));
            assertThat(source.find("test/b_1")).isEmpty(); // another picture than the one that is there
            assertThat(source.find("b")).isEmpty();
            assertThat(source.find("")).isEmpty();
            assertThat(source.find("test/c")).isEqualTo(OptionalLong.of(5));
            assertThatThrownBy(() -> source.find("c"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a.tar:val/c and a.tar:test/c are both found by the key c");
        }
    }

    @Test
    void aKeyOfTwoShardsIsRefusedWhenItIsAskedForAndNotBefore() {
        Path other = new Shards()
                .with("s001.png", Shards.png(4, 4, 0))
                .with("s001.txt", "b")
                .write(folder.resolve("b.tar"));
        try (Dataset source = Dataset.open(List.of(Shards.of(3).write(folder.resolve("a.tar")), other))) {
            assertThat(source.find("s000")).isEqualTo(OptionalLong.of(0));
            assertThat(source.find("s002")).isEqualTo(OptionalLong.of(2));
            assertThatThrownBy(() -> source.find("s001"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a.tar:s001 and b.tar:s001 are both found by the key s001");
        }
    }

    private static RandomStream random(long seed) {
        return RandomStream.of(seed, RandomStream.Purpose.FALSE_TEXTS);
    }

    /** Example k has the words k to k + 2. */
    private static Listed words(int count) {
        return new Listed(LongStream.range(0, count)
                .mapToObj(i ->
                        One.of("e" + i, List.of(i), List.of("word" + i + " word" + (i + 1) + " word" + (i + 2)), 1, 0))
                .toList());
    }

    /** Counts reads. */
    private record Counted(Dataset of, List<Long> reads) implements PictureSource {
        Counted(Dataset of) {
            this(of, Collections.synchronizedList(new ArrayList<>()));
        }

        @Override
        public long size() {
            return of.size();
        }

        @Override
        public String key(long index) {
            return of.key(index);
        }

        @Override
        public String name(long index) {
            return of.name(index);
        }

        @Override
        public byte[] image(long index) throws IOException {
            reads.add(index);
            return of.image(index);
        }

        @Override
        public int imageSizeBytes(long index) {
            return of.imageSizeBytes(index);
        }

        @Override
        public OptionalLong find(String key) {
            return of.find(key);
        }

        @Override
        public OptionalLong findWhole(String key, long from, long to) {
            return of.findWhole(key, from, to);
        }

        @Override
        public LeftOut leftOut() {
            return of.leftOut();
        }

        @Override
        public String sha256() {
            return of.sha256();
        }

        @Override
        public void close() {
            of.close();
        }
    }

    private Dataset open(Shards shards) {
        return Dataset.open(List.of(shards.write(folder.resolve("a.tar"))));
    }

    /** All texts of all samples, one below the other. */
    private Ingest ingest(Examples examples, PictureSource source, String changed, int microBatch) {
        DataSettings settings = DataSettings.from(
                ConfigFactory.parseString("flm.data { " + changed + " }").withFallback(ConfigFactory.load()));
        Corruption all = (samples, random) -> {
            samples.forEach(sample -> seen.put(sample.key(), sample));
            List<int[]> rows =
                    samples.stream().flatMap(sample -> sample.texts().stream()).toList();
            return TextBatch.leftToRight(rows, tokenizer.padId());
        };
        return Ingest.open(examples, source, tokenizer, settings, all, 16, 4, microBatch, 11);
    }

    private static List<LaneBatch> take(Ingest ingest, long firstStep, int lanes, int count)
            throws InterruptedException {
        return take(ingest, firstStep, 0, lanes, count);
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

    private static byte[] bytes(LaneBatch batch) {
        ByteBuffer pixels = batch.pixels().duplicate();
        byte[] bytes = new byte[pixels.remaining()];
        pixels.get(bytes);
        return bytes;
    }
}
