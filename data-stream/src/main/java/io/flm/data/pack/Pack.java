package io.flm.data.pack;

import io.flm.data.Dataset;
import io.flm.data.Pictures;
import io.flm.data.UserException;
import io.flm.data.pack.Prepared.Measures;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Packs samples into shards, in the order of their source. Threads prepare samples ahead; this one takes them in turn, so what is written
 * does not depend on how many there are.
 */
public final class Pack implements AutoCloseable {
    /** Pictures that are read but not yet written take a part of the heap together, one at least. */
    private static final long MOST_AHEAD_BYTES = Runtime.getRuntime().maxMemory() / 8;

    private final Dataset source;
    private final PackSettings settings;
    private final int threads;
    private final Preparation preparation;
    private final PackFolder folder;
    private final @Nullable Duplicates duplicates;
    private long read;
    private long written;
    private long readBytes;
    private long writtenBytes;

    /**
     * How far it is.
     *
     * @param earlier samples of the source that an earlier process was done with
     * @param read samples of the source that are done with, these among them
     * @param source all of them
     * @param written samples that this process put into shards
     * @param readBytes of pictures that this process read
     * @param writtenBytes of shards that this process wrote
     * @param shards that are finished
     */
    public record Progress(
            long earlier, long read, long source, long written, long readBytes, long writtenBytes, long shards) {}

    /** A sample that is being prepared, and the bytes of its picture. */
    private record Ahead(Future<Prepared> prepared, long sizeBytes) {}

    private Pack(Dataset source, PackSettings settings, int threads, Preparation preparation, PackFolder folder) {
        this.source = source;
        this.settings = settings;
        this.threads = threads;
        this.preparation = preparation;
        this.folder = folder;
        this.duplicates = settings.comparesPictures() ? new Duplicates(settings.duplicateDistance()) : null;
        if (duplicates != null) {
            folder.addTo(duplicates);
        }
        this.read = folder.next();
    }

    /**
     * Begins a folder, or goes on with one.
     *
     * @param out the folder, made where it is missing; it is empty, or was begun with the same source and settings
     * @param threads that prepare samples
     * @throws UserException where the folder is neither, or cannot be written
     */
    public static Pack open(Dataset source, PackSettings settings, Path out, int threads) {
        Preparation preparation = new Preparation(source, Pictures.with(settings.pictures()), settings);
        Map<String, String> identity = new LinkedHashMap<>(); // in this order: it is written
        identity.put("sha256", source.sha256());
        identity.put("samples", String.valueOf(source.size()));
        PackFolder folder = PackFolder.open(out, settings.named(), identity);
        try {
            return new Pack(source, settings, threads, preparation, folder);
        } catch (RuntimeException e) {
            close(folder);
            throw e;
        }
    }

    /** How many of the source's samples an earlier process was done with. */
    public long earlier() {
        return folder.next();
    }

