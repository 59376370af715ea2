package io.flm.launch.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code flm doctor} found, a line each, in the order of looking. */
public final class Checkup {
    /** How a finding is meant. */
    enum Verdict {
        OK,
        /** Works, but worse than it could. */
        WARNING,
        /** Keeps something from working. */
        FAULT
    }

    /** @param advice what to do about it; empty where all is well */
    record Finding(String topic, String found, Verdict verdict, String advice) {}

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

    List<Finding> findings() {
        return List.copyOf(findings);
    }

    public boolean passed() {
        return findings.stream().noneMatch(finding -> finding.verdict() == Verdict.FAULT);
    }

    /** For a reader: topic, finding, and what to do about it. */
    public String render() {
        StringBuilder text = new StringBuilder();
        for (Finding finding : findings) {
            text.append(String.format("%-10s %s", finding.topic(), finding.found()));
            if (finding.verdict() != Verdict.OK) {
                text.append("   <- ")
                        .append(finding.verdict() == Verdict.FAULT ? "FAULT: " : "warning: ")
                        .append(finding.advice());
            }
            text.append(System.lineSeparator());
        }
        return text.toString();
    }

    /** For a program. */
    public List<Map<String, Object>> toList() {
        return findings.stream()
                .map(finding -> {
                    Map<String, Object> map = new LinkedHashMap<>();
                    map.put("topic", finding.topic());
                    map.put("found", finding.found());
                    map.put("verdict", finding.verdict().name().toLowerCase(java.util.Locale.ROOT));
                    map.put("advice", finding.advice());
                    return map;
                })
                .toList();
    }
}
