package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.flm.data.UserException;
import io.flm.launch.console.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run's folder may lead this user's program to: a folder may be somebody else's, or a copy of one. */
class NodeFilesTest {
    private static final String TOKEN = "0123456789abcdef";

    @TempDir
    private Path run = Path.of("");

    private static NodeFiles.Entry at(String name, String http) {
        return new NodeFiles.Entry(name, http, "127.0.0.1:2", 1);
    }

    private Path file(String name) {
        return run.resolve("nodes").resolve(name);
    }

    private void allow(String name, String permissions) throws Exception {
        Files.setPosixFilePermissions(file(name), PosixFilePermissions.fromString(permissions));
    }

    @Test
    void aTokenLiesBesideTheFileOfANodeOnLoopbackForItsUserAlone() throws Exception {
        NodeFiles.write(run, at("a", "127.0.0.1:1"), TOKEN);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file("a.token"))))
                .isEqualTo("rw-------");
        assertThat(Files.readString(file("a.json"))).doesNotContain(TOKEN, "oken");
        assertThat(NodeFiles.targets(run, "", null)).containsExactly(new NodeAddress("127.0.0.1:1", TOKEN));
        NodeFiles.write(run, at("b", "10.0.0.1:1"), TOKEN);
        assertThat(file("b.token")).doesNotExist();
        NodeFiles.remove(run, "a");
        assertThat(file("a.token")).doesNotExist();
    }

    @Test
    void aNodesFileNamesNoFileThatIsSentSomewhere() throws Exception {
        Path secret = Files.writeString(run.resolve("id_ed25519"), "0123456789abcdef-secret");
        NodeFiles.makeFolder(run);
        for (String address : List.of("127.0.0.1:1", "203.0.113.9:80", "localhost.evil.example:80")) {
            Files.writeString(
                    file("a.json"),
                    Json.line(Map.of("name", "a", "http", address, "tokenFile", secret.toString(), "pid", 1)));
            allow("a.json", "rw-r--r--");
            assertThat(NodeFiles.targets(run, "", null))
                    .as("%s", address)
                    .containsExactly(new NodeAddress(address, ""));
        }
    }

    @Test
    void aTokenIsNotReadByALink() throws Exception {
        Path secret = Files.writeString(run.resolve("secret"), "0123456789abcdef-secret");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        NodeFiles.write(run, at("a", "127.0.0.1:1"), "");
        Files.createSymbolicLink(file("a.token"), secret);
        assertThat(NodeFiles.targets(run, "", null)).containsExactly(new NodeAddress("127.0.0.1:1", ""));
    }

    @Test
    void whatOthersMayHaveWrittenGetsNoTokenAndLeadsToNoOtherMachine() throws Exception {
        NodeFiles.write(run, at("a", "127.0.0.1:1"), TOKEN);
        for (String open : List.of("rw-rw-r--", "rw-r--rw-")) {
            allow("a.json", open);
            assertThat(NodeFiles.targets(run, "", null)).containsExactly(new NodeAddress("127.0.0.1:1", ""));
            assertThatThrownBy(() -> NodeFiles.targets(run, TOKEN, null))
                    .isInstanceOf(UserException.class)
                    .hasMessage(file("a.json") + ": others may have written it, and it leads to 127.0.0.1:1 with your"
                            + " token; if that is a node of yours, give --node 127.0.0.1:1");
        }
        allow("a.json", "rw-r--r--");
        Files.setPosixFilePermissions(run.resolve("nodes"), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(NodeFiles.targets(run, "", null)).containsExactly(new NodeAddress("127.0.0.1:1", ""));
        NodeFiles.write(run, at("a", "203.0.113.9:80"), "");
        assertThatThrownBy(() -> NodeFiles.targets(run, "", null))
                .hasMessageContaining("leads to 203.0.113.9:80; if that is a node of yours, give --node");
    }

    @Test
    void aFolderBehindALinkIsSomebodyElses() throws Exception {
        Path other = Files.createDirectory(run.resolve("other"));
        NodeFiles.write(other, at("a", "127.0.0.1:1"), TOKEN);
        Path linked = Files.createDirectory(run.resolve("linked"));
        Files.createSymbolicLink(linked.resolve("nodes"), other.resolve("nodes"));
        assertThat(NodeFiles.targets(linked, "", null)).containsExactly(new NodeAddress("127.0.0.1:1", ""));
    }

    @Test
    void whatIsNoNodesFileIsPassedOver() throws Exception {
        NodeFiles.write(run, at("a", "127.0.0.1:1"), "");
        assertThat(new ProcessBuilder("mkfifo", file("pipe.json").toString())
                        .start()
                        .waitFor())
                .isZero();
        Files.createSymbolicLink(file("zero.json"), Path.of("/dev/zero"));
        Files.createDirectory(file("folder.json"));
        Files.writeString(
                file("large.json"),
                "{\"name\": \"large\", \"http\": \"127.0.0.1:1\", \"x\": \"" + "x".repeat(5000) + "\"}");
        Files.writeString(file("deep.json"), "[".repeat(4000));
        Files.writeString(file("empty.json"), "");
        Files.writeString(file("other.json"), "{\"name\": \"../../other\", \"http\": \"127.0.0.1:1\"}");
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThat(NodeFiles.read(run))
                        .extracting(NodeFiles.Entry::name)
                        .containsExactly("a"));
    }

    @Test
    void aLinkWhereAFileIsToBeWrittenIsNotFollowed() throws Exception {
        Path precious = Files.writeString(run.resolve("precious"), "mine");
        NodeFiles.makeFolder(run);
        for (String name : List.of("a.json", "a.json.part", "a.token", "a.token.part")) {
            Files.createSymbolicLink(file(name), precious);
        }
        NodeFiles.write(run, at("a", "127.0.0.1:1"), TOKEN);
        assertThat(precious).hasContent("mine");
        assertThat(NodeFiles.targets(run, "", null)).containsExactly(new NodeAddress("127.0.0.1:1", TOKEN));
    }
}
