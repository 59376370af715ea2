package io.flm.launch.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import io.flm.launch.command.TestEnvironment;
import io.flm.worker.RunPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NodeRunTest {
    @TempDir
    private Path folder = Path.of("");

    /** Shards are unpacked into files that take room on the disk until they are closed. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aRunThatIsRefusedLeavesNoShardOpen() throws Exception {
        RunPlan plan = RunPlannerTest.tiny("r");
        Files.createDirectories(folder.resolve("r/checkpoints"));
        List<String> before = unpacked();
        assertThatThrownBy(() -> new NodeRun(
                        plan,
                        folder.resolve("r"),
                        TestEnvironment.ROOT,
                        RunPlannerTest.everywhere(),
                        1,
                        System::nanoTime))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds another run of the name r");
        assertThat(unpacked()).isEqualTo(before);
        try (NodeRun run = new NodeRun(
                plan, folder.resolve("s"), TestEnvironment.ROOT, RunPlannerTest.everywhere(), 1, System::nanoTime)) {
            assertThat(run.id()).isEqualTo(plan.id());
            assertThat(unpacked()).as("one file for all shards").hasSize(before.size() + 1);
        }
        assertThat(unpacked()).isEqualTo(before);
    }

    /** Position tables hold two tokens fewer of RoBERTa's than of BERT's. */
    @Test
    void theLongestTextIsOneThatTheTableOfPositionsHoldsByTheTokenizersRule() throws Exception {
        Files.createDirectories(folder.resolve("r/checkpoints"));
        assertThatThrownBy(() -> new NodeRun(
                        RunPlannerTest.tiny("r", "flm.data.max-tokens=51"),
                        folder.resolve("r"),
                        TestEnvironment.ROOT,
                        RunPlannerTest.everywhere(),
                        1,
                        System::nanoTime))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(
                        "flm.data.max-tokens = 51, but flm.model.max-positions = 52 has room for 50 tokens");
    }

    /** The unpacked shards that this process has open. */
    private static List<String> unpacked() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.map(NodeRunTest::target)
                    .filter(target -> target.matches(".*/flm-\\d+\\.tar.*"))
                    .sorted()
                    .toList();
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (NoSuchFileException e) {
            return ""; // closed meanwhile
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
