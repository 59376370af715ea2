package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.coordinator.http.Submission;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.worker.RunPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunFilesTest {
    @TempDir
    private Path parent = Path.of("");

    private Path aRun(String name) throws IOException {
        try (RunFiles run = RunFiles.create(parent.resolve(name))) {
            Files.writeString(run.configuration(), "");
            return run.path();
        }
    }

    @Test
    void aNewRunTakesTheNextNumber() throws IOException {
        assertThat(RunFiles.next(parent, "emoji")).isEqualTo(parent.resolve("emoji-1"));
        aRun("emoji-1");
        assertThat(RunFiles.next(parent, "emoji")).isEqualTo(parent.resolve("emoji-2"));
    }

    /** Ten commands that are started at the same moment. */
    @Test
    @Timeout(60)
    void runsThatBeginAtOnceTakeANumberEach() throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        Callable<Path> command = () -> {
            start.await();
            return RunFiles.createNext(parent.resolve("runs"), "emoji").path();
        };
        List<Future<Path>> commands = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(10);
        try {
            for (int i = 0; i < 10; i++) {
                commands.add(threads.submit(command));
            }
            start.countDown();
            Set<Path> taken = new TreeSet<>();
            for (Future<Path> one : commands) {
                taken.add(one.get());
            }
            assertThat(taken)
                    .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 10)
                            .mapToObj(number -> parent.resolve("runs/emoji-" + number))
                            .toList());
        } finally {
            threads.shutdownNow();
        }
    }

    /** A link that leads nowhere is there all the same; a file in the place of the folder of runs ends it. */
    @Test
    @Timeout(60)
    void whatHasTheNumberIsPassedOverWhateverItIs() throws IOException {
        Files.createSymbolicLink(parent.resolve("emoji-1"), parent.resolve("nowhere"));
        try (RunFiles run = RunFiles.createNext(parent, "emoji")) {
            assertThat(run.path()).isEqualTo(parent.resolve("emoji-2"));
        }
        Path file = Files.writeString(parent.resolve("file"), "");
        assertThatThrownBy(() -> RunFiles.createNext(file, "emoji"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no run can be kept there");
    }

    @Test
    void noSubmittedRunHasTheNameOfAPartOfARun() {
        assertThat(Stream.concat(RunFiles.FILES.stream(), RunFiles.FOLDERS.stream()))
                .allSatisfy(part -> assertThatThrownBy(() -> new Submission(part, "", 1, 0, false))
                        .isInstanceOf(UserException.class)
                        .hasMessageContaining("files of its own"))
                .allSatisfy(part -> assertThat(Submission.nameOf(part)).isEqualTo("run-" + part));
    }

    @Test
    void aFolderThatHoldsARunIsNotTakenForANewOne() throws IOException {
        Path run = aRun("run");
        assertThatThrownBy(() -> RunFiles.create(run))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds a run already")
                .hasMessageContaining("--resume");
        RunFiles.resume(run).close();
    }

    @Test
    void aRunThatIsBeingTrainedIsNotTakenASecondTime() throws IOException {
        Path run = aRun("run");
        try (RunFiles held = RunFiles.resume(run)) {
            assertThatThrownBy(() -> RunFiles.resume(held.path())).hasMessageContaining("in use by process");
            assertThatThrownBy(() -> RunFiles.create(held.path())).hasMessageContaining("in use by process");
        }
        RunFiles.resume(run).close();
    }

    @Test
    void aFolderOfOtherThingsIsLeftAlone() throws IOException {
        Path letters = Files.createDirectory(parent.resolve("letters"));
        Path letter = Files.writeString(letters.resolve("letter.txt"), "dear");
        assertThatThrownBy(() -> RunFiles.create(letters)).hasMessageContaining("holds other files");
        assertThatThrownBy(() -> RunFiles.create(letter)).hasMessageContaining("no folder");
        assertThatThrownBy(() -> RunFiles.create(letter.resolve("run")))
                .hasMessageContaining("no run can be kept there");
        assertThat(letters.toFile().list()).containsExactly("letter.txt");
    }

    @Test
    void whereThereIsNoRunThereIsNothingToResume() {
        assertThatThrownBy(() -> RunFiles.resume(parent.resolve("nowhere")))
                .hasMessageContaining("no run there to resume");
        assertThat(RunFiles.newest(parent.resolve("nowhere"))).isEmpty();
    }

    @Test
    void theNewestRunIsTheOneWorkedOnLast() throws IOException {
        Path first = aRun("a-1");
        Path second = aRun("a-2");
        Files.createDirectory(parent.resolve("b"));
        Files.writeString(first.resolve("flm.log"), "");
        Files.writeString(second.resolve("flm.log"), "");
        assertThat(first.resolve("flm.log").toFile().setLastModified(2_000_000)).isTrue();
        assertThat(second.resolve("flm.log").toFile().setLastModified(1_000_000))
                .isTrue();
        assertThat(RunFiles.newest(parent)).contains(first);
    }

    @Test
    void anEmptyFolderGivenToARunThatDidNotBeginIsEmptyAgainAndARunIsLeftAlone() throws IOException {
        Path given = Files.createDirectory(parent.resolve("given"));
        RunFiles run = RunFiles.create(given);
        Files.writeString(run.configuration(), "");
        run.discard();
        assertThat(given).isEmptyDirectory();

        Path before = aRun("before");
        RunFiles.resume(before).discard();
        assertThat(RunFiles.isRun(before)).isTrue();
    }

    @Test
    void aFolderMadeForARunThatDidNotBeginIsRemoved() throws IOException {
        RunFiles run = RunFiles.create(parent.resolve("run"));
        Files.writeString(run.configuration(), "");
        run.discard();
        assertThat(run.path()).doesNotExist();
    }

    /** As it may come in somebody's archive. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "effective.conf",
                "lock",
                "changes",
                "plan",
                "metrics.jsonl",
                "samples.jsonl",
                "generations.jsonl",
                "status.json",
                "flm.log",
                "held-out.json",
                "held-out.html",
                "nodes",
                "tensorboard",
                "checkpoints"
            })
    void aRunWithALinkInThePlaceOfAPartIsRefusedAndNothingIsWrittenThroughIt(String part) throws IOException {
        Path run = aRun("run");
        Path victim = RunFiles.FOLDERS.contains(part)
                ? Files.createDirectory(parent.resolve("victim"))
                : Files.writeString(parent.resolve("victim"), "mine");
        Files.deleteIfExists(run.resolve(part));
        Files.createSymbolicLink(run.resolve(part), victim);
        Configuration configuration =
                Configuration.builder().preset("tiny", Path.of("/")).build();
        assertThatThrownBy(() -> RunFiles.resume(run))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(run.resolve(part) + ": is a link");
        assertThatThrownBy(() -> RunFiles.belongTo(run, RunPlan.of("run", "id", "", "1", 1, 1), configuration))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(run.resolve(part) + ": is a link");
        if (Files.isDirectory(victim)) {
            assertThat(victim).isEmptyDirectory();
        } else {
            assertThat(victim).hasContent("mine");
        }
    }

    @Test
    void aNewRunsLockIsNoLinkEither() throws IOException {
        Path victim = Files.writeString(parent.resolve("victim"), "mine");
        Path run = Files.createDirectory(parent.resolve("run"));
        Files.createSymbolicLink(run.resolve("lock"), victim);
        assertThatThrownBy(() -> RunFiles.create(run)).isInstanceOf(UserException.class);
        assertThat(victim).hasContent("mine");
    }

    /** It says of no submission that the folder is its own. */
    @Test
    void aLargeFileInThePlaceOfThePlanIsReplaced() throws IOException {
        Path run = aRun("run");
        Files.writeString(run.resolve("plan"), "x".repeat(5000));
        Configuration configuration =
                Configuration.builder().preset("tiny", Path.of("/")).build();
        RunFiles.belongTo(run, RunPlan.of("run", "id", "", "1", 1, 1), configuration);
        assertThat(run.resolve("plan")).hasContent("id\n");
    }

    @Test
    void theFolderItselfMayBeALink() throws IOException {
        Path link = Files.createSymbolicLink(parent.resolve("link"), aRun("run"));
        RunFiles.resume(link).close();
    }
}
