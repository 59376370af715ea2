package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PieceCacheTest {
    private static final int PIECE = PieceCache.PIECE;

    @TempDir
    private Path folder = Path.of("");

    private RemoteSettings caching(long bytes) {
        return new RemoteSettings(
                Optional.empty(), 4, 4, Duration.ofSeconds(20), Optional.of(folder.resolve("cache")), bytes);
    }

    private static byte[] piece(int value, int sizeBytes) {
        byte[] piece = new byte[sizeBytes];
        Arrays.fill(piece, (byte) value);
        return piece;
    }

    private List<Path> pieces() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("cache"))) {
            return files.filter(file -> file.toString().endsWith(".piece"))
                    .sorted()
                    .toList();
        }
    }

    private static List<String> images(Dataset source) throws IOException {
        List<String> images = new ArrayList<>();
        for (long i = 0; i < source.size(); i++) {
            images.add(Sha256.of(source.image(i)));
        }
        return images;
    }

    /** A shard of a megabyte and more. */
    private Path shard() {
        Shards shards = new Shards();
        for (int i = 0; i < 40; i++) {
            byte[] noise = new byte[30_000 + i];
            RandomStream random = RandomStream.of(i, RandomStream.Purpose.ORDER);
            for (int k = 0; k < noise.length; k++) {
                noise[k] = (byte) random.nextInt(256);
            }
            shards.with(String.format("s%02d.png", i), noise).with(String.format("s%02d.txt", i), "noise " + i);
        }
        return shards.write(folder.resolve("a.tar"));
    }

    @Test
    void eachByteIsFetchedOnceAndAfterARestartNoneIs() throws Exception {
        Path shard = shard();
        try (FileServer server = new FileServer(folder);
                Dataset disk = Dataset.open(List.of(shard))) {
            List<String> expected = images(disk);
            try (Dataset source = Dataset.open(List.of(server.path("a.tar")), Split.ALL, caching(1L << 30))) {
                assertThat(images(source)).isEqualTo(expected);
                assertThat(images(source)).isEqualTo(expected);
            }
            long asked = server.requests.stream()
                    .filter(request -> request.path().equals("/a.tar"))
                    .mapToLong(PieceCacheTest::bytesOf)
                    .sum();
            assertThat(asked).isBetween(Files.size(shard), Files.size(shard) + 16 * PIECE);
            server.requests.clear();
            try (Dataset source = Dataset.open(List.of(server.path("a.tar")), Split.ALL, caching(1L << 30))) {
                assertThat(images(source)).isEqualTo(expected);
                assertThat(source.sha256()).isEqualTo(disk.sha256());
            }
            assertThat(server.requests).extracting(FileServer.Request::range).containsExactly("bytes=0-511");
        }
    }

    private static long bytesOf(FileServer.Request request) {
        String[] ends = request.range().substring("bytes=".length()).split("-", 2);
        return Long.parseLong(ends[1]) - Long.parseLong(ends[0]) + 1;
    }

    @Test
    void aDamagedPieceIsFetchedAnewAndOfOtherBytesNoneIsTaken() throws Exception {
        Path shard = shard();
        try (FileServer server = new FileServer(folder)) {
            List<String> expected;
            try (Dataset source = Dataset.open(List.of(server.path("a.tar")), Split.ALL, caching(1L << 30))) {
                expected = images(source);
            }
            for (Path piece : pieces()) {
                byte[] bytes = Files.readAllBytes(piece);
                bytes[bytes.length / 2] ^= 1;
                Files.write(piece, bytes);
            }
            try (Dataset source = Dataset.open(List.of(server.path("a.tar")), Split.ALL, caching(1L << 30))) {
                assertThat(images(source)).isEqualTo(expected);
            }
            byte[] other = Files.readAllBytes(shard);
            for (int i = 512; i < 30_000; i++) {
                other[i] ^= 1;
            }
            Files.write(shard, other);
            Files.setLastModifiedTime(shard, FileTime.fromMillis(1_700_000_000_000L));
            try (Dataset source = Dataset.open(List.of(server.path("a.tar")), Split.ALL, caching(1L << 30))) {
                List<String> now = images(source);
                assertThat(now.get(0)).isNotEqualTo(expected.get(0));
                assertThat(now.subList(1, now.size())).isEqualTo(expected.subList(1, now.size()));
            }
        }
    }

    @Test
    void aFolderThatOthersCanWriteIsRefusedAndOneThatIsMadeIsItsOwnersAlone() throws Exception {
        shard();
        Path cache = folder.resolve("cache");
        try (FileServer server = new FileServer(folder)) {
            List<Path> paths = List.of(server.path("a.tar"));
            for (String open : List.of("rwxrwxr-x", "rwxr-xrwx")) {
                Files.createDirectories(cache);
                Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString(open));
                assertThatThrownBy(() -> Dataset.open(paths, Split.ALL, caching(0)))
                        .isInstanceOf(UserException.class)
                        .hasMessageContaining("may write into it")
                        .hasMessageContaining("chmod go-w");
            }
            Files.delete(cache);
            try (Dataset source = Dataset.open(paths, Split.ALL, caching(1L << 30))) {
                images(source);
            }
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)))
                    .isEqualTo("rwx------");
        }
    }

    /** Checksums tell damage, not a forger: whoever may write there could put other bytes in the place of a shard's. */
    @Test
    void piecesThatLieInAFolderThatOthersCanWriteAreRefused() throws Exception {
        shard();
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Files.setPosixFilePermissions(elsewhere, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path cache = Files.createDirectory(
                folder.resolve("cache"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path link = Files.createSymbolicLink(cache.resolve("pieces"), elsewhere);
        try (FileServer server = new FileServer(folder)) {
            List<Path> paths = List.of(server.path("a.tar"));
            assertThatThrownBy(() -> Dataset.open(paths, Split.ALL, caching(1L << 30)))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith(elsewhere.toRealPath() + ": everybody may write into it")
                    .hasMessageNotContaining("\n");
            Files.setPosixFilePermissions(elsewhere, PosixFilePermissions.fromString("rwxr-xr-x"));
            try (Dataset source = Dataset.open(paths, Split.ALL, caching(1L << 30))) {
                images(source);
            }
            assertThat(elsewhere).isNotEmptyDirectory();
            Files.delete(link);
            Files.createSymbolicLink(link, folder.resolve("nowhere"));
            assertThatThrownBy(() -> Dataset.open(paths, Split.ALL, caching(1L << 30)))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith(link + ": cannot hold the cache");
        }
    }

    @Test
    void aSizeWithoutAFolderIsRefused() {
        assertThatThrownBy(() ->
                        new RemoteSettings(Optional.empty(), 4, 4, Duration.ofSeconds(20), Optional.empty(), 1L << 30))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("set flm.data.remote.cache-folder");
    }

    @Test
    void theFolderStaysBelowItsBoundAndTheOldestGoFirst() throws Exception {
        PieceCache cache = new PieceCache(folder.resolve("cache"), 40L * PIECE, Runnable::run);
        for (int i = 0; i < 100; i++) {
            cache.put("f", i, piece(i, PIECE));
            Files.setLastModifiedTime(
                    folder.resolve("cache/f/" + i + ".piece"), FileTime.fromMillis(1_600_000_000_000L + 1000L * i));
            assertThat(pieces().size() * (PIECE + 4L)).isLessThanOrEqualTo(40L * PIECE);
        }
        assertThat(cache.get("f", 99, PIECE)).isEqualTo(piece(99, PIECE));
        assertThat(cache.get("f", 0, PIECE)).isNull();
        assertThat(pieces()).hasSizeGreaterThan(30);
        assertThat(cache.get("f", 99, PIECE - 1)).as("of another size").isNull();
    }

    /** Else nothing would be found in it, and it would grow without end. */
    @Test
    void aFolderThatIsALinkToALargerDiskStaysBelowItsBound() throws Exception {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), elsewhere);
        PieceCache cache = new PieceCache(link, 40L * PIECE, Runnable::run);
        for (int i = 0; i < 100; i++) {
            cache.put("f", i, piece(i, PIECE));
        }
        try (Stream<Path> files = Files.walk(elsewhere)) {
            assertThat(files.filter(Files::isRegularFile)
                            .filter(file -> file.toString().endsWith(".piece")))
                    .hasSizeBetween(20, 40);
        }
    }

    @Test
    void aDamagedPieceIsGone() throws Exception {
        PieceCache cache = new PieceCache(folder.resolve("cache"), 40L * PIECE, Runnable::run);
        cache.put("f", 1, piece(1, PIECE));
        Path file = pieces().get(0);
        byte[] bytes = Files.readAllBytes(file);
        bytes[100] ^= 1;
        Files.write(file, bytes);
        assertThat(cache.get("f", 1, PIECE)).isNull();
        assertThat(pieces()).isEmpty();
    }

    @Test
    void whatTheOrderNeedsLastGoesFirstWhichBeatsGoingByAge() {
        long[] firsts = LongStream.rangeClosed(0, 48).map(i -> 4 * i).toArray();
        for (int share : List.of(25, 50, 75)) {
            int room = 48 * share / 100;
            int byAge = fetched(new WindowedOrder(1, firsts, 3), room, false, folder.resolve("age" + share));
            int byOrder = fetched(new WindowedOrder(1, firsts, 3), room, true, folder.resolve("order" + share));
            assertThat(byOrder)
                    .as("of 384 reads, with room for " + share + " %")
                    .isLessThan(byAge * 9 / 10);
        }
    }

    /** How many shards, a piece each, are fetched in eight epochs behind the first one. */
    private static int fetched(WindowedOrder order, int room, boolean expecting, Path cacheFolder) {
        PieceCache cache = new PieceCache(cacheFolder, room * 104L, Runnable::run);
        if (expecting) {
            for (int shard = 0; shard < 48; shard++) {
                int its = shard;
                cache.expect("f" + shard, () -> order.placesUntil(its));
            }
        }
        int fetched = 0;
        for (long place = 0; place < 9 * 48 * 4; place++) {
            int shard = (int) order.index(place) / 4;
            if (cache.get("f" + shard, 0, 100) == null) {
                fetched += place < 48 * 4 ? 0 : 1;
                cache.put("f" + shard, 0, piece(shard, 100));
            }
        }
        return fetched;
    }

    @Test
    void readersThatWantTheSamePiecesAtATimeFetchThemOnce() throws Exception {
        byte[] content = new byte[5 * PIECE + 77];
        RandomStream random = RandomStream.of(1, RandomStream.Purpose.ORDER);
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) random.nextInt(256);
        }
        AtomicInteger fetched = new AtomicInteger();
        Bytes slow = new Bytes() {
            @Override
            public long size() {
                return content.length;
            }

            @Override
            public void read(ByteBuffer into, long position) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
                fetched.addAndGet(into.remaining());
                into.put(content, (int) position, into.remaining());
            }
        };
        CachedBytes bytes = new CachedBytes(slow, new PieceCache(folder.resolve("cache"), 1 << 30), "f");
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<CompletableFuture<byte[]>> reads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                int from = i * 1000;
                reads.add(CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                ByteBuffer into = ByteBuffer.allocate(content.length - 2 * from);
                                bytes.read(into, from);
                                return into.array();
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        },
                        threads));
            }
            for (int i = 0; i < 8; i++) {
                assertThat(reads.get(i).join())
                        .isEqualTo(Arrays.copyOfRange(content, i * 1000, content.length - i * 1000));
            }
        } finally {
            threads.shutdown();
        }
        assertThat(fetched.get()).isEqualTo(content.length);
        assertThatThrownBy(() -> bytes.read(ByteBuffer.allocate(2), content.length - 1))
                .isInstanceOf(IOException.class);
    }

    @Test
    void aFetchThatFailsFailsAllThatWaitForItAndIsTriedByTheNext() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        Bytes failing = new Bytes() {
            @Override
            public long size() {
                return 3L * PIECE;
            }

            @Override
            public void read(ByteBuffer into, long position) throws IOException {
                if (tries.incrementAndGet() == 1) {
                    throw new IOException("not now");
                }
                into.position(into.limit());
            }
        };
        CachedBytes bytes = new CachedBytes(failing, new PieceCache(folder.resolve("cache"), 1 << 30), "f");
        assertThatThrownBy(() -> bytes.read(ByteBuffer.allocate(2 * PIECE), 0)).hasMessage("not now");
        ByteBuffer into = ByteBuffer.allocate(2 * PIECE);
        bytes.read(into, 0);
        assertThat(into.hasRemaining()).isFalse();
        assertThat(tries.get()).isEqualTo(2);
    }
}
