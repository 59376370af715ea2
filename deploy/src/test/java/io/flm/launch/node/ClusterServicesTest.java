package io.flm.launch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.launch.command.TestEnvironment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code deploy/cluster} with services of systemd: an ssh that stays on this machine, and a systemd that only knows which
 * services were started.
 */
@DisabledOnOs(OS.WINDOWS)
class ClusterServicesTest {
    @TempDir
    private Path folder = Path.of("");

    private record Ended(int exitCode, String out, String err) {}

    /** And the script in a repository whose program does nothing. */
    @BeforeEach
    void aHostWithSystemd() throws IOException {
        program("repo/deploy/flm", "");
        Files.copy(TestEnvironment.ROOT.resolve("deploy/cluster"), folder.resolve("repo/deploy/cluster"));
        for (String part : List.of(
                "deploy/target/app-1/jars",
                "deploy/target/app-1/a.jar",
                "data-stream/emoji/file",
                "data-stream/nlvr/file")) {
            Path file = folder.resolve("repo").resolve(part);
            Files.createDirectories(file.resolveSibling(""));
            Files.writeString(file, part);
        }
        program("bin/ssh", "exec bash -c \"${!#}\"");
        program("bin/systemctl", """
                unit=${!#}
                case $* in
                  *show-environment) ;;
                  *ActiveState*) [ -f "%1$s/services/$unit" ] && echo active || echo inactive ;;
                  *is-active*) [ -f "%1$s/services/$unit" ] ;;
                  *stop*) rm "%1$s/services/$unit" ;;
                esac
                """.formatted(folder));
        program("bin/systemd-run", """
                for word; do case $word in --unit=*) unit=${word#--unit=} ;; esac; done
                echo > "%s/services/$unit"
                mkdir -p runs/nodes && echo > runs/nodes/a.json
                """.formatted(folder));
        program("bin/loginctl", "");
        program("bin/keytool", "echo > \"${!#}\"");
        Files.createDirectories(folder.resolve("services"));
    }

    private void program(String file, String body) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.resolveSibling(""));
        Files.writeString(path, "#!/usr/bin/env bash\n" + body);
        assertThat(path.toFile().setExecutable(true)).isTrue();
    }

    /** A cluster of one host, whose folder ends in {@code flm}. */
    private Path hosts(String parent) throws IOException {
        Path home = Files.createDirectories(folder.resolve(parent).resolve("flm"));
        return Files.writeString(folder.resolve(parent).resolve("hosts"), "a dir=" + home + "\n");
    }

    private Ended cluster(String command, Path hosts) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder("bash", folder.resolve("repo/deploy/cluster").toString(), command, hosts.toString());
        builder.environment().merge("PATH", folder.resolve("bin").toString(), (path, bin) -> bin + ":" + path);
        Process process = builder.start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), out, err);
    }

    private List<String> services() throws IOException {
        try (var files = Files.list(folder.resolve("services"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void twoClustersInFoldersOfOneNameAreTwoServices() throws Exception {
        Path one = hosts("one");
        Path two = hosts("two");
        for (Path hosts : List.of(one, two)) {
            Ended up = cluster("up", hosts);
            assertThat(up.exitCode()).as(up.err()).isZero();
            assertThat(up.out()).contains("a: started as service flm-flm-", "a: joined");
        }
        assertThat(services()).hasSize(2).allSatisfy(unit -> assertThat(unit).matches("flm-flm-\\d+"));
        assertThat(cluster("up", one).out()).contains("a: runs already, service flm-flm-");
        assertThat(cluster("down", one).out()).contains("a: stopped service flm-flm-");
        assertThat(services()).hasSize(1);
        assertThat(cluster("status", one).out()).contains("a: does not run");
        assertThat(cluster("status", two).out())
                .contains("a: runs, service " + services().get(0) + ", joined");
    }
}
