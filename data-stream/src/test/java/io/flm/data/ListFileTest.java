package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.source.Sources;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListFileTest {
    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void shards() throws Exception {
        Files.createDirectories(folder.resolve("more"));
        for (String name : List.of("a.tar", "b-0.tar", "b-1.tar", "more/c.tar", "more/d.tar")) {
            Shards.of(2 + name.length()).write(folder.resolve(name));
        }
    }

    private static RemoteSettings remote() {
        return remote(Optional.empty());
    }

    private static RemoteSettings remote(Optional<Path> token) {
        return new RemoteSettings(token, 4, 2, Duration.ofSeconds(20), Optional.empty(), 0);
    }

    private static Dataset open(Path... paths) {
        return Sources.open(List.of(paths), Split.ALL, remote());
    }

    private Path list(String... lines) throws Exception {
        return Files.writeString(folder.resolve("train.list"), String.join("\n", lines));
    }

    private String sha256(String... names) {
        try (Dataset source = open(Arrays.stream(names).map(folder::resolve).toArray(Path[]::new))) {
            return source.sha256();
        }
    }

    @Test
    void aListStandsForWhatItsLinesNameInTheirOrder() throws Exception {
        Path list = list(
                "\ufeff# shards of a test",
                "more",
                "",
                "  a.tar \r",
                folder.resolve("b-{1,0}.tar").toString(),
                "# the end");
        try (Dataset source = open(list)) {
            assertThat(source.shards().keySet()).containsExactly("c.tar", "d.tar", "a.tar", "b-1.tar", "b-0.tar");
            assertThat(source.sha256()).isEqualTo(sha256("more/c.tar", "more/d.tar", "a.tar", "b-1.tar", "b-0.tar"));
        }
        Files.writeString(folder.resolve("val.list"), "b-0.tar\n");
        try (Dataset both = open(folder.resolve("{train,val}.list"))) {
            assertThat(both.size()).isEqualTo(12 + 12 + 7 + 9 + 9 + 9);
        }
        try (PictureSource pictures = PictureSource.open(List.of(folder.resolve("val.list")), remote())) {
            assertThat(pictures.size()).isEqualTo(9);
        }
    }

    @Test
    void aListNamesWhatLiesOnServersToo() throws Exception {
        try (FileServer server = new FileServer(folder)) {
            list("more/c.tar", server.path("b-{0..1}.tar").toString().replace("http:/", "http://"));
            String named = sha256("more/c.tar", "b-0.tar", "b-1.tar");
            try (Dataset source = open(folder.resolve("train.list"))) {
                assertThat(source.sha256()).isEqualTo(named);
            }
            list("more/c.tar", "b-0.tar", server.path("b-1.tar").toString());
            try (Dataset source = open(server.path("train.list"))) {
                assertThat(source.sha256()).isEqualTo(named);
                assertThat(server.asked("/more/c.tar")).isPositive();
            }
            try (Dataset signed = open(Path.of(server.path("train.list") + "?signature=a/b"))) {
                assertThat(signed.sha256()).isEqualTo(named);
            }
        }
    }

    @Test
    void aListInABucketNamesItsKeysAndPrefixes() throws Exception {
        try (S3Server server = new S3Server(folder.resolve("..").normalize())) {
            String bucket = String.valueOf(folder.getFileName());
            list("more/", "a.tar", "s3://" + bucket + "/b-0.tar");
            S3Settings store = new S3Settings(Optional.of(URI.create(server.endpoint())), "", true);
            RemoteSettings anonymous = new RemoteSettings(
                    Optional.empty(), 4, 2, Duration.ofSeconds(20), Optional.empty(), 0, store, Set.of());
            try (Dataset source =
                    Sources.open(List.of(Path.of("s3://" + bucket + "/train.list")), Split.ALL, anonymous)) {
                assertThat(source.sha256()).isEqualTo(sha256("more/c.tar", "more/d.tar", "a.tar", "b-0.tar"));
            }
            list("a.tar", "s3://another/b.tar");
            assertThatThrownBy(() ->
                            Sources.open(List.of(Path.of("s3://" + bucket + "/train.list")), Split.ALL, anonymous))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith("s3://" + bucket + "/train.list:2: s3://another/b.tar: ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a.tar;nowhere.tar => :2: FOLDER/nowhere.tar: no such file or folder",
                "# one;;a.tar;train.list => :4: the list names itself",
                "a.tar;other.list => :2: names another list",
                "a.tar;b-{0..7}.tar => :2: FOLDER/b-2.tar: no such file",
                "a.tar;nothing/ => :2: FOLDER/nothing: no such file or folder",
                "a.tar;x\u0000.tar => :2: ",
                "a.tar;https:// => :2: ",
                "# nothing => : names nothing; give a path a line"
            })
    void aLineThatLeadsNowhereIsNamedByItsNumber(String given) throws Exception {
        int arrow = given.indexOf(" => ");
        Path list = list(given.substring(0, arrow).split(";", -1));
        assertThatThrownBy(() -> open(list))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(list + given.substring(arrow + 4).replace("FOLDER", folder.toString()))
                .hasMessageNotContaining("\n");
    }

    @Test
    void aDeadAddressIsNamedByItsLineAndSoIsAShardThatIsNone() throws Exception {
        try (FileServer server = new FileServer(folder)) {
            Path list = list("a.tar", "", server.path("nowhere.tar").toString());
            assertThatThrownBy(() -> open(list))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith(list + ":3: http://127.0.0.1:" + server.port() + "/nowhere.tar: HTTP 404");
            assertThatThrownBy(() -> PictureSource.open(List.of(list), remote()))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith(list + ":3: ");
            assertThatThrownBy(
                            () -> ShardIndex.write(List.of(list), remote(), Optional.of(folder), false, written -> {}))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith(list + ":3: ");
            Files.writeString(folder.resolve("page.tar"), "<html>" + "x".repeat(600));
            Path other = list("page.tar");
            assertThatThrownBy(() -> open(other))
                    .hasMessageStartingWith(other + ":1: " + folder.resolve("page.tar") + ": a page of HTML");
        }
    }

    /** It may be a stranger's: it leads neither to files of this machine nor to other servers. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/etc/passwd",
                "http://169.254.169.254/latest",
                "https://127.0.0.1/a.tar",
                "http://127.0.0.1:1/a.tar",
                "s3://bucket/a.tar"
            })
    void aListOnAServerNamesFilesOfThatServerAlone(String line) throws Exception {
        list("a.tar", line);
        try (FileServer server = new FileServer(folder)) {
            assertThatThrownBy(() -> open(server.path("train.list")))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith("http://127.0.0.1:" + server.port() + "/train.list:2: " + line)
                    .hasMessageContaining("a list on a server names files of that server or bucket alone");
        }
    }

    @Test
    void aServerThatAListAloneNamesIsShownNoToken() throws Exception {
        Path token = Files.writeString(folder.resolve("token"), "hf_secret");
        try (FileServer server = new FileServer(folder)) {
            Path list = list(server.path("a.tar").toString());
            RemoteSettings withToken = remote(Optional.of(token));
            Sources.open(List.of(list), Split.ALL, withToken).close();
            assertThat(server.requests)
                    .isNotEmpty()
                    .allSatisfy(request -> assertThat(request.authorization()).isEqualTo("null"));
            server.requests.clear();
            Sources.open(List.of(server.path("b-0.tar"), list), Split.ALL, withToken)
                    .close();
            Sources.open(List.of(server.path("train.list")), Split.ALL, withToken)
                    .close();
            assertThat(server.requests)
                    .isNotEmpty()
                    .allSatisfy(request -> assertThat(request.authorization()).isEqualTo("Bearer hf_secret"));
            server.fault = (exchange, number) -> FileServer.answer(exchange, 403);
            assertThatThrownBy(() -> Sources.open(List.of(list), Split.ALL, withToken))
                    .hasMessageContaining("is shown no token, since a list alone names it");
        }
    }

    @Test
    void whatIsNoTextIsNoList() throws Exception {
        Path list = Files.write(folder.resolve("x.list"), new byte[] {(byte) 0xff, 0, 1});
        assertThatThrownBy(() -> open(list))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(list + ": is no text in UTF-8; a .list has a path a line");
        assertThatThrownBy(() -> open(folder.resolve("nowhere.list")))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(folder.resolve("nowhere.list") + ": no such file or folder");
    }

    @Test
    void whatAFolderOfAServerHoldsIsNotAskedFor() throws Exception {
        try (FileServer server = new FileServer(folder)) {
            String shown = "http://127.0.0.1:" + server.port() + "/more: ";
            assertThatThrownBy(() -> open(server.path("more/")))
                    .isInstanceOf(UserException.class)
                    .hasMessage(
                            shown + "HTTP 404, no such file; give other data (if it is a folder: over HTTP nobody can"
                                    + " ask what it holds; name its shards with braces, or in a .list)");
            server.fault = (exchange, number) -> S3Server.answer(exchange, 200, "text/html", "<html>Index of /more");
            assertThatThrownBy(() -> open(server.path("more/")))
                    .hasMessageStartingWith(shown + "a page of HTML, not the file itself; ")
                    .hasMessageContaining("if it is a folder: ");
            server.fault = (exchange, number) -> FileServer.answer(exchange, 403);
            assertThatThrownBy(() -> open(server.path("more/")))
                    .hasMessageStartingWith(shown + "HTTP 403, may not be read; give a token with ")
                    .hasMessageContaining("if it is a folder: ");
        }
    }

    @Test
    void allThatAPathReachesIsKnownWithoutAServer() throws Exception {
        Path list = list("a.tar", "b-{0,1}.tar", "s3://bucket/more/");
        assertThat(DataPaths.reached(list))
                .containsExactly(
                        list,
                        folder.resolve("a.tar"),
                        folder.resolve("b-0.tar"),
                        folder.resolve("b-1.tar"),
                        Path.of("s3://bucket/more/"));
        assertThat(DataPaths.reached(folder.resolve("nowhere.list"))).containsExactly(folder.resolve("nowhere.list"));
    }
}
