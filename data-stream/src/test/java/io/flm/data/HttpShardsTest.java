package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.flm.data.source.Sources;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class HttpShardsTest {
    private static final RemoteSettings REMOTE =
            new RemoteSettings(Optional.empty(), 4, 4, Duration.ofSeconds(20), Optional.empty(), 0);

    @TempDir
    private Path folder = Path.of("");

    private @Nullable FileServer serving;

    @BeforeEach
    void serve() throws IOException {
        serving = new FileServer(folder);
    }

    private FileServer server() {
        return Objects.requireNonNull(serving);
    }

    @AfterEach
    void stop() {
        server().close();
    }

    private static Dataset open(RemoteSettings remote, Path... paths) {
        return Dataset.open(List.of(paths), Split.ALL, remote);
    }

    /** All that can be told of a source. */
    private static List<Object> told(Dataset source) throws Exception {
        List<Object> told = new ArrayList<>(List.of(
                source.size(),
                source.sha256(),
                source.shards(),
                source.leftOut().counts(),
                source.leftOut().names()));
        for (long i = 0; i < source.size(); i++) {
            told.add(List.of(source.name(i), source.captions(i), Arrays.toString(source.image(i))));
        }
        return told;
    }

    private void sameAsOnDisk(RemoteSettings remote, String... names) throws Exception {
        Path[] here = Arrays.stream(names).map(folder::resolve).toArray(Path[]::new);
        Path[] there = Arrays.stream(names).map(server()::path).toArray(Path[]::new);
        try (Dataset disk = open(remote, here);
                Dataset net = open(remote, there)) {
            assertThat(told(net)).isEqualTo(told(disk));
            assertThat(disk.parallelReads()).isEqualTo(1);
            assertThat(net.parallelReads()).isEqualTo(remote.connections());
        }
    }

    @Test
    void aShardOnAServerIsTheShardOnADisk() throws Exception {
        Shards.of(20)
                .with("readme.md", "what this is")
                .with("alone.png", Shards.png(4, 4, 0x123456))
                .write(folder.resolve("a.tar"));
        Shards.of(3).write(folder.resolve("b 1.tar"));
        try (OutputStream packed = new GZIPOutputStream(Files.newOutputStream(folder.resolve("c.tar.gz")))) {
            Files.copy(Shards.of(7).write(folder.resolve("plain.tar")), packed);
        }
        sameAsOnDisk(REMOTE, "a.tar", "c.tar.gz");
        try (Dataset space = open(REMOTE, server().path("b%201.tar"));
                Dataset disk = open(REMOTE, folder.resolve("b 1.tar"))) {
            assertThat(told(space)).isEqualTo(told(disk));
        }
        try (PictureSource pictures = PictureSource.open(List.of(server().path("a.tar")), REMOTE)) {
            assertThat(pictures.size()).isEqualTo(21);
            assertThat(pictures.find("alone")).isPresent();
        }
    }

    @Test
    void bracesStandForSeveralShardsAndTheFirstThatIsMissingIsNamed() throws Exception {
        for (int i = 0; i < 12; i++) {
            Shards.of(2 + i).write(folder.resolve(String.format("s-%03d.tar", i)));
        }
        try (Dataset source = open(REMOTE, server().path("s-{000..011}.tar"))) {
            assertThat(source.shards().keySet())
                    .startsWith("s-000.tar", "s-001.tar")
                    .hasSize(12);
            assertThat(source.size()).isEqualTo(12 * 2 + 66);
        }
        assertThatThrownBy(() -> open(REMOTE, server().path("s-{005..020}.tar")))
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "http://127.0.0.1:" + server().port() + "/s-012.tar: HTTP 404, no such file; give other data");
        assertThat(Dataset.count(List.of(server().path("s-{000..020}.tar")), Split.heldOut(0.5), 2, REMOTE, Dataset.TAR)
                        .taken())
                .as("counting ends before the missing ones")
                .isGreaterThanOrEqualTo(2);
    }

    /** Connections that end, halves of answers, errors of all kinds: each of every ten requests meets another one. */
    @Test
    void whatPassesIsTriedAgainAndChangesNothing() throws Exception {
        Shards.of(40).write(folder.resolve("a.tar"));
        server().fault = (exchange, number) -> switch (number % 10) {
            case 1 -> FileServer.answer(exchange, 500);
            case 3 -> {
                exchange.close(); // without an answer
                yield true;
            }
            case 5 -> {
                server().part(exchange, server().file(exchange), FileServer.range(exchange), 100);
                yield true;
            }
            case 7 -> FileServer.answer(exchange, 429, "Retry-After", "0");
            case 8 -> {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
                yield false;
            }
            default -> false;
        };
        sameAsOnDisk(REMOTE, "a.tar");
        assertThat(server().faults.get()).isGreaterThan(30);
    }

    @Test
    void aReadGoesOnWhereItBrokeOff() throws Exception {
        byte[] large = new byte[300_000];
        Arrays.fill(large, (byte) 7);
        new Shards()
                .with("a.png", large)
                .with("a.txt", "a large one")
                .with("b.png", Shards.png(4, 4, 1))
                .with("b.txt", "a small one")
                .write(folder.resolve("a.tar"));
        try (Dataset source = open(REMOTE, server().path("a.tar"))) {
            server().requests.clear();
            server().fault = (exchange, number) -> {
                server().part(exchange, server().file(exchange), FileServer.range(exchange), 100_000);
                return true;
            };
            assertThat(source.image(0)).isEqualTo(large);
            assertThat(server().requests)
                    .hasSizeBetween(3, 8)
                    .first()
                    .satisfies(first -> assertThat(first.range()).isEqualTo("bytes=512-300511"));
            List<Long> starts = server().requests.stream()
                    .map(request -> Long.parseLong(request.range().replaceAll("bytes=(\\d+)-300511", "$1")))
                    .toList();
            assertThat(starts).isSorted().doesNotHaveDuplicates();
        }
    }

    @Test
    void anEmptyFileIsReadWithoutARequest() throws Exception {
        Shards.of(20)
                .with("empty.png", Shards.png(4, 4, 1))
                .with("empty.txt", "")
                .write(folder.resolve("a.tar"));
        try (Dataset source = open(REMOTE, server().path("a.tar"))) {
            server().requests.clear();
            long empty = source.find("empty").orElseThrow();
            assertThatThrownBy(() -> source.captions(empty)).isInstanceOf(SampleException.class);
            assertThat(server().requests).isEmpty();
            assertThat(source.image(empty)).isNotEmpty();
        }
    }

    @Test
    void aReadThatBrokeOffBehindItsLastByteHasAll() throws Exception {
        Path shard = Shards.of(20).write(folder.resolve("a.tar"));
        try (Dataset disk = open(REMOTE, shard);
                Dataset source = open(REMOTE, server().path("a.tar"))) {
            server().requests.clear();
            server().fault = (exchange, number) -> {
                server().partWithoutEnd(exchange, server().file(exchange), FileServer.range(exchange));
                return true;
            };
            assertThat(source.image(7)).isEqualTo(disk.image(7));
            assertThat(server().requests).hasSize(1);
        }
    }

    /** The second of two reads is refused when the first one has already begun to ask anew. */
    @Test
    void aRedirectionThatExpiresUnderSeveralReadsIsAskedForAnewByEach() throws Exception {
        Path shard = Shards.of(20).write(folder.resolve("a.tar"));
        AtomicInteger signature = new AtomicInteger(1);
        AtomicInteger refused = new AtomicInteger();
        CountDownLatch bothAsk = new CountDownLatch(2);
        CountDownLatch oneAsksAnew = new CountDownLatch(1);
        CountDownLatch bothAskAnew = new CountDownLatch(2);
        try (FileServer store = new FileServer(folder);
                Dataset disk = open(REMOTE, shard)) {
            server().fault = (exchange, number) -> {
                if (signature.get() == 2) {
                    oneAsksAnew.countDown();
                    bothAskAnew.countDown();
                }
                return FileServer.answer(
                        exchange,
                        302,
                        "Location",
                        RemotePath.url(store.path("a.tar").toString()) + "?signed=" + signature.get());
            };
            try (Dataset source = open(REMOTE, server().path("a.tar"))) {
                signature.set(2);
                store.fault = (exchange, number) -> {
                    if (exchange.getRequestURI().getQuery().equals("signed=2")) {
                        await(bothAskAnew);
                        return false;
                    }
                    bothAsk.countDown();
                    await(bothAsk);
                    if (refused.incrementAndGet() == 2) {
                        await(oneAsksAnew);
                    }
                    return FileServer.answer(exchange, 403);
                };
                CompletableFuture<byte[]> one =
                        CompletableFuture.supplyAsync(() -> image(source, 1), task -> new Thread(task).start());
                assertThat(image(source, 2)).isEqualTo(disk.image(2));
                assertThat(one.get()).isEqualTo(disk.image(1));
                assertThat(refused).hasValue(2);
            }
        }
    }

    private static void close(FileServer server) {
        server.close();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(5, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] image(Dataset source, long index) {
        try {
            return source.image(index);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReadGoesOnWhereTheAddressLeadsToNowIfWhereItLedToIsBroken(boolean gone) throws Exception {
        Path shard = Shards.of(20).write(folder.resolve("a.tar"));
        try (FileServer first = new FileServer(folder);
                FileServer second = new FileServer(folder);
                Dataset disk = open(REMOTE, shard)) {
            AtomicInteger port = new AtomicInteger(first.port());
            server().fault = (exchange, number) ->
                    FileServer.answer(exchange, 302, "Location", "http://127.0.0.1:" + port + "/a.tar");
            try (Dataset source = open(REMOTE, server().path("a.tar"))) {
                port.set(second.port());
                if (gone) {
                    close(first);
                } else {
                    first.fault = (exchange, number) -> FileServer.answer(exchange, 503);
                }
                assertThat(source.image(3)).isEqualTo(disk.image(3));
                assertThat(second.requests).hasSize(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "403 may not be read; give a token with --set flm.data.remote.token-file=FILE",
                "404 no such file; give other data",
                "418 look at what its server says of it",
                "html a page of HTML, not the file itself",
                "whole its server ignores ranges (HTTP 200 where 206 was due)",
                "loop more than 5 redirections",
                "file its server leads to file:///etc/passwd, which is not followed",
                "empty is empty, or shorter than it was",
                "other its server sends another part than it was asked for",
                "gzip its server packs what it sends (gzip)",
                "long its server sends more than it was asked for"
            })
    void whatDoesNotPassIsRefusedInOneLine(String given) throws Exception {
        Shards.of(3).write(folder.resolve("a.tar"));
        String kind = given.substring(0, given.indexOf(' '));
        server().fault = (exchange, number) -> switch (kind) {
            case "html", "whole" -> {
                exchange.getResponseHeaders()
                        .set("Content-Type", kind.equals("html") ? "text/html; charset=utf-8" : "application/x-tar");
                exchange.sendResponseHeaders(200, 5000);
                exchange.getResponseBody().write(new byte[5000]);
                yield true;
            }
            case "loop" -> FileServer.answer(exchange, 302, "Location", "/a.tar?" + number);
            case "file" -> FileServer.answer(exchange, 302, "Location", "file:///etc/passwd");
            case "empty" -> FileServer.answer(exchange, 416, "Content-Range", "bytes */0");
            case "other", "gzip", "long" -> {
                exchange.getResponseHeaders()
                        .set("Content-Range", kind.equals("other") ? "bytes 512-1023/4096" : "bytes 0-511/4096");
                exchange.getResponseHeaders().set("Content-Encoding", kind.equals("gzip") ? "gzip" : "identity");
                exchange.sendResponseHeaders(206, 100_000);
                exchange.getResponseBody().write(new byte[100_000]);
                yield true;
            }
            default -> FileServer.answer(exchange, Integer.parseInt(kind));
        };
        assertThatThrownBy(() -> open(REMOTE, Path.of(server().path("a.tar") + "?signature=secret")))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("http://127.0.0.1:" + server().port() + "/a.tar: ")
                .hasMessageContaining(given.substring(given.indexOf(' ') + 1))
                .hasMessageNotContaining("secret")
                .hasMessageNotContaining("\n");
        assertThat(server().requests).as("not tried again").hasSizeLessThanOrEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://my_host/a.tar names no host",
                "http://joe:secret@127.0.0.1/a.tar a name or password in a URL",
                "http://127.0.0.1/a|b.tar is no URL"
            })
    void addressesThatAreNoneAreRefused(String given) {
        int blank = given.indexOf(' ');
        assertThatThrownBy(() -> open(REMOTE, Path.of(given.substring(0, blank))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(given.substring(blank + 1));
    }

    @Test
    void aServerThatStaysBrokenIsNamedWithWhatItSaid() throws Exception {
        RemoteSettings few = new RemoteSettings(Optional.empty(), 4, 2, Duration.ofMillis(300), Optional.empty(), 0);
        Shards.of(3).write(folder.resolve("a.tar"));
        server().fault = (exchange, number) -> FileServer.answer(exchange, 503);
        assertThatThrownBy(() -> open(few, server().path("a.tar")))
                .isInstanceOf(UserException.class)
                .hasMessage("http://127.0.0.1:" + server().port()
                        + "/a.tar: cannot be read (HTTP 503), tries: 2; look at the server and the network");
        assertThat(server().requests).hasSize(2);
        server().fault = (exchange, number) -> {
            LockSupport.parkNanos(Duration.ofSeconds(5).toNanos());
            return false;
        };
        assertThatThrownBy(() -> open(few, server().path("a.tar")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be read (silent for 300 ms (flm.data.remote.timeout)), tries: 2");
        int port = server().port();
        server().close();
        assertThatThrownBy(() -> open(few, Path.of("http://127.0.0.1:" + port + "/a.tar")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("look at the server and the network");
    }

    /** A picture of 200 KB comes in 16 KB a 20 ms, then in 20 bytes. */
    @Test
    void aServerThatSendsSlowlyIsToldOfOnceAndOneThatSendsNextToNothingIsAskedAnew() throws Exception {
        RemoteSettings brief = new RemoteSettings(Optional.empty(), 4, 2, Duration.ofMillis(100), Optional.empty(), 0);
        byte[] large = new byte[200_000];
        Shards shard = new Shards()
                .with("a.png", large)
                .with("a.txt", "a")
                .with("b.png", large)
                .with("b.txt", "b");
        shard.write(folder.resolve("a.tar"));
        Logger log = (Logger) LoggerFactory.getLogger(Trickle.class);
        ListAppender<ILoggingEvent> told = new ListAppender<>();
        told.start();
        log.addAppender(told);
        try (Dataset source = open(brief, server().path("a.tar"))) {
            server().dripBytes = 16 << 10;
            assertThat(source.image(0)).isEqualTo(large);
            assertThat(source.image(1)).isEqualTo(large);
            assertThat(told.list)
                    .singleElement()
                    .satisfies(line -> assertThat(line.getFormattedMessage())
                            .startsWith("http://127.0.0.1:" + server().port() + "/a.tar: its server sends slowly, "));
            server().dripBytes = 20;
            assertThatThrownBy(() -> source.image(0))
                    .isInstanceOf(RemoteFailure.class)
                    .hasMessageContaining("bytes in 100 ms (flm.data.remote.timeout)), tries: 2");
        } finally {
            log.detachAppender(told);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bytesThatChangedAreRefusedAndNeverMixed(boolean marked) throws Exception {
        Path shard = Shards.of(20).write(folder.resolve("a.tar"));
        server().etag = marked ? "\"one\"" : "";
        try (Dataset source = open(REMOTE, server().path("a.tar"))) {
            assertThat(source.image(3)).isNotEmpty();
            if (marked) {
                server().etag = "\"two\"";
            } else {
                Files.setLastModifiedTime(
                        shard,
                        FileTime.fromMillis(Files.getLastModifiedTime(shard).toMillis() + 2000));
            }
            assertThatThrownBy(() -> source.image(4))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("/a.tar: has changed since it was opened first");
        }
    }

    @Test
    void aTokenGoesToTheHostThatTheUserNamedAndNotToWhereItLeads() throws Exception {
        Shards.of(2).write(folder.resolve("a.tar"));
        Path token = Files.writeString(folder.resolve("token"), "hf_secret\n");
        RemoteSettings withToken =
                new RemoteSettings(Optional.of(token), 4, 2, Duration.ofSeconds(20), Optional.empty(), 0);
        try (FileServer store = new FileServer(folder)) {
            server().fault = (exchange, number) -> {
                String location = "http://127.0.0.1:" + store.port() + "/a.tar?signed";
                return FileServer.answer(exchange, 302, "Location", location);
            };
            try (Dataset source = open(withToken, server().path("a.tar"))) {
                assertThat(source.captions(1)).isNotEmpty();
                assertThat(source.image(1)).isNotEmpty();
            }
            assertThat(server().requests)
                    .as("where it leads is remembered")
                    .hasSizeLessThanOrEqualTo(2)
                    .allSatisfy(request -> assertThat(request.authorization()).isEqualTo("Bearer hf_secret"));
            assertThat(store.requests)
                    .isNotEmpty()
                    .allSatisfy(request -> assertThat(request.authorization()).isEqualTo("null"));
        }
        Files.writeString(token, "two words");
        assertThatThrownBy(() -> open(withToken, server().path("a.tar")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds no token")
                .hasMessageNotContaining("two words");
    }

    @Test
    void aCertificateThatDoesNotFitIsRefused() throws Exception {
        Path keys = folder.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=elsewhere",
                        "-validity",
                        "10",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "secret",
                        "-keystore",
                        keys.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keys)) {
            store.load(in, "secret".toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, "secret".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        HttpsServer encrypted = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        encrypted.setHttpsConfigurator(new HttpsConfigurator(context));
        try (FileServer secure = new FileServer(folder, encrypted)) {
            assertThatThrownBy(() -> open(REMOTE, Path.of("https://localhost:" + secure.port() + "/a.tar")))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("/a.tar: the certificate of localhost does not fit (")
                    .hasMessageNotContaining("\n");
        }
    }

    /** With a table of contents nothing of the shard is read but its beginning; with a stale one it is passed over. */
    @Test
    void aTableBesideTheShardSparesThePassIfItIsOfTheseBytes() throws Exception {
        Shards.of(60).with("readme.md", "of no sample").write(folder.resolve("a.tar"));
        server().etag = "\"one\"";
        List<ShardIndex.Written> written = new ArrayList<>();
        ShardIndex.write(List.of(server().path("a.tar")), REMOTE, Optional.of(folder), false, written::add);
        assertThat(written).singleElement().satisfies(table -> {
            assertThat(table.state()).isEqualTo(ShardIndex.State.WRITTEN);
            assertThat(table.file()).contains(folder.resolve("a.tar.flm-index"));
            assertThat(table.samples()).isEqualTo(60);
        });
        List<String> ranges = rangesOfOpening(REMOTE);
        assertThat(ranges).containsExactly("bytes=0-511");
        sameAsOnDisk(REMOTE, "a.tar");
        server().etag = "\"two\"";
        assertThat(rangesOfOpening(REMOTE)).hasSizeGreaterThan(1).contains("bytes=0-511");
        sameAsOnDisk(REMOTE, "a.tar");
    }

    @Test
    void tablesAreKeptInTheCacheAndCheckedWhenTheyAreRead() throws Exception {
        Shards.of(60).write(folder.resolve("a.tar"));
        Path cache = folder.resolve("cache/tables");
        RemoteSettings caching =
                new RemoteSettings(Optional.empty(), 4, 4, Duration.ofSeconds(20), Optional.of(cache), 0);
        assertThat(rangesOfOpening(caching)).hasSizeGreaterThan(1);
        assertThat(rangesOfOpening(caching)).containsExactly("bytes=0-511");
        Path table;
        try (var files = Files.list(cache)) {
            table = files.toList().get(0);
        }
        byte[] bytes = Files.readAllBytes(table);
        bytes[bytes.length / 2] ^= 1;
        Files.write(table, bytes);
        assertThat(rangesOfOpening(caching)).as("damaged, and written anew").hasSizeGreaterThan(1);
        assertThat(rangesOfOpening(caching)).containsExactly("bytes=0-511");
        sameAsOnDisk(caching, "a.tar");
    }

    @Test
    void aTableOfAShardWithoutAMarkIsNeitherWrittenNorBelieved() throws Exception {
        Path shard = Shards.of(60).write(folder.resolve("a.tar"));
        server().saysTimes = false;
        List<ShardIndex.Written> written = new ArrayList<>();
        ShardIndex.write(List.of(server().path("a.tar")), REMOTE, Optional.of(folder), false, written::add);
        assertThat(written).singleElement().satisfies(table -> {
            assertThat(table.state()).isEqualTo(ShardIndex.State.UNMARKED);
            assertThat(table.samples()).isEqualTo(60);
            assertThat(table.file()).isEmpty();
        });
        IndexFile.put(
                IndexFileTest.nothing(new ShardIdentity(Files.size(shard), "", ShardIdentity.UNKNOWN)),
                folder.resolve("a.tar.flm-index"));
        sameAsOnDisk(REMOTE, "a.tar");
    }

    /** Two files of one size and time, which a program at one address hands out. */
    @Test
    void addressesThatDifferInTheirQueryAloneShareNothingThatIsKept() throws Exception {
        FileTime time = FileTime.fromMillis(1_700_000_000_000L);
        for (String name : List.of("a", "b")) {
            Path shard = new Shards()
                    .with(name + ".png", Shards.png(4, 4, name.charAt(0)))
                    .with(name + ".txt", "said of " + name)
                    .write(folder.resolve(name + ".tar"));
            Files.setLastModifiedTime(shard, time);
        }
        server().fault = (exchange, number) -> {
            Path file = folder.resolve(exchange.getRequestURI().getQuery());
            server().part(exchange, file, FileServer.range(exchange), Integer.MAX_VALUE);
            return true;
        };
        RemoteSettings caching = new RemoteSettings(
                Optional.empty(), 4, 4, Duration.ofSeconds(20), Optional.of(folder.resolve("cache")), 1L << 30);
        for (String name : List.of("a", "b", "a", "b")) {
            Path address = Path.of(server().path("shard") + "?" + name + ".tar");
            try (Dataset net = open(caching, address);
                    Dataset disk = open(caching, folder.resolve(name + ".tar"))) {
                assertThat(net.size()).isEqualTo(1);
                assertThat(net.key(0)).isEqualTo(name);
                assertThat(net.captions(0)).isEqualTo(disk.captions(0));
                assertThat(net.image(0)).isEqualTo(disk.image(0));
            }
        }
    }

    @Test
    void picturesOfCaptionsOnADiskAreReadSideBySideToo() throws Exception {
        Shards.of(3).write(folder.resolve("a.tar"));
        StringBuilder csv = new StringBuilder("image,caption\n");
        try (Dataset disk = open(REMOTE, folder.resolve("a.tar"))) {
            for (long i = 0; i < disk.size(); i++) {
                csv.append(disk.key(i)).append(".png,a caption\n");
            }
        }
        Path table = Files.writeString(folder.resolve("captions.csv"), csv);
        try (Dataset net = Sources.open(List.of(table, server().path("a.tar")), Split.ALL, REMOTE);
                Dataset disk = Sources.open(List.of(table, folder.resolve("a.tar")), Split.ALL, REMOTE)) {
            assertThat(net.parallelReads()).isEqualTo(REMOTE.connections());
            assertThat(disk.parallelReads()).isEqualTo(1);
            assertThat(net.image(2)).isEqualTo(disk.image(2));
        }
    }

    private List<String> rangesOfOpening(RemoteSettings remote) {
        server().requests.clear();
        open(remote, server().path("a.tar")).close();
        return server().requests.stream()
                .filter(request -> request.path().equals("/a.tar"))
                .map(FileServer.Request::range)
                .toList();
    }
}