    /**
     * Packs what is left to pack.
     *
     * @param progress told after each sample
     * @throws IOException where the source cannot be read, or the folder not be written; the same call goes on later
     */
    public PackResult run(Consumer<Progress> progress) throws IOException {
        long earlier = folder.next();
        ExecutorService workers = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "flm-pack");
            thread.setDaemon(true);
            return thread;
        });
        try (Filling filling = new Filling()) {
            Queue<Ahead> ahead = new ArrayDeque<>();
            long aheadBytes = 0;
            long next = earlier;
            while (next < source.size() || !ahead.isEmpty()) {
                while (next < source.size()
                        && ahead.size() < 4 * threads
                        && (ahead.isEmpty() || aheadBytes + source.imageSizeBytes(next) <= MOST_AHEAD_BYTES)) {
                    long index = next++;
                    long sizeBytes = source.imageSizeBytes(index);
                    ahead.add(new Ahead(workers.submit(() -> preparation.of(index)), sizeBytes));
                    aheadBytes += sizeBytes;
                }
                Ahead first = ahead.remove();
                aheadBytes -= first.sizeBytes();
                filling.take(awaited(first.prepared()));
                read++;
                progress.accept(new Progress(
                        earlier,
                        read,
                        source.size(),
                        written,
                        readBytes,
                        writtenBytes,
                        folder.finished().size()));
            }
            filling.finish(source.size());
        } finally {
            workers.shutdownNow();
        }
        PackResult result = PackResult.of(source.size(), folder.finished(), source.leftOut(), earlier);
        folder.complete(result.totals());
        return result;
    }

    private static Prepared awaited(Future<Prepared> prepared) throws IOException {
        try {
            return prepared.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IOException failure) {
                throw failure;
            }
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            if (cause instanceof Error failure) {
                throw failure;
            }
            throw new IllegalStateException(cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while samples were packed");
        }
    }

    /** The shard at hand. It begins with the first sample that goes into it. */
    private final class Filling implements AutoCloseable {
        private ShardRecord record = new ShardRecord(folder.next());
        private @Nullable ShardFile file;

        /** Takes a sample in, or leaves it out. */
        void take(Prepared sample) throws IOException {
            Measures measures = sample.measures();
            Rejection rejection = sample.rejection();
            String detail = sample.detail();
            if (measures != null && rejection == null && duplicates != null) {
                long twin = duplicates.find(measures.hash());
                rejection = twin < 0 ? null : Rejection.DUPLICATE;
                detail = twin < 0 ? "" : "of " + source.name(twin);
            }
            if (measures != null && rejection == null) {
                put(sample, measures);
            } else {
                if (measures != null) {
                    see(measures);
                }
                leaveOut(sample, rejection, detail);
            }
        }

        private void see(Measures measures) {
            readBytes += measures.readBytes();
            record.see(measures);
        }

        /** A key comes once in a shard: of two, readers would make one sample. */
        private boolean isFull(ShardFile its, Prepared sample) {
            return settings.limit().isReached(record.samples(), its.sizeBytes(), sample.block().length)
                    || record.holds(sample.key());
        }

        private void put(Prepared sample, Measures measures) throws IOException {
            if (file != null && isFull(file, sample)) {
                finish(sample.index());
            }
            see(measures);
            ShardFile its = file;
            if (its == null) {
                its = folder.begin();
                file = its;
            }
            its.add(sample.block());
            record.put(sample.key(), sample.index(), measures);
            if (duplicates != null) {
                duplicates.add(measures.hash(), sample.index());
            }
            written++;
            writtenBytes += sample.block().length;
        }

        private void leaveOut(Prepared sample, @Nullable Rejection rejection, String detail) throws IOException {
            if (rejection == null) {
                throw new IllegalStateException("no reason to leave out " + source.name(sample.index()));
            }
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("index", sample.index());
            line.put("sample", source.name(sample.index()));
            line.put("reason", rejection.toString());
            line.put("detail", detail);
            folder.leaveOut(line);
            record.leaveOut(rejection);
        }

        /** Ends the shard before the sample {@code end} of the source; where nothing was seen, there is none. */
        void finish(long end) throws IOException {
            ShardFile its = file;
            if (its != null || end > record.first()) {
                long sizeBytes = its == null ? 0 : its.sizeBytes();
                String sha256 = its == null ? "" : its.end();
                String name =
                        its == null ? "" : PackedShard.name(folder.finished().size());
                folder.finish(record.of(name, end, sizeBytes, sha256, folder.leftOutBytes(), settings));
            }
            file = null;
            record = new ShardRecord(end);
        }

        /** What is not finished is not needed by whoever goes on: the disk may be full. */
        @Override
        public void close() throws IOException {
            if (file != null) {
                file.close();
                folder.discard();
            }
        }
    }

    @Override
    public void close() {
        close(folder);
    }

    private static void close(PackFolder folder) {
        try {
            folder.close();
        } catch (IOException e) {
            throw new UserException("the packed shards' folder cannot be closed (" + e.getMessage() + ")", e);
        }
    }
}
