package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code deploy/cluster} with an {@code ssh} that runs everything here, in a home of its own. */
@DisabledOnOs(OS.WINDOWS)
class ClusterCommandTest {
    private static final String CONTROLS = "[\\p{Cc}\\p{Cf}&&[^\\n\\t]]";

    @TempDir
    private Path folder = Path.of("");

    private String cluster(Path script, String... arguments) throws Exception {
        Path home = Files.createDirectories(folder.resolve("home"));
        Path ssh = Files.createDirectories(folder.resolve("bin")).resolve("ssh");
        Files.writeString(ssh, """
                #!/bin/bash
                while case $1 in -*) true ;; *) false ;; esac; do shift 2; done
                shift
                cd '%s' && exec bash -c "$*"
                """.formatted(home));
        assertThat(ssh.toFile().setExecutable(true)).isTrue();
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("PATH", ssh.getParent() + ":" + System.getenv("PATH"));
        builder.environment().put("CDPATH", folder.resolve("decoy") + ":" + TestEnvironment.ROOT);
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return said;
    }

    @Test
    void foldersAreThoseOfTheHostWhateverIsExported() throws Exception {
        Files.createDirectories(folder.resolve("decoy/flm/runs/nodes"));
        Files.writeString(folder.resolve("decoy/flm/runs/nodes/a.json"), "{}");
        Path script = Files.createSymbolicLink(
                folder.resolve("cluster of mine"), TestEnvironment.ROOT.resolve("deploy/cluster"));
        Files.writeString(folder.resolve("my hosts.txt"), "a host=127.0.0.1 port=22\n");
        assertThat(cluster(script, "down", "my hosts.txt")).isEqualTo("a: nothing is installed\n");
        assertThat(folder.resolve("decoy/flm/runs/nodes/a.json")).exists();

        Files.createDirectories(folder.resolve("home/flm/runs/nodes"));
        assertThat(cluster(script, "down", "my hosts.txt")).isEqualTo("a: did not run\n");
        assertThat(cluster(script, "up", "no hosts.txt")).contains("cluster: no hosts.txt: cannot be read");
    }

    /** A host may be taken over, and its words come to a terminal: an escape sequence, one of a single letter, a turn of direction. */
    @Test
    void whatAHostSaysHasNoControlCharacters() throws Exception {
        Path bin = Files.createDirectories(folder.resolve("home/flm/program/deploy"));
        Path flm = Files.writeString(bin.resolve("flm"), """
                #!/bin/sh
                printf 'run\\033[2J x\\302\\233y\\342\\200\\256z\\342\\201\\246 \\303\\274\\tok\\007\\r\\n'
                echo "$@"
                """);
        Path nodes = Files.createDirectories(folder.resolve("home/flm/runs/nodes"));
        Files.writeString(
                nodes.resolve("a.json"),
                "{\"name\":\"a\",\"http\":\"https://h:1\",\"pid\":1,\"certificate\":\"/my c.pem\"}\n");
        assertThat(flm.toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("home/flm/node.out"), "joined\u001b[31m\u202e\n");
        Files.writeString(folder.resolve("hosts.txt"), "a host=127.0.0.1 port=22\n");
        Path script = TestEnvironment.ROOT.resolve("deploy/cluster");
        assertThat(cluster(script, "status", "hosts.txt"))
                .contains("run[2J xyz ü\tok\n", "status --node https://h:1 --token-file token --ca-file /my c.pem\n")
                .doesNotContainPattern(CONTROLS);
        assertThat(cluster(script, "logs", "hosts.txt")).isEqualTo("a: joined[31m\n");
    }
}
