package io.flm.data;

import io.flm.data.RandomStream.Purpose;
import io.flm.data.StageCount.Counter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The texts of each lane, sorted by length inside windows of a few micro-batches, so that a batch pads to its own longest row.
 * The micro-batches of a window come in drawn order, the same in all lanes: the lanes of a step have texts of about the same
 * length, and no worker waits for another one's long ones. All of it follows from (seed, lane, window); the newest window of
 * each lane is kept, and the next one read ahead where shards lie on servers.
 */
final class Windows {
    /**
     * An example in the place that the order gave it, with the texts that were drawn for this visit.
     *
     * @param texts the true one, then those of other examples
     */
    record Visit(long index, List<int[]> texts) {
        int length() {
            return texts.get(0).length;
        }
    }

    /**
     * The examples of some micro-batches of a lane.
     *
     * @param visits by length of their true text
     * @param batches the micro-batches in the order in which they are trained on: the first visit of each
     * @param broken the shards that are left out of it
     * @param bad examples drawn whose texts are bad
     * @param lost of each example drawn that is of such a shard the step from which on it is left out
     */
    record Window(long number, BrokenShards broken, List<Visit> visits, int[] batches, int bad, long[] lost) {}

    /**
     * By whom texts are read.
     *
     * @param threads where more than one reads
     * @param parallel visits of a window that are read side by side; what comes of them is the same
     */
    record Reading(ExecutorService threads, int parallel) {}

    /** The window that comes next in a lane, of which texts are being read. */
    private record Ahead(long number, BrokenShards broken, CompletableFuture<Window> reading) {
        /** Null: it could not be read, and is to be tried again now that it is needed. */
        @Nullable Window read() {
            try {
                return reading.join();
            } catch (CompletionException e) {
                return null;
            }
        }
    }

    private final Examples examples;
    private final Tokenizer tokenizer;
    private final DataSettings settings;
    private final SourceOfSample sources;
    private final BadSamples bad;
    private final Places order;
    private final long seed;
    private final int lanes;
    private final int microBatch;
    private final Counter readTexts;
    private final Counter tokenize;
    private final SampleCache<int[][]> texts;
    private final IntPredicate isWord;
    private final LeftOutShards leftOut;
    private final Reading reading;
    private final Map<Integer, Window> newest = new ConcurrentHashMap<>();
    private final Map<Integer, Ahead> ahead = new ConcurrentHashMap<>();

    Windows(
            Examples examples,
            PictureSource source,
            Tokenizer tokenizer,
            DataSettings settings,
            SourceOfSample sources,
            BadSamples bad,
            long seed,
            int lanes,
            int microBatch,
            Counter readTexts,
            Counter tokenize,
            Reading reading) {
        this.examples = examples;
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.sources = sources;
        this.bad = bad;
        this.order = Places.of(seed, examples, settings, Math.multiplyExact(lanes, microBatch));
        Upcoming upcoming = order.upcoming();
        if (upcoming != null) {
            examples.expect(upcoming);
        }
        this.seed = seed;
        this.lanes = lanes;
        this.microBatch = microBatch;
        this.readTexts = readTexts;
        this.tokenize = tokenize;
        this.reading = reading;
        this.texts = new SampleCache<>(settings.cacheBytes() / 4);
        int period = tokenizer.vocabulary().periodId();
        this.isWord = id -> id != tokenizer.startId() && id != tokenizer.endId() && id != period;
        this.leftOut = new LeftOutShards(examples, source, order, (long) settings.groupWindow() * microBatch * lanes);
    }

    /** The window in which a step of a lane falls, without the shards that are left out of the step. */
    Window of(long step, int lane, BrokenShards shards) {
        long number = step / settings.groupWindow();
        BrokenShards broken = shards.at(step);
        Window window = newest.get(lane);
        if (window == null || !isOf(window.number(), window.broken(), number, broken)) {
            Ahead begun = ahead.remove(lane);
            window = begun == null || !isOf(begun.number(), begun.broken(), number, broken) ? null : begun.read();
            if (window == null) {
                window = window(number, lane, broken, reading.parallel());
            }
            newest.put(lane, window);
        }
        // Not with its first step: the first windows of other lanes are more urgent.
        if (reading.parallel() > 1 && step % settings.groupWindow() == Math.min(1, settings.groupWindow() - 1)) {
            readAhead(number + 1, lane, shards.at((number + 1) * settings.groupWindow()));
        }
        return window;
    }

    private static boolean isOf(long number, BrokenShards broken, long wanted, BrokenShards without) {
        return number == wanted && broken.equals(without);
    }

    /** A server gives texts slowly, and a window begins with many: they are read while the one before it is trained on. */
    private void readAhead(long number, int lane, BrokenShards broken) {
        int parallel = Math.max(1, reading.parallel() / (2 * lanes)); // the other half is for pictures
        ahead.put(
                lane,
                new Ahead(
                        number,
                        broken,
                        CompletableFuture.supplyAsync(
                                () -> window(number, lane, broken, parallel), reading.threads())));
    }

    /** Where the micro-batch of a step begins among the visits of its window. */
    int firstVisit(Window window, long step) {
        return window.batches()[(int) (step % settings.groupWindow())];
    }

    /**
     * How many samples of a window count as bad with a step: with the window's first those whose texts are bad and those that are left
     * out, with a later one those that are left out from it on, among them what the steps before it in the window trained on.
     */
    int bad(Window window, long step) {
        return step % settings.groupWindow() == 0
                ? window.bad() + window.lost().length
                : (int) Arrays.stream(window.lost())
                        .filter(first -> first == step)
                        .count();
    }

