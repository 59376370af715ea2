package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.coordinator.RunView;
import io.flm.coordinator.http.KeptRuns.KeptRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFoldersTest {
    @TempDir
    private Path parent = Path.of("");

    private Path aRun(Path folder, String name, int steps) throws IOException {
        try (RunFiles run = RunFiles.create(folder.resolve(name))) {
            Files.writeString(run.configuration(), "");
            for (int step = 0; step < steps; step++) {
                Files.writeString(
                        RunFiles.metricsOf(run.path()),
                        "{\"step\":" + step + ",\"loss\":3}\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            }
            Files.setLastModifiedTime(RunFiles.metricsOf(run.path()), FileTime.fromMillis(steps * 1000L));
            return run.path();
        }
    }

    private static RunView finished(String run) {
        return new RunView(
                run,
                "id",
                "finished",
                "all steps are committed",
                1,
                4,
                4,
                2.5,
                List.of(),
                0,
                0,
                null,
                null,
                1,
                0,
                null,
                null,
                List.of(),
                List.of());
    }

    private static List<Long> steps(RunFolders runs, String name) {
        List<Long> steps = new ArrayList<>();
        runs.steps(name, step -> steps.add(step.step()));
        return steps;
    }

    @Test
    void runsAreToldAsTheyEndedNewestFirst() throws IOException {
        LastStatus.write(aRun(parent, "old", 4), finished("old"), 1);
        aRun(parent, "elsewhere", 9);
        Files.createDirectory(parent.resolve("nodes"));
        RunFolders runs = new RunFolders(parent);
        assertThat(runs.newest()).extracting(KeptRun::run).containsExactly("elsewhere", "old");
        assertThat(runs.newest()).extracting(KeptRun::state).containsExactly("unknown", "finished");
        assertThat(runs.newest().get(1).loss()).isEqualTo(2.5);
        assertThat(runs.newest().get(1).workedOnAt()).isEqualTo(4000);
        assertThat(steps(runs, "old")).containsExactly(0L, 1L, 2L, 3L);
        assertThat(new RunFolders(parent.resolve("nowhere")).newest()).isEmpty();
    }

    /** Who reads over HTTP hears no path of this machine. */
    @Test
    void aRunWithAnOddConfigurationIsToldWithoutItsPath() throws IOException {
        Path odd = aRun(parent, "odd", 4);
        Files.writeString(RunFiles.configurationOf(odd), "flm = }{ 3");
        Files.writeString(odd.resolve("status.json"), "{\"state\": \"training\"}");
        LastStatus.write(aRun(parent, "new", 9), finished("new"), 1);
        List<KeptRun> newest = new RunFolders(parent).newest();
        assertThat(newest).extracting(KeptRun::state).containsExactly("finished", "stopped");
        assertThat(newest.get(1).reason()).isEqualTo("its command ended before it was seen to train");
        assertThat(LastStatus.of(odd).reason())
                .startsWith(newest.get(1).reason() + "; go on with ")
                .contains("" + odd);
    }

    /** All runs are told in one answer, and a folder may be somebody else's. */
    @Test
    void aReasonWithoutAnEndIsCut() throws IOException {
        Path odd = aRun(parent, "odd", 4);
        LastStatus.write(odd, finished("odd"), 1);
        Path status = odd.resolve("status.json");
        Files.writeString(
                status, Files.readString(status).replaceFirst("\"reason\":\"", "\"reason\":\"" + "r".repeat(100_000)));
        assertThat(new RunFolders(parent).newest())
                .singleElement()
                .satisfies(run -> assertThat(run.reason()).startsWith("rrr").hasSizeLessThan(1100));
    }

    @Test
    void noNameLeadsOutOfTheFolder() throws IOException {
        Path inner = Files.createDirectory(parent.resolve("runs"));
        aRun(parent, "secret", 2);
        aRun(inner, "own", 1);
        RunFolders runs = new RunFolders(inner);
        assertThat(steps(runs, "own")).hasSize(1);
        for (String name : List.of(
                "../secret", "own/../../secret", parent.resolve("secret").toString(), "..", ".", "")) {
            assertThat(steps(runs, name)).as(name).isEmpty();
        }
    }

    @Test
    void whatLiesBesideARunIsItsFoldersParent() {
        assertThat(RunFolders.beside(parent.resolve("runs/emoji-1"))).isEqualTo(parent.resolve("runs"));
    }
}
