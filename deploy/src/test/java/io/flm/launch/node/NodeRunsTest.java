package io.flm.launch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.data.StageCount;
import io.flm.launch.command.TestEnvironment;
import io.flm.worker.RunPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class NodeRunsTest {
    @TempDir
    private Path folder = Path.of("");

    private static List<String> stages(List<StageCount> counts) {
        return counts.stream().map(StageCount::stage).toList();
    }

    @Test
    void countsAreToldWhileARunOpensAndStayOnceItIsClosed() throws Exception {
        RunPlan plan = RunPlannerTest.tiny("r");
        Files.createDirectories(folder);
        List<NodeRuns> itself = new ArrayList<>();
        List<List<StageCount>> whileItOpens = new ArrayList<>();
        List<String> open;
        NodeRuns.Folder asking = name -> {
            whileItOpens.add(CompletableFuture.supplyAsync(() -> itself.get(0).dataStages())
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join());
            return folder.resolve(name);
        };
        try (NodeRuns runs =
                new NodeRuns(asking, TestEnvironment.ROOT, RunPlannerTest.everywhere(), 1, System::nanoTime)) {
            itself.add(runs);
            runs.open(plan, "w1");
            runs.open(plan, "w2");
            assertThat(whileItOpens).containsExactly(List.of());
            open = stages(runs.dataStages());
            assertThat(open)
                    .as("once, however many workers share it")
                    .contains("decode", "batch")
                    .doesNotHaveDuplicates();
        }
        assertThat(stages(itself.get(0).dataStages())).isEqualTo(open);
    }

    @Test
    void whatAStageDidInTwoRunsIsAdded() {
        assertThat(new StageCount("decode", 4, 30).plus(new StageCount("decode", 6, 50)))
                .isEqualTo(new StageCount("decode", 10, 80));
    }
}
