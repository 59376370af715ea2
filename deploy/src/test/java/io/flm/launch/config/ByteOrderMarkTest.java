package io.flm.launch.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.launch.command.TestEnvironment;
import io.flm.launch.run.NodeAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Editors on Windows put a mark before a text, which is no part of it. */
class ByteOrderMarkTest {
    private static final String MARK = "\ufeff";

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aConfigurationMayBeginWithOne() throws IOException {
        for (String name : new String[] {"c.conf", "c.json"}) {
            Path file = Files.writeString(folder.resolve(name), MARK + "{\"flm\": {\"train\": {\"lanes\": 3}}}");
            Configuration configuration = Configuration.builder().file(file).build();
            assertThat(configuration.config().getInt("flm.train.lanes")).isEqualTo(3);
        }
    }

    @Test
    void aTokenMayBeginWithOne() throws IOException {
        Path file = Files.writeString(folder.resolve("token"), MARK + "0123456789abcdef\r\n");
        assertThat(NodeAddress.readToken(file.toString())).isEqualTo("0123456789abcdef");
    }

    @Test
    void aHostsFileMayBeginWithOne() throws Exception {
        Path file = Files.writeString(folder.resolve("hosts.txt"), MARK + "# no host yet\n");
        Process cluster = new ProcessBuilder(
                        TestEnvironment.ROOT.resolve("deploy/cluster").toString(), "status", file.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(cluster.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        cluster.waitFor();
        assertThat(said).contains("hosts.txt: names no host");
    }
}
