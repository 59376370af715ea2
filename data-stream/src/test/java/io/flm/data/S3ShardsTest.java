package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.typesafe.config.ConfigFactory;
import io.flm.data.source.Sources;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class S3ShardsTest {
    private static final String KEY_ID = "AKIDOFATEST";
    private static final String SECRET = "secret-of-a-test";

    /** What the SDK finds here, before it looks at the machine. */
    private static final Map<String, String> MACHINE = Map.of(
            "aws.accessKeyId",
            KEY_ID,
            "aws.secretAccessKey",
            SECRET,
            "aws.sessionToken",
            "token-of-a-test",
            "aws.endpointUrlS3",
            "http://127.0.0.1:1/elsewhere");

    @TempDir
    private Path folder = Path.of("");

    private @Nullable S3Server serving;

    @BeforeEach
    void serve() throws IOException {
        MACHINE.forEach(System::setProperty);
        Files.createDirectories(folder.resolve("bucket/cc3m"));
        serving = new S3Server(folder);
    }

    private S3Server server() {
        return Objects.requireNonNull(serving);
    }

    @AfterEach
    void stop() {
        MACHINE.keySet().forEach(System::clearProperty);
        server().close();
    }

    private RemoteSettings remote(boolean anonymous) {
        return remote(anonymous, Duration.ofSeconds(20), Optional.empty());
    }

    private RemoteSettings remote(boolean anonymous, Duration timeout, Optional<Path> cache) {
        S3Settings store = new S3Settings(Optional.of(URI.create(server().endpoint())), "", anonymous);
        return new RemoteSettings(Optional.empty(), 4, 3, timeout, cache, 0, store, Set.of());
    }

    private Dataset open(String... paths) {
        return Sources.open(Arrays.stream(paths).map(Path::of).toList(), Split.ALL, remote(false));
    }

    /** All that can be told of a source. */
    private static List<Object> told(Dataset source) throws Exception {
        List<Object> told = new ArrayList<>(List.of(
                source.size(),
                source.sha256(),
                source.shards(),
                source.leftOut().counts()));
        for (long i = 0; i < source.size(); i++) {
            told.add(List.of(source.name(i), source.captions(i), Arrays.toString(source.image(i))));
        }
        return told;
    }

    private Path shard(int samples, String name) {
        return Shards.of(samples).write(folder.resolve("bucket").resolve(name));
    }

    @Test
    void aShardInABucketIsTheShardOnADisk() throws Exception {
        Path first = shard(20, "a.tar");
        Path odd = shard(3, "100% b?c #1.tar");
        try (Dataset disk = open(first.toString(), odd.toString());
                Dataset store = open("s3://bucket/a.tar", "s3://bucket/100% b?c #1.tar")) {
            assertThat(told(store)).isEqualTo(told(disk));
            assertThat(store.parallelReads()).isEqualTo(4);
        }
        try (PictureSource pictures = PictureSource.open(List.of(Path.of("s3://bucket/a.tar")), remote(true))) {
            assertThat(pictures.size()).isEqualTo(20);
        }
    }

    @Test
    void requestsAreSignedUnlessNobodyIsToBeNamedAndGoToTheConfiguredStoreAlone() throws Exception {
        shard(3, "a.tar");
        open("s3://bucket/a.tar").close();
        assertThat(server().files.requests)
                .isNotEmpty()
                .allSatisfy(request -> assertThat(request.authorization())
                        .startsWith("AWS4-HMAC-SHA256 Credential=" + KEY_ID + "/")
                        .contains("/us-east-1/s3/aws4_request")
                        .doesNotContain(SECRET));
        server().files.requests.clear();
        Sources.open(List.of(Path.of("s3://bucket/a.tar")), Split.ALL, remote(true))
                .close();
        assertThat(server().files.requests)
                .isNotEmpty()
                .allSatisfy(request -> assertThat(request.authorization()).isEqualTo("null"));
        try (FileServer elsewhere = new FileServer(folder)) {
            server().files.fault = (exchange, number) -> FileServer.answer(
                    exchange, 307, "Location", "http://127.0.0.1:" + elsewhere.port() + "/bucket/a.tar");
            assertThatThrownBy(() -> open("s3://bucket/a.tar"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("leads to another place, which is not followed");
            assertThat(elsewhere.requests).isEmpty();
        }
    }

    @Test
    void connectionsAreUsedAgain() throws Exception {
        shard(40, "a.tar");
        Set<Integer> ports = ConcurrentHashMap.newKeySet(); // of this side
        server().files.fault = (exchange, number) -> {
            ports.add(exchange.getRemoteAddress().getPort());
            return false;
        };
        try (Dataset source = open("s3://bucket/a.tar")) {
            told(source);
        }
        assertThat(server().files.requests).hasSizeGreaterThan(80);
        assertThat(ports).as("one, and those that open ahead").hasSizeLessThan(10);
    }

    @Test
    void settingsThatNameNoStoreAreRefused() {
        assertThat(settings("endpoint = \"https://minio:9000\", region = eu-west-1")
                        .endpoint())
                .contains(URI.create("https://minio:9000"));
        assertThatThrownBy(() -> settings("endpoint = \"https://key:hush@minio\""))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.data.remote.s3.endpoint: holds a name or password")
                .hasMessageNotContaining("hush");
        for (String endpoint : List.of("minio:9000", "ftp://minio", "https://", "https://minio?x", "http://a b")) {
            assertThatThrownBy(() -> settings("endpoint = \"" + endpoint + "\""))
                    .as(endpoint)
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith("flm.data.remote.s3.endpoint = " + endpoint + ": is no address");
        }
        assertThatThrownBy(() -> settings("region = \"evil.com/\""))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("flm.data.remote.s3.region = evil.com/: is no region");
    }

    private static S3Settings settings(String keys) {
        return S3Settings.from(ConfigFactory.parseString(keys + "\nanonymous = off")
                .withFallback(ConfigFactory.parseString("endpoint = \"\", region = \"\"")));
    }

    /** Errors, connections that end, halves of answers: each of every six requests meets another one. */
    @Test
    void whatPassesIsTriedAgainAndAReadGoesOnWhereItBrokeOff() throws Exception {
        Path here = shard(40, "a.tar");
        FileServer files = server().files;
        files.fault = (exchange, number) -> switch (number % 6) {
            case 1 -> S3Server.error(exchange, 503, "SlowDown", "");
            case 2 -> S3Server.error(exchange, 400, "RequestTimeout", "");
            case 3 -> {
                exchange.close();
                yield true;
            }
            case 4 -> {
                files.part(exchange, files.file(exchange), FileServer.range(exchange), 300);
                yield true;
            }
            default -> false;
        };
        try (Dataset disk = open(here.toString());
                Dataset store = Sources.open(List.of(Path.of("s3://bucket/a.tar")), Split.ALL, tries(20))) {
            assertThat(told(store)).isEqualTo(told(disk));
        }
        assertThat(files.faults.get()).isGreaterThan(20);
    }

    private RemoteSettings tries(int tries) {
        RemoteSettings some = remote(false);
        return new RemoteSettings(Optional.empty(), 4, tries, some.timeout(), Optional.empty(), 0, some.s3(), Set.of());
    }

    @Test
    void bytesThatChangedAreRefusedAndNeverMixed() throws Exception {
        shard(5, "a.tar");
        try (Dataset source = open("s3://bucket/a.tar")) {
            server().files.etag = "\"v2\"";
            assertThatThrownBy(() -> source.image(4))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("s3://bucket/a.tar: has changed since it was opened first");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "404 | NoSuchBucket | | has no bucket bucket; give other data, or the store that has it with flm.data.remote.s3.endpoint",
                "404 | NoSuchKey | | bucket bucket has no such key; give other data",
                "403 | AccessDenied | | may not be read with this machine's credentials (",
                "403 | InvalidAccessKeyId | | does not know the access key of this machine's credentials (",
                "403 | SignatureDoesNotMatch | | is not that of their access key",
                "400 | ExpiredToken | | have expired; renew them",
                "403 | RequestTimeTooSkewed | | this machine's clock is not the store's; set it",
                "403 | InvalidObjectState | | lies in an archive",
                "416 | InvalidRange | | is empty, or shorter than it was",
                "301 | PermanentRedirect | <Region>eu-west-1</Region> | bucket bucket lies in region eu-west-1; give --set flm.data.remote.s3.region=eu-west-1",
                "400 | AuthorizationHeaderMalformed | <Region>eu-west-3</Region> | lies in region eu-west-3; give",
                "409 | OddError | | OddError, why (HTTP 409); look at what the store says of it"
            })
    void whatDoesNotPassIsRefusedInOneLine(int status, String code, @Nullable String more, String expected) {
        server().files.fault = (exchange, number) -> S3Server.error(exchange, status, code, more == null ? "" : more);
        assertThatThrownBy(() -> open("s3://bucket/a.tar"))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("s3://bucket/a.tar: ")
                .hasMessageContaining(expected)
                .hasMessageNotContaining(SECRET)
                .hasMessageNotContaining("\n");
        assertThat(server().files.requests).as("tries").hasSize(1);
    }

    @Test
    void accessThatIsDeniedToNobodyIsToldAsThat() {
        server().files.fault = (exchange, number) -> S3Server.error(exchange, 403, "AccessDenied", "");
        assertThatThrownBy(() -> Sources.open(List.of(Path.of("s3://bucket/a.tar")), Split.ALL, remote(true)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("may not be read without credentials; unset flm.data.remote.s3.anonymous");
        server().files.fault = (exchange, number) -> FileServer.answer(exchange, 403);
        assertThatThrownBy(() -> Sources.open(List.of(Path.of("s3://bucket/a.tar")), Split.ALL, remote(true)))
                .as("by a store that says no more")
                .hasMessageContaining("may not be read without credentials; unset flm.data.remote.s3.anonymous");
    }

    @Test
    void withoutCredentialsOfTheMachineTheirLackIsTold() {
        assumeTrue(System.getenv("AWS_ACCESS_KEY_ID") == null);
        Map<String, String> none = Map.of(
                "aws.disableEc2Metadata",
                "true",
                "aws.configFile",
                folder.resolve("none").toString(),
                "aws.sharedCredentialsFile",
                folder.resolve("none").toString());
        MACHINE.keySet().forEach(System::clearProperty);
        none.forEach(System::setProperty);
        try {
            assertThatThrownBy(() -> open("s3://bucket/a.tar"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("s3://bucket/a.tar: this machine has no credentials for S3 (")
                    .hasMessageContaining("flm.data.remote.s3.anonymous=true")
                    .hasMessageNotContaining("\n");
            assertThat(server().files.requests).isEmpty();
        } finally {
            none.keySet().forEach(System::clearProperty);
        }
    }

    /** What a connection that breaks leaves of a list is no reason to call the store none. */
    @Test
    void aListThatEndsInTheMiddleIsAskedForAnew() throws Exception {
        shard(5, "cc3m/a.tar");
        shard(6, "cc3m/b.tar");
        AtomicInteger cut = new AtomicInteger();
        server().files.fault = (exchange, number) -> {
            if (exchange.getRequestURI().getRawQuery() == null || cut.getAndIncrement() > 1) {
                return server().lists(exchange);
            }
            byte[] half = "<ListBucketResult><Name>bucket</Name><IsTrunc".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/xml");
            exchange.sendResponseHeaders(200, 2L * half.length);
            exchange.getResponseBody().write(half);
            return true; // closed by who asked
        };
        try (Dataset source = open("s3://bucket/cc3m/")) {
            assertThat(source.size()).isEqualTo(11);
        }
        cut.set(-10);
        assertThatThrownBy(() -> open("s3://bucket/cc3m/"))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(
                        "s3://bucket/cc3m: cannot be read (ends in the middle of its answer), tries: 3");
    }

    /** Pages, of each status, that are none of S3. */
    @ParameterizedTest
    @CsvSource({"200,a.tar", "404,a.tar", "403,a.tar", "200,cc3m", "404,cc3m"})
    void whatIsNoStoreIsToldAsThat(int status, String key) {
        server().files.fault = (exchange, number) -> S3Server.answer(
                exchange, status, "text/html", "<!DOCTYPE html><html><p>Welcome &nbsp; to<br>nginx</html>");
        assertThatThrownBy(() -> open("s3://bucket/" + key))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("s3://bucket/" + key + ": ")
                .hasMessageContaining(server().endpoint() + " is no S3 store")
                .hasMessageContaining("look at flm.data.remote.s3.endpoint")
                .hasMessageNotContaining("\n");
    }

    @Test
    void aStoreThatSendsNextToNothingIsAskedAnewAndNamed() throws Exception {
        Files.createDirectories(folder.resolve("bucket"));
        new Shards().with("a.png", new byte[200_000]).with("a.txt", "a").write(folder.resolve("bucket/a.tar"));
        RemoteSettings brief = remote(true, Duration.ofMillis(300), Optional.empty());
        try (Dataset source = Sources.open(List.of(Path.of("s3://bucket/a.tar")), Split.ALL, brief)) {
            server().files.dripBytes = 20;
            assertThatThrownBy(() -> source.image(0))
                    .isInstanceOf(RemoteFailure.class)
                    .hasMessageContaining("300 ms (flm.data.remote.timeout)), tries: 3");
        }
    }

    @Test
    void aStoreThatIsSilentOrGoneIsTriedAndNamed() throws Exception {
        shard(2, "a.tar");
        server().files.fault = (exchange, number) -> {
            LockSupport.parkNanos(Duration.ofSeconds(2).toNanos());
            return true;
        };
        RemoteSettings brief = remote(true, Duration.ofMillis(300), Optional.empty());
        assertThatThrownBy(() -> Sources.open(List.of(Path.of("s3://bucket/a.tar")), Split.ALL, brief))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(
                        "s3://bucket/a.tar: cannot be read (silent for 300 ms (flm.data.remote.timeout)), tries: 3");
        server().close();
        assertThatThrownBy(() -> Sources.open(List.of(Path.of("s3://bucket/a.tar")), Split.ALL, brief))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("tries: 3; look at the server and the network");
    }

    /** An error of gigabytes would fill the memory of who reads it. */
    @Test
    void anErrorWithoutAnEndIsCut() {
        AtomicInteger sent = new AtomicInteger(); // MiB
        server().files.fault = (exchange, number) -> {
            exchange.sendResponseHeaders(500, 0);
            byte[] much = new byte[1 << 20];
            try {
                for (int i = 0; i < 1024; i++) {
                    exchange.getResponseBody().write(much);
                    sent.incrementAndGet();
                }
            } catch (IOException e) {
                return true; // nobody listens any more
            }
            return true;
        };
        assertThatThrownBy(() -> open("s3://bucket/a.tar"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be read (HTTP 500), tries: 3");
        assertThat(sent.get())
                .as("MiB in three tries, buffers of the system among them")
                .isBetween(3, 3 * 32);
    }

    @Test
    void aPrefixStandsForAllShardsBelowItByTheirKeys() throws Exception {
        Files.createDirectories(folder.resolve("bucket/cc3m/b"));
        Files.createDirectories(folder.resolve("bucket/cc3m-more"));
        for (String name :
                List.of("cc3m/b/s-1.tar", "cc3m/s-9.tar", "cc3m/s-10.tar", "cc3m/Z.tar", "cc3m-more/x.tar")) {
            shard(2 + name.length(), name);
        }
        Files.writeString(folder.resolve("bucket/cc3m/readme.md"), "what this is");
        Files.writeString(folder.resolve("bucket/cc3m/._s-9.tar"), "of macOS");
        Files.writeString(folder.resolve("bucket/cc3m/b/pack.json"), "of all that were packed there");
        Files.writeString(folder.resolve("bucket/cc3m/0.parquet"), "a table");
        String[] inOrder = {
            "s3://bucket/cc3m/Z.tar",
            "s3://bucket/cc3m/b/s-1.tar",
            "s3://bucket/cc3m/s-10.tar",
            "s3://bucket/cc3m/s-9.tar"
        };
        try (Dataset named = open(inOrder);
                Dataset below = open("s3://bucket/cc3m/");
                Dataset without = open("s3://bucket/cc3m")) {
            assertThat(below.shards().keySet()).containsExactly("Z.tar", "s-1.tar", "s-10.tar", "s-9.tar");
            assertThat(below.sha256()).isEqualTo(named.sha256());
            assertThat(without.sha256()).isEqualTo(named.sha256());
            assertThat(below.leftOut().counts())
                    .containsEntry("md: no shard", 1L)
                    .containsEntry("parquet: read from disks only", 1L)
                    .containsEntry("tar: a hidden file", 1L)
                    .hasSize(3);
        }
        try (Dataset all = open("s3://bucket")) {
            assertThat(all.shards()).hasSize(5);
        }
    }

    @Test
    void aPrefixWithoutAShardSaysWhatLiesThere() throws Exception {
        assertThatThrownBy(() -> open("s3://bucket/nothing/"))
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "s3://bucket/nothing/: no .tar, .tar.gz or .arrow lies below it, nor anything else; give other"
                                + " data");
        Files.createDirectories(folder.resolve("bucket/tables"));
        Files.writeString(folder.resolve("bucket/tables/0.parquet"), "a table");
        assertThatThrownBy(() -> open("s3://bucket/tables/"))
                .hasMessage("s3://bucket/tables/: 1 .parquet file lies below it, and no shard; such files are read from"
                        + " disks: fetch them, and give their folder");
        Files.writeString(folder.resolve("bucket/cc3m/a.txt"), "a");
        assertThatThrownBy(() -> open("s3://bucket/cc3m/"))
                .hasMessageContaining("lies below it, but cc3m/a.txt; give other data");
        shard(1, "cc3m/s{0..3}.tar");
        assertThatThrownBy(() -> open("s3://bucket/cc3m/")).hasMessageContaining("the key cc3m/s{0..3}.tar has braces");
        server().files.fault = (exchange, number) -> S3Server.answer(
                exchange,
                200,
                "application/xml",
                "<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated><Contents><Key>private/x.tar</Key>"
                        + "</Contents></ListBucketResult>");
        assertThatThrownBy(() -> open("s3://bucket/cc3m/"))
                .hasMessageContaining("lists other keys than it was asked for");
    }

    @Test
    void tablesOfShardsInABucketAreWrittenWhereTheUserSaysAndSpareThePass() throws Exception {
        shard(30, "cc3m/a.tar");
        shard(40, "cc3m/b.tar");
        List<ShardIndex.Written> written = new ArrayList<>();
        ShardIndex.write(
                List.of(Path.of("s3://bucket/cc3m/")),
                remote(false),
                Optional.of(folder.resolve("tables")),
                false,
                written::add);
        assertThat(written)
                .extracting(ShardIndex.Written::shard)
                .containsExactly("s3://bucket/cc3m/a.tar", "s3://bucket/cc3m/b.tar");
        assertThat(folder.resolve("tables/a.tar.flm-index")).isRegularFile();
        Files.copy(folder.resolve("tables/a.tar.flm-index"), folder.resolve("bucket/cc3m/a.tar.flm-index"));
        server().files.requests.clear();
        try (Dataset source = open("s3://bucket/cc3m/")) {
            assertThat(source.size()).isEqualTo(70);
        }
        assertThat(server().files.asked("/bucket/cc3m/a.tar"))
                .as("its first bytes")
                .isEqualTo(1);
        RemoteSettings caching = remote(false, Duration.ofSeconds(20), Optional.of(folder.resolve("cache")));
        for (int time = 0; time < 2; time++) {
            server().files.requests.clear();
            Sources.open(List.of(Path.of("s3://bucket/cc3m/b.tar")), Split.ALL, caching)
                    .close();
        }
        assertThat(server().files.requests).as("with a table in the cache").hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "s3://x/a.tar | names no bucket",
                "s3://user@bucket/a.tar | names no bucket",
                "s3://bucket:80/a.tar | names no bucket",
                "s3://arn:aws:s3/a.tar | names no bucket",
                "s3://bucket/captions.json | of files on servers only tar files are read",
                "s3://bucket/a.arrow | of files on servers only tar files are read"
            })
    void whatNamesNoObjectIsRefused(String path, String expected) {
        assertThatThrownBy(() -> open(path)).isInstanceOf(UserException.class).hasMessageContaining(expected);
        assertThat(server().files.requests).isEmpty();
    }
}
