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

    @Test
    void whatOtherProgramsSayMakesNoLine() {
        DoctorReport report = new DoctorReport();
        report.fault("gpu", "\u001b[2J\nflm: all is well", "x\u202e\n");
        assertThat(report.render())
                .isEqualTo("gpu        \\u001b[2J flm: all is well   <- FAULT: x\\u202e " + System.lineSeparator());
    }
}
