package io.flm.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.launch.config.Configuration;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineTest {
    @TempDir
    private Path folder = Path.of("");

    private Config config(int port, String data) {
        return ConfigFactory.parseString("""
                flm.http.port = %d
                flm.data { paths = ["%s"], eval-paths = [], tokenizer = "" }
                """.formatted(port, data))
                .withFallback(Configuration.builder().build().config());
    }

    private Checkup look(Config config) {
        Checkup checkup = new Checkup();
        Machine.look(checkup, config, folder);
        return checkup;
    }

    private static Checkup.Finding on(String topic, Checkup checkup) {
        return checkup.findings().stream()
                .filter(finding -> finding.topic().equals(topic))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aFitMachinePasses() throws IOException {
        Path data = Files.writeString(folder.resolve("a.tar"), "");
        Checkup checkup = look(config(0, data.toString()));
        assertThat(checkup.passed()).as(checkup.render()).isTrue();
        assertThat(checkup.render()).contains("java", "memory", "cores", "torch", "port", "disk", "data");
    }

    @Test
    void aPortInUseIsAFault() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Checkup checkup = look(config(socket.getLocalPort(), folder.toString()));
            assertThat(on("port", checkup).verdict()).isEqualTo(Checkup.Verdict.FAULT);
            assertThat(on("port", checkup).advice()).contains("flm.http.port");
            assertThat(checkup.passed()).isFalse();
            assertThat(checkup.render()).contains("FAULT: give another");
        }
    }

    @Test
    void missingDataAreNamed() {
        Checkup checkup = look(config(0, "/nowhere/a.tar"));
        assertThat(on("data", checkup).found()).contains("/nowhere/a.tar");
        assertThat(on("data", checkup).verdict()).isEqualTo(Checkup.Verdict.FAULT);
    }
}
