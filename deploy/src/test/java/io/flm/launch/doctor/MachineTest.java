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

    private DoctorReport look(Config config) {
        DoctorReport report = new DoctorReport();
        Machine.look(report, config, folder);
        return report;
    }

    private static DoctorReport.Finding on(String topic, DoctorReport report) {
        return report.findings().stream()
                .filter(finding -> finding.topic().equals(topic))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aFitMachinePasses() throws IOException {
        Path data = Files.writeString(folder.resolve("a.tar"), "");
        DoctorReport report = look(config(0, data.toString()));
        assertThat(report.passed()).as(report.render()).isTrue();
        assertThat(report.render()).contains("java", "memory", "cores", "torch", "port", "disk", "data");
    }

    @Test
    void aPortInUseIsAFault() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            DoctorReport report = look(config(socket.getLocalPort(), folder.toString()));
            assertThat(on("port", report).verdict()).isEqualTo(DoctorReport.Verdict.FAULT);
            assertThat(on("port", report).advice()).contains("flm.http.port");
            assertThat(report.passed()).isFalse();
            assertThat(report.render()).contains("FAULT: give another");
        }
    }

    @Test
    void missingDataAreNamed() {
        DoctorReport report = look(config(0, "/nowhere/a.tar"));
        assertThat(on("data", report).found()).contains("/nowhere/a.tar");
        assertThat(on("data", report).verdict()).isEqualTo(DoctorReport.Verdict.FAULT);
    }
}
