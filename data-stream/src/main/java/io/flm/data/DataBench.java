package io.flm.data;

import akka.actor.ClassicActorSystemProvider;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * How fast the pipeline is, stage by stage, on 640 x 480 JPEGs that it makes itself: for {@code flm data bench}.
 *
 * @param samplesPerSecond of the whole pipeline, its stages at work together
 * @param stages what each did
 * @param decoderShare of the time of the decode stage that the JPEG decoder alone took; the rest resizes and cuts
 */
public record DataBench(double samplesPerSecond, List<StageCount> stages, double decoderShare) {
    private static final int SAMPLES = 64;
    private static final int MICRO_BATCH = 32;
    private static final int PASSES = 3;

    /**
     * Runs the pipeline for a number of batches of 32.
     *
     * @param settings augmentation, threads and text as in training; nothing is cached
     * @param corruption as in training
     * @param imageSize S
     * @param batches to time, after four that are not timed
     */
    public static DataBench run(
            ClassicActorSystemProvider system,
            Tokenizer tokenizer,
            DataSettings settings,
            Corruption corruption,
            int imageSize,
            int batches) {
        try {
            Path shard = Files.createTempFile("flm-bench-", ".tar");
            try {
                write(shard);
                DataSettings own = settings.withPaths(List.of(shard)).withCacheBytes(0);
                return run(system, shard, tokenizer, own, corruption, imageSize, batches);
            } finally {
                Files.deleteIfExists(shard);
            }
        } catch (IOException e) {
            throw new UserException("no shard for the benchmark: " + e.getMessage() + "; free some disk", e);
        }
    }

    private static DataBench run(
            ClassicActorSystemProvider system,
            Path shard,
            Tokenizer tokenizer,
            DataSettings settings,
            Corruption corruption,
            int imageSize,
            int batches)
            throws IOException {
        try (Dataset source = Dataset.open(List.of(shard));
                Ingest ingest = Ingest.open(source, tokenizer, settings, corruption, imageSize, 1, MICRO_BATCH, 1);
                BatchReader reader = ingest.reader(system, 0, 0, 1)) {
            take(reader, 4);
            List<StageCount> before = ingest.counters();
            long start = System.nanoTime();
            take(reader, batches);
            double seconds = (System.nanoTime() - start) / 1e9;
            List<StageCount> stages = difference(ingest.counters(), before);
            StageCount decode = stages.stream()
                    .filter(stage -> stage.stage().equals("decode"))
                    .findFirst()
                    .orElseThrow();
            double perSample = decode.nanos() / (double) Math.max(1, decode.samples());
            return new DataBench(
                    batches * MICRO_BATCH / seconds,
                    stages,
                    Math.min(1, decoderNanos(source, Pictures.with(settings.pictures())) / perSample));
        }
    }

    /**
     * What one thread decodes.
     *
     * @param samplesPerSecond that it decodes, resizes and augments
     * @param bytes of a picture's file, on average
     */
    public record Decoding(double samplesPerSecond, double bytes) {}

    /**
     * Measures decoding and augmentation on the same pictures, with one thread, for some seconds.
     *
     * @param settings augmentation as in training
     * @param imageSize S
     */
    public static Decoding decoding(DataSettings settings, int imageSize) {
        try {
            List<byte[]> files = new ArrayList<>();
            for (int i = 0; i < SAMPLES; i++) {
                files.add(jpeg(i));
            }
            Pictures pictures = Pictures.with(settings.pictures());
            decode(files, pictures, settings, imageSize); // compiled while it runs
            long start = System.nanoTime();
            for (int pass = 0; pass < PASSES; pass++) {
                decode(files, pictures, settings, imageSize);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            return new Decoding(
                    PASSES * SAMPLES / seconds,
                    files.stream().mapToInt(file -> file.length).average().orElseThrow());
        } catch (IOException e) {
            throw new IllegalStateException("a JPEG of its own cannot be read", e);
        }
    }

    private static void decode(List<byte[]> files, Pictures pictures, DataSettings settings, int imageSize)
            throws IOException {
        for (int i = 0; i < files.size(); i++) {
            RandomStream random = RandomStream.of(i, RandomStream.Purpose.AUGMENT);
            settings.augmentation().apply(pictures.decode(files.get(i), imageSize), imageSize, random);
        }
    }

    private static void take(BatchReader reader, int count) {
        for (int i = 0; i < count; i++) {
            reader.next();
        }
    }

    private static List<StageCount> difference(List<StageCount> after, List<StageCount> before) {
        return IntStream.range(0, after.size())
                .mapToObj(i -> new StageCount(
                        after.get(i).stage(),
                        after.get(i).samples() - before.get(i).samples(),
                        after.get(i).nanos() - before.get(i).nanos()))
                .toList();
    }

    /** The time of the JPEG decoder for a sample. */
    private static double decoderNanos(Dataset source, Pictures pictures) throws IOException {
        long start = System.nanoTime();
        for (long index = 0; index < source.size(); index++) {
            pictures.size(source.image(index));
        }
        return (System.nanoTime() - start) / (double) source.size();
    }

    private static void write(Path file) throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < SAMPLES; i++) {
                put(tar, i + ".jpg", jpeg(i));
                put(
                        tar,
                        i + ".txt",
                        ("a picture of " + "many ".repeat(i % 7) + "things").getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static void put(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    /** Waves and grain, of about the size that a photograph has as JPEG. */
    private static byte[] jpeg(int number) throws IOException {
        BufferedImage image = new BufferedImage(640, 480, BufferedImage.TYPE_INT_RGB);
        RandomStream random = RandomStream.of(number, RandomStream.Purpose.AUGMENT);
        double[] across = new double[640];
        Arrays.setAll(across, x -> 50 * Math.sin(x * 0.02 * (1 + number % 5)));
        for (int y = 0; y < 480; y++) {
            double down = 104 + 50 * Math.cos(y * 0.03 + number);
            for (int x = 0; x < 640; x++) {
                int level = (int) (down + across[x]) + random.nextInt(24);
                image.setRGB(x, y, level << 16 | (255 - level) << 8 | (level * 3 & 0xff) / 2);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "jpeg", out);
        return out.toByteArray();
    }
}
