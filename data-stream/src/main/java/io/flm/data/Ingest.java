package io.flm.data;

import akka.NotUsed;
import akka.actor.ClassicActorSystemProvider;
import akka.japi.function.Function;
import akka.stream.OverflowStrategy;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.StageCount.Counter;
import io.flm.data.Windows.Visit;
import io.flm.data.Windows.Window;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The graph from samples to batches, as Akka Streams stages:
 *
 * <pre>
 * texts (read-texts, tokenize) -> read-pictures -> decode -> augment -> corrupt -> batch
 *  disk                           disk             cores     |  Akka's default dispatcher  |
 * </pre>
 *
 * <p>Texts come first, because the lengths of a window's texts decide which samples share a batch. Each part of the way counts
 * samples and time. What reads from disk, and may have to wait and try again, has threads of its own, two for each stream at
 * most, and more where shards lie on servers; so has decoding. The buffer at the end holds a few steps; a slow consumer holds everything back.
 *
 * <p>A batch follows from (seed, step, lane) alone: whoever asks, in whatever deal of the lanes, from whatever first step on,
 * gets the same bytes.
 */
public final class Ingest implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Ingest.class);

    private final Examples examples;
    private final PictureSource source;
    private final DataSettings settings;
    private final Corruption corruption;
    private final SourceOfSample sources;
    private final BadSamples bad;
    private final Windows windows;
    private final List<Pictures> pictures; // by source
    private final SampleCache<byte[]> cache;
    private final ExecutorService readers = Executors.newCachedThreadPool(daemons("flm-read"));
    private final ExecutorService decoders;
    private final int parallelReads;
    private final int imageSize;
    private final int lanes;
    private final int microBatch;
    private final long seed;

    private final Counter readTexts = new Counter("read-texts");
    private final Counter tokenize = new Counter("tokenize");
    private final Counter readPictures = new Counter("read-pictures");
    private final Counter decode = new Counter("decode");
    private final Counter augment = new Counter("augment");
    private final Counter corrupt = new Counter("corrupt");
    private final Counter batch = new Counter("batch");

    /** A step of a lane: the texts of its rows, and where they lie in their window. */
    private record Rows(long step, int lane, Window window, int first) {
        Visit visit(int place) {
            return window.visits().get(place % window.visits().size());
        }
    }

    /** Encoded pictures by index; none where the decoded one is kept, or where the picture is known to be bad. */
    private record Encoded(Rows rows, Map<Long, byte[]> pictures) {}

    /** Pictures of each visit, [3, S, S]. */
    private record Decoded(Rows rows, List<Visit> visits, List<List<byte[]>> pictures, int bad) {}

    private record Corrupted(Decoded decoded, List<Sample> samples, TextBatch text) {}

    private Ingest(
            Examples examples,
            PictureSource source,
            Tokenizer tokenizer,
            DataSettings settings,
            Corruption corruption,
            int imageSize,
            int lanes,
            int microBatch,
            long seed) {
        this.examples = examples;
        this.source = source;
        this.settings = settings;
        this.corruption = corruption;
        this.sources = new SourceOfSample(examples, settings.sources());
        this.bad = new BadSamples(examples.size());
        this.parallelReads = source.parallelReads();
        this.windows = new Windows(
                examples,
                source,
                tokenizer,
                settings,
                sources,
                bad,
                seed,
                lanes,
                microBatch,
                readTexts,
                tokenize,
                new Windows.Reading(readers, parallelReads));
        this.pictures = settings.sources().stream()
                .map(each -> Pictures.with(each.pictures(), cachedBytes(source, settings, imageSize)))
                .toList();
        this.cache = new SampleCache<>(settings.cacheBytes());
        this.decoders = Executors.newFixedThreadPool(settings.decodeThreads(), daemons("flm-decode"));
        this.imageSize = imageSize;
        this.lanes = lanes;
        this.microBatch = microBatch;
        this.seed = seed;
    }

    /** What caches will hold: decoded pictures, and a quarter as much of texts. */
    private static long cachedBytes(PictureSource source, DataSettings settings, int imageSize) {
        long pictureBytes = 3L * imageSize * imageSize;
        long kept = Math.min(source.size(), settings.cacheBytes() / pictureBytes) * pictureBytes;
        return kept + kept / 4;
    }

    private static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Prepares the pipeline of pretraining: samples of shards with their captions. */
    public static Ingest open(
            Dataset source,
            Tokenizer tokenizer,
            DataSettings settings,
            Corruption corruption,
            int imageSize,
            int lanes,
            int microBatch,
            long seed) {
        return open(source.captioned(), source, tokenizer, settings, corruption, imageSize, lanes, microBatch, seed);
    }

    /**
     * Prepares a pipeline; nothing is read yet. What the data hold beside samples is told in one line of the log.
     *
     * @param examples what samples are made of
     * @param source their pictures; stays the caller's to close, after this
     * @param imageSize S, pixels a side
     * @param lanes of the whole run
     * @param microBatch samples of a lane in a step
     */
    public static Ingest open(
            Examples examples,
            PictureSource source,
            Tokenizer tokenizer,
            DataSettings settings,
            Corruption corruption,
            int imageSize,
            int lanes,
            int microBatch,
            long seed) {
        if (source.leftOut().total() > 0) {
            LOG.warn("{} samples; left out: {}; flm data inspect names them", examples.size(), source.leftOut());
        }
        return new Ingest(examples, source, tokenizer, settings, corruption, imageSize, lanes, microBatch, seed);
    }

    /**
     * What came of a part of the way. What the user can mend waits for its turn, behind the batches that were prepared before it: when
     * it ends a run does not depend on how far that has read ahead.
     */
    private record Result<T>(@Nullable T value, @Nullable UserException failure) {
        static <T> Result<T> of(T value) {
            return new Result<>(value, null);
        }

        <O> Result<O> then(Function<T, O> work) throws Exception {
            if (value == null) {
                return new Result<>(null, failure);
            }
            try {
                return of(work.apply(value));
            } catch (UserException e) {
                return new Result<>(null, e);
            }
        }

        T get() {
            if (value == null) {
                throw Objects.requireNonNull(failure);
            }
            return value;
        }
    }

    /**
     * The batches of lanes {@code fromLane} to {@code toLane - 1} of step {@code firstStep}, then of the next step, forever. Fails
     * with a {@link BrokenShard} where a shard is one, with a {@link UserException} where a window holds no usable sample, with an {@link
     * java.io.UncheckedIOException} where one cannot be read.
     *
     * @param broken shards whose samples are left out
     */
    public Source<LaneBatch, NotUsed> batches(long firstStep, int fromLane, int toLane, BrokenShards broken) {
        if (fromLane < 0 || fromLane >= toLane || toLane > lanes) {
            throw new IllegalArgumentException("lanes " + fromLane + " to " + toLane + " of " + lanes);
        }
        int count = toLane - fromLane;
        return Source.fromIterator(() ->
                        LongStream.iterate(0, i -> i + 1).mapToObj(Result::of).iterator())
                .via(stage(
                        "texts",
                        1,
                        readers,
                        (Long i) -> texts(firstStep + i / count, fromLane + (int) (i % count), broken)))
                .via(stage("read-pictures", parallelReads, readers, this::readPictures))
                .via(stage("decode", settings.decodeThreads(), decoders, this::decode))
                .via(stage("augment", this::augment))
                .via(stage("corrupt", this::corrupt))
                .via(stage("batch", this::batch))
                .buffer(Math.multiplyExact(settings.prefetch(), count), OverflowStrategy.backpressure())
                .map(Result::get);
    }

    /** The same, for a thread that waits for its batches. */
    public BatchReader reader(
            ClassicActorSystemProvider system, long firstStep, int fromLane, int toLane, BrokenShards broken) {
        return new BatchReader(batches(firstStep, fromLane, toLane, broken), system);
    }

    /** The same, of shards that are whole. */
    public BatchReader reader(ClassicActorSystemProvider system, long firstStep, int fromLane, int toLane) {
        return reader(system, firstStep, fromLane, toLane, BrokenShards.NONE);
    }

    private static <I, O> Flow<Result<I>, Result<O>, NotUsed> stage(String name, Function<I, O> work) {
        return Flow.<Result<I>>create().map(input -> input.then(work)).named(name);
    }

    /** A stage whose work is done by other threads than Akka's, at most so many at a time; its order stays. */
    private static <I, O> Flow<Result<I>, Result<O>, NotUsed> stage(
            String name, int parallel, ExecutorService threads, Function<I, O> work) {
        return Flow.<Result<I>>create()
                .mapAsync(parallel, input -> {
                    CompletableFuture<Result<O>> output = new CompletableFuture<>();
                    threads.execute(() -> {
                        try {
                            output.complete(input.then(work));
                        } catch (Throwable e) { // whatever it is ends the stream, not only this thread
                            output.completeExceptionally(e);
                        }
                    });
                    return output;
                })
                .named(name);
    }

    private Rows texts(long step, int lane, BrokenShards broken) {
        Window window = windows.of(step, lane, broken);
        return new Rows(step, lane, window, windows.firstVisit(window, step));
    }

    private Encoded readPictures(Rows rows) {
        long start = System.nanoTime();
        Map<Long, byte[]> pictures = new HashMap<>();
        for (int row = 0; row < microBatch; row++) {
            for (long index : examples.pictures(rows.visit(rows.first + row).index())) {
                if (!pictures.containsKey(index) && !cache.contains(index)) {
                    byte[] image = image(index);
                    if (image != null) {
                        pictures.put(index, image);
                    }
                }
            }
        }
        readPictures.add(microBatch, start);
        return new Encoded(rows, pictures);
    }

    private byte @Nullable [] image(long index) {
        if (bad.containsPicture(index)) {
            return null;
        }
        try {
            return pictures.get(sources.number(index)).read(source, index);
        } catch (SampleException e) {
            bad.addPicture(index, e);
            return null;
        } catch (IOException e) {
            throw Reads.failed(source.name(index), e);
        }
    }

    private Decoded decode(Encoded encoded) {
        long start = System.nanoTime();
        List<Visit> visits = new ArrayList<>(microBatch);
        List<List<byte[]>> pictures = new ArrayList<>(microBatch);
        Map<Long, byte[]> decoded = new HashMap<>(); // with or without a cache, a batch decodes a picture once
        int badCount = windows.bad(encoded.rows.window, encoded.rows.step);
        for (int row = 0; row < microBatch; row++) {
            badCount += decode(encoded, row, decoded, visits, pictures) ? 0 : 1;
        }
        decode.add(microBatch, start);
        return bySource(new Decoded(encoded.rows, visits, pictures, badCount));
    }

    /** Puts the samples of each source beside each other, else as they were: what a head predicts of a source is one piece then. */
    private Decoded bySource(Decoded decoded) {
        if (sources.count() == 1) {
            return decoded;
        }
        List<Integer> rows = IntStream.range(0, microBatch)
                .boxed()
                .sorted(Comparator.comparingInt(
                        row -> sources.number(decoded.visits.get(row).index()))) // stable
                .toList();
        return new Decoded(
                decoded.rows,
                rows.stream().map(decoded.visits::get).toList(),
                rows.stream().map(decoded.pictures::get).toList(),
                decoded.bad);
    }

    /**
     * Adds the row's sample, or where that one is bad the next of the window that is not: of about the same length.
     *
     * @return whether it is the row's own
     */
    private boolean decode(
            Encoded encoded, int row, Map<Long, byte[]> decoded, List<Visit> visits, List<List<byte[]>> pictures) {
        Rows rows = encoded.rows;
        int size = rows.window.visits().size();
        for (int next = 0; next < size; next++) {
            Visit visit = rows.visit(rows.first + row + next);
            List<byte[]> own = pictures(visit.index(), encoded.pictures, decoded);
            if (own != null) {
                visits.add(visit);
                pictures.add(own);
                return next == 0;
            }
        }
        throw bad.none("step " + rows.step + ", lane " + rows.lane + ": no usable picture in " + size);
    }

    /** All pictures of an example; null where one of them is bad. */
    private @Nullable List<byte[]> pictures(long example, Map<Long, byte[]> read, Map<Long, byte[]> decoded) {
        List<byte[]> all = new ArrayList<>();
        for (long index : examples.pictures(example)) {
            byte[] picture = decoded.get(index);
            if (picture == null) {
                picture = picture(index, read.get(index));
                if (picture == null) {
                    return null;
                }
                decoded.put(index, picture);
            }
            all.add(picture);
        }
        return all;
    }

    private byte @Nullable [] picture(long index, byte @Nullable [] read) {
        byte[] kept = cache.get(index);
        if (kept != null) {
            return kept;
        }
        byte[] image = read != null ? read : image(index);
        if (image == null) {
            return null;
        }
        try {
            byte[] picture = pictures.get(sources.number(index)).decode(image, imageSize);
            cache.put(index, picture, picture.length);
            return picture;
        } catch (IOException e) {
            bad.addPicture(index, new SampleException(source.name(index), String.valueOf(e.getMessage())));
            return null;
        }
    }

    private Decoded augment(Decoded decoded) {
        long start = System.nanoTime();
        Rows rows = decoded.rows;
        List<List<byte[]>> pictures = new ArrayList<>(microBatch);
        for (int row = 0; row < microBatch; row++) {
            RandomStream random = RandomStream.of(seed, Purpose.AUGMENT, rows.step, rows.lane, row);
            Augmentation augmentation =
                    sources.of(decoded.visits.get(row).index()).augmentation();
            pictures.add(decoded.pictures.get(row).stream()
                    .map(picture -> augmentation.apply(picture, imageSize, random))
                    .toList());
        }
        augment.add(microBatch, start);
        return new Decoded(rows, decoded.visits, pictures, decoded.bad);
    }

    private Corrupted corrupt(Decoded decoded) {
        long start = System.nanoTime();
        RandomStream random = RandomStream.of(seed, Purpose.CORRUPT, decoded.rows.step, decoded.rows.lane);
        List<Sample> samples = new ArrayList<>(microBatch);
        for (int row = 0; row < microBatch; row++) {
            Visit visit = decoded.visits.get(row);
            long index = visit.index();
            samples.add(
                    new Sample(examples.name(index), decoded.pictures.get(row), visit.texts(), examples.labels(index)));
        }
        Corrupted corrupted = new Corrupted(decoded, samples, corruption.plan(samples, random));
        corrupt.add(microBatch, start);
        return corrupted;
    }

    private LaneBatch batch(Corrupted corrupted) {
        long start = System.nanoTime();
        Decoded decoded = corrupted.decoded;
        int count = decoded.pictures.stream().mapToInt(List::size).sum();
        ByteBuffer pixels = ByteBuffer.allocateDirect(Math.multiplyExact(count, 3 * imageSize * imageSize));
        corrupted.samples.forEach(sample -> sample.pictures().forEach(pixels::put));
        List<String> keys = corrupted.samples.stream().map(Sample::key).toList();
        LaneBatch laneBatch = new LaneBatch(
                decoded.rows.step,
                decoded.rows.lane,
                imageSize,
                pixels.flip(),
                corrupted.text,
                keys,
                bySource(decoded.visits),
                decoded.bad);
        batch.add(microBatch, start);
        return laneBatch;
    }

    private int[] bySource(List<Visit> visits) {
        int[] counts = new int[sources.count()];
        visits.forEach(visit -> counts[sources.number(visit.index())]++);
        return counts;
    }

    /** What each stage has done so far, in their order. */
    public List<StageCount> counters() {
        return Stream.of(readTexts, tokenize, readPictures, decode, augment, corrupt, batch)
                .map(Counter::count)
                .toList();
    }

    /** The names of a mixture's sources; empty: it is none. */
    public List<String> sources() {
        return settings.isMixture()
                ? settings.sources().stream().map(SourceSettings::name).toList()
                : List.of();
    }

    /** Ends a run of whose samples too many are bad, once it is told how many the lanes of each step drew. */
    public BadShare badShare() {
        return new BadShare(examples.size(), settings.badSampleRate(), (long) lanes * microBatch);
    }

    /** The samples that could not be used so far: {@code shard:key: cause}. */
    public List<String> badSamples() {
        return bad.messages();
    }

    /** Ends the threads that read and decode when they have done what they have; streams that still run fail. */
    @Override
    public void close() {
        readers.shutdown(); // not by interrupts: these close a file channel that is being read
        decoders.shutdown();
    }
}
