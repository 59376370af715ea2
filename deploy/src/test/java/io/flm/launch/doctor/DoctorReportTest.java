package io.flm.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.launch.console.Json;
import org.junit.jupiter.api.Test;

class DoctorReportTest {
    @Test
    void aProgramReadsTheFindingsInTheOrderOfLooking() {
        DoctorReport report = new DoctorReport();
        report.ok("java", "17");
        report.warning("disk", "1 GB free", "make room");
        report.fault("port", "in use", "give another");
        assertThat(Json.line(report.findings())).isEqualTo("""
                [{"topic":"java","found":"17","verdict":"ok","advice":""},\
                {"topic":"disk","found":"1 GB free","verdict":"warning","advice":"make room"},\
                {"topic":"port","found":"in use","verdict":"fault","advice":"give another"}]""");
    }
}