    private Window window(long number, int lane, BrokenShards broken, int parallel) {
        int size = Math.multiplyExact(settings.groupWindow(), microBatch);
        List<@Nullable Visit> drawn = drawn(number * size, size, lane, broken, parallel);
        List<Visit> visits = new ArrayList<>(size);
        for (int k = 0; k < size; k++) {
            visits.add(firstGood(drawn, k, lane));
        }
        visits.sort(Comparator.comparingInt(Visit::length)); // stable
        int bad = (int) drawn.stream().filter(Objects::isNull).count();
        long[] lost = LongStream.range(number * size, (number + 1) * size)
                .map(k -> leftOut.firstStep(order.index(k * lanes + lane), broken))
                .filter(first -> first != LeftOutShards.KEPT)
                .toArray();
        return new Window(number, broken, visits, batches(number), bad, lost);
    }

    /** The visits of so many places of a lane, in their order; null where a text is bad. */
    private List<@Nullable Visit> drawn(long first, int size, int lane, BrokenShards broken, int parallel) {
        List<@Nullable Visit> drawn = new ArrayList<>(size);
        if (parallel == 1) {
            for (int k = 0; k < size; k++) {
                drawn.add(visit((first + k) * lanes + lane, broken));
            }
            return drawn;
        }
        // Each waits for one that began before it, so that no more than so many are under way.
        List<CompletableFuture<@Nullable Visit>> begun = new ArrayList<>(size);
        for (int k = 0; k < size; k++) {
            if (k >= parallel) {
                drawn.add(joined(begun.get(k - parallel)));
            }
            long place = (first + k) * lanes + lane;
            begun.add(CompletableFuture.supplyAsync(() -> visit(place, broken), reading.threads));
        }
        for (int k = drawn.size(); k < size; k++) {
            drawn.add(joined(begun.get(k)));
        }
        return drawn;
    }

    private static @Nullable Visit joined(CompletableFuture<@Nullable Visit> visit) {
        try {
            return visit.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** The visit at {@code k}, or where that one is bad the lane's next that is not. */
    private Visit firstGood(List<@Nullable Visit> drawn, int k, int lane) {
        for (int next = 0; next < drawn.size(); next++) {
            Visit visit = drawn.get((k + next) % drawn.size());
            if (visit != null) {
                return visit;
            }
        }
        throw bad.none("lane " + lane + ": no usable sample in " + drawn.size());
    }

    private @Nullable Visit visit(long own, BrokenShards broken) {
        long place = leftOut.taken(own, broken);
        if (place != own) {
            Map.Entry<String, Long> shard = Objects.requireNonNull(leftOut.shard(order.index(own), broken));
            bad.addShard(shard.getKey(), shard.getValue());
        }
        long index = order.index(place);
        try { // tried at each visit: what was found before must not matter, or a resumed run would differ
            int[][] rows = texts(index);
            long epoch = order.epoch(place);
            int[] chosen =
                    rows[RandomStream.of(seed, Purpose.CAPTION, epoch, index).nextInt(rows.length)];
            return new Visit(index, visited(index, epoch, rows, chosen, broken));
        } catch (SampleException e) {
            bad.add(index, e);
            return null;
        } catch (IOException e) {
            throw Reads.failed(examples.name(index), e);
        }
    }

    private List<int[]> visited(long index, long epoch, int[][] rows, int[] chosen, BrokenShards broken)
            throws SampleException, IOException {
        if (examples.falseTexts() == 0) {
            return List.<int[]>of(chosen);
        }
        RandomStream random = RandomStream.of(seed, Purpose.FALSE_TEXTS, epoch, index);
        List<int[]> all = new ArrayList<>(1 + examples.falseTexts());
        all.add(chosen);
        FalseTexts others = new FalseTexts(examples, isWord, other -> textsOfOther(other, broken));
        all.addAll(others.draw(index, rows, chosen, random));
        return all;
    }

    /** Those of an example that another one's visit asks for; none where they are bad or left out, which its own visit counts. */
    private int[][] textsOfOther(long index, BrokenShards broken) throws IOException {
        if (leftOut.firstStep(index, broken) != LeftOutShards.KEPT) {
            return new int[0][];
        }
        try {
            return texts(index);
        } catch (SampleException e) {
            bad.add(index, e);
            return new int[0][];
        } catch (IOException e) {
            throw Reads.failed(examples.name(index), e);
        }
    }

    /** The texts of an example that may be drawn, as rows of tokens. */
    private int[][] texts(long index) throws SampleException, IOException {
        int[][] kept = texts.get(index);
        if (kept != null) {
            return kept;
        }
        long startedAt = System.nanoTime();
        List<String> found = examples.texts(index);
        readTexts.add(1, startedAt);
        if (sources.of(index).captions() == DataSettings.Captions.FIRST) {
            found = found.subList(0, 1);
        }
        startedAt = System.nanoTime();
        TextForm form = examples.textForm();
        int[][] rows = found.stream()
                .map(text -> tokenizer.encode(text, form, settings.maxTokens(), settings.beginToken()))
                .toArray(int[][]::new);
        tokenize.add(1, startedAt);
        texts.put(
                index,
                rows,
                Arrays.stream(rows).mapToLong(row -> 16 + 4L * row.length).sum());
        return rows;
    }

    private int[] batches(long number) {
        int[] firsts = IntStream.range(0, settings.groupWindow())
                .map(b -> b * microBatch)
                .toArray();
        RandomStream random = RandomStream.of(seed, Purpose.ORDER, 0, number);
        for (int i = firsts.length - 1; i > 0; i--) { // Fisher-Yates
            int j = random.nextInt(i + 1);
            int swapped = firsts[i];
            firsts[i] = firsts[j];
            firsts[j] = swapped;
        }
        return firsts;
    }
}
