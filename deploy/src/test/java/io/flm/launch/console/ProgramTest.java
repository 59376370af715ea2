package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramTest {
    private final Program program = new Program("deploy/flm");

    @Test
    void aLongCommandStandsOnSeveralLinesThatAShellTakesAsOne() {
        List<String> arguments = new ArrayList<>(List.of("finetune", "--task", "vqa", "--train"));
        for (int i = 0; i < 40; i++) {
            arguments.add("questions of part " + i + ".json");
        }
        arguments.addAll(List.of("--steps", "20"));
        String lines = program.lines(arguments);
        assertThat(lines.lines().toList())
                .hasSizeGreaterThan(10)
                .startsWith("deploy/flm finetune \\", "  --task vqa \\")
                .endsWith("  --steps 20")
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(110));
        assertThat(lines.replace(" \\\n ", "")).isEqualTo(program.command(arguments));
    }

    @Test
    void aShortCommandStaysOnOneLine() {
        assertThat(program.lines(List.of("pretrain", "--steps", "20"))).isEqualTo("deploy/flm pretrain --steps 20");
    }
}
