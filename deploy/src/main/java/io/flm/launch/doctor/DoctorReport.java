package io.flm.launch.doctor;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.flm.data.PlainText;
import java.util.ArrayList;
import java.util.List;

/** What {@code flm doctor} found, a line each, in the order of looking. */
public final class DoctorReport {
    /** How a finding is meant. */
    public enum Verdict {
        @JsonProperty("ok")
        OK,
        /** Works, but worse than it could. */
        @JsonProperty("warning")
        WARNING,
        /** Keeps something from working. */
        @JsonProperty("fault")
        FAULT
    }

    /** @param advice what to do about it; empty where all is well */
    public record Finding(String topic, String found, Verdict verdict, String advice) {}

    private final List<Finding> findings = new ArrayList<>();

    void ok(String topic, String found) {
        findings.add(new Finding(topic, found, Verdict.OK, ""));
    }

    void warning(String topic, String found, String advice) {
        findings.add(new Finding(topic, found, Verdict.WARNING, advice));
    }

    void fault(String topic, String found, String advice) {
        findings.add(new Finding(topic, found, Verdict.FAULT, advice));
    }

    /** For a program, too: each is one JSON object. */
    public List<Finding> findings() {
        return List.copyOf(findings);
    }

    public boolean passed() {
        return findings.stream().noneMatch(finding -> finding.verdict() == Verdict.FAULT);
    }

    /** For a reader: topic, finding, and what to do about it. */
    public String render() {
        StringBuilder text = new StringBuilder();
        for (Finding finding : findings) {
            text.append(String.format("%-10s %s", finding.topic(), PlainText.of(finding.found())));
            if (finding.verdict() != Verdict.OK) {
                text.append("   <- ")
                        .append(finding.verdict() == Verdict.FAULT ? "FAULT: " : "warning: ")
                        .append(PlainText.of(finding.advice()));
            }
            text.append(System.lineSeparator());
        }
        return text.toString();
    }
}
