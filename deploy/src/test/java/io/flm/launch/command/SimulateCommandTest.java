package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.launch.console.Failure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulateCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void inAFolderOfItsOwn() {
        world = new TestEnvironment(folder);
    }

    @Test
    void theSeedsScenarioIsPrintedFirstAndTheCommandThatRepeatsItLast() {
        assertThat(world.flm("simulate", "--seed", "3", "--workers", "4"))
                .as("%s", world.err())
                .isZero();
        List<String> lines = world.out().lines().toList();
        assertThat(lines.get(0)).startsWith("seed 3: 4 nodes");
        assertThat(lines).contains("every property holds");
        assertThat(world.out()).as("no names of Java's").doesNotContain("[", "atMs", "forMs");
        assertThat(lines.get(lines.size() - 1)).startsWith("repeat: ").endsWith("flm simulate --seed 3 --workers 4");
    }

    @Test
    void aClusterIsPlannedByTheShareOfTimeThatItTrains() throws IOException {
        assertThat(world.flm(
                        "simulate", "--workers", "8", "--mtbf", "0.5", "--hours", "0.5", "--restart", "20", "--json"))
                .as("%s", world.err())
                .isZero();
        JsonNode result =
                new ObjectMapper().readTree(world.out()).get("results").get(0);
        double trainedS = result.get("steps").asInt(); // of one second
        assertThat(result.get("goodput").asDouble())
                .isBetween(trainedS / 1800, 0.99)
                .isLessThan(1.02 * trainedS / 1800);
        assertThat(result.get("recoveries").asInt()).isPositive();
        assertThat(result.get("medianRecoverySeconds").asDouble()).isBetween(0.5, 60.0);
    }

    @Test
    void whatCannotBeSimulatedIsRefusedInOneLine() {
        assertThat(world.flm("simulate", "--workers", "1")).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).containsExactly("flm: --workers 1: give 2 to 512");
        assertThat(world.flm("simulate", "--mtbf", "1", "--checkpoint", "0")).isEqualTo(Failure.REFUSED);
        assertThat(world.flm("simulate", "--mtbf", "1", "--state", "-1")).isEqualTo(Failure.REFUSED);
    }

    @Test
    void aLargerStateMakesEachRecoveryLonger() throws IOException {
        String[] plan = {"simulate", "--workers", "8", "--mtbf", "0.5", "--hours", "0.5", "--restart", "20", "--json"};
        assertThat(world.flm(plan)).isZero();
        double small = goodput();
        assertThat(world.flm(Stream.concat(Stream.of(plan), Stream.of("--state", "40"))
                        .toArray(String[]::new)))
                .isZero();
        assertThat(goodput()).isLessThan(small);
    }

    private double goodput() throws IOException {
        return new ObjectMapper()
                .readTree(world.out())
                .get("results")
                .get(0)
                .get("goodput")
                .asDouble();
    }
}
