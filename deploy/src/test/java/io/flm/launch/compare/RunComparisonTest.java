package io.flm.launch.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.UserException;
import io.flm.launch.command.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunComparisonTest {
    @TempDir
    private Path folder = Path.of("");

    private Path run(String name, String rate, double loss) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.writeString(
                run.resolve("effective.conf"),
                Experiments.configuration("flm.train.learning-rate=" + rate).render());
        List<String> lines = new ArrayList<>();
        for (int step = 0; step < 300; step++) {
            lines.add("{\"step\":" + step + ",\"loss\":" + (loss + 100.0 / (step + 1)) + ",\"recLoss\":1.5,\"seconds\":"
                    + 0.1 * step + "}");
        }
        lines.add("{\"step\":300,\"lo"); // killed
        Files.write(run.resolve("metrics.jsonl"), lines);
        return run;
    }

    @Test
    void showsSettingsThatDifferFiguresAndCurves() throws IOException {
        Path one = run("a", "1e-3", 2);
        Path other = run("b", "2e-3", 3);
        Files.writeString(
                one.resolve("held-out.json"),
                "{\"samples\":9,\"clozeAccuracy\":0.25,\"prior\":{\"clozeAccuracy\":0.1}}");
        RunComparison comparison = new RunComparison(List.of(one, other), note -> {});
        assertThat(comparison.text()).first().asString().contains("a").contains("b");
        assertThat(comparison.text())
                .anySatisfy(line -> assertThat(line).containsPattern("flm.train.learning-rate +0.001 +0.002"))
                .anySatisfy(line -> assertThat(line).containsPattern("steps +300 +300"))
                .anySatisfy(line -> assertThat(line).containsPattern("clozeAccuracy +0.2500 +-"))
                .noneSatisfy(line -> assertThat(line).contains("flm.train.objective"));
        JsonNode json = new ObjectMapper().readTree(comparison.json());
        assertThat(json.path("settings")).hasSize(1);
        assertThat(json.path("runs").get(0).path("curves").path("loss")).hasSize(100);
        assertThat(comparison.page())
                .contains("<title>a, b</title>")
                .contains("class=\"line c1\"")
                .contains("0.2500")
                .doesNotContain("<script");
    }

    /** A page is for others, and a query may be a signature. */
    @Test
    void addressesAreShownWithoutTheirQueries() throws IOException {
        Path one = run("a", "1e-3", 2);
        Path other = run("b", "1e-3", 3);
        Files.writeString(
                other.resolve("effective.conf"),
                Experiments.configuration("flm.data.paths=[\"https://host/x.tar?signature=s3cr3t\"]")
                        .render());
        RunComparison comparison = new RunComparison(List.of(one, other), note -> {});
        assertThat(comparison.page()).contains("https://host/x.tar").doesNotContain("s3cr3t");
        assertThat(comparison.json()).contains("https://host/x.tar").doesNotContain("s3cr3t");
        assertThat(comparison.text()).noneSatisfy(line -> assertThat(line).contains("s3cr3t"));
    }

    /** A disk that lost a block in the middle of a run has not lost the steps behind it. */
    @Test
    void aDamagedLineHidesNoOther() throws IOException {
        Path run = run("a", "1e-3", 2);
        List<String> lines = new ArrayList<>(Files.readAllLines(run.resolve("metrics.jsonl")));
        lines.set(7, "\0\0\0");
        lines.set(9, "[1]");
        Files.write(run.resolve("metrics.jsonl"), lines);
        assertThat(new RunComparison(List.of(run, run("b", "1e-3", 2)), note -> {}).text())
                .anySatisfy(line -> assertThat(line).containsPattern("steps +298 +300"));
    }

    @Test
    void longValuesAreShortInTheTable() {
        List<String> answers =
                IntStream.range(0, 83).mapToObj(i -> "answer " + i).toList();
        assertThat(RunComparison.shown(answers))
                .startsWith("83 values: [answer 0, answer 1, ans... (SHA-256 ")
                .hasSizeLessThan(70);
        assertThat(RunComparison.shown(List.of("a", "b"))).isEqualTo("[a, b]");
        assertThat(RunComparison.shown(answers.subList(0, 82))).isNotEqualTo(RunComparison.shown(answers));
    }

    @Test
    void aFineTuningHasTheScoresOfItsTask() throws IOException {
        Path one = run("vqa-1", "1e-3", 2);
        Path other = run("vqa-2", "2e-3", 3);
        Files.writeString(
                one.resolve("scores.json"),
                "{\"task\":\"vqa\",\"examples\":1000,\"accuracy\":0.375,\"prior\":{\"accuracy\":0.264}}");
        assertThat(new RunComparison(List.of(one, other), note -> {}).text())
                .anySatisfy(line -> assertThat(line).containsPattern("accuracy +0.3750 +-"))
                .noneSatisfy(line -> assertThat(line).contains("examples"));
    }

    @Test
    void runsOfOneNameAreToldByTheirFolders() throws IOException {
        Path one = run("x/run", "1e-3", 2);
        Path other = run("y/run", "1e-3", 3);
        RunComparison comparison = new RunComparison(List.of(one, other), note -> {});
        assertThat(comparison.text().get(0)).contains("x/run").contains("y/run").doesNotContain(folder.toString());
        assertThat(comparison.page()).contains("<h2>Settings that differ</h2><p class=\"lead\">None.</p>");
    }

    @Test
    void aFolderWithoutARunIsNamed() {
        assertThatThrownBy(() -> new RunComparison(List.of(folder), note -> {}))
                .isInstanceOf(UserException.class)
                .hasMessage(folder + ": no run there; give folders of runs, such as runs/emoji-1");
    }

    // ---- the command

    @Test
    void theCommandRefusesInOneLineWhatItCannotDo() {
        TestEnvironment world = new TestEnvironment(folder);
        Path picture = TestEnvironment.ROOT.resolve("docs/lemon.png");
        String[][] refused = {
            {"compare"},
            {"compare", "--objectives", "flm", "--budget", "2steps", "--out", "c"},
            {"compare", "runs/a", "--out", "c"},
            {"compare", "--objectives", "flm", "--budget", "900steps", "--out", "c", "--tasks", "vqa"},
            {"compare", "--objectives", "flm", "--budget", "900steps", "--out", "c", "--val", "vqa=" + picture},
            {"compare", "--objectives", "flm,flm", "--budget", "900steps", "--out", "c"},
            {"compare", "--objectives", "flm", "--budget", "900steps", "--out", "c", "--parallel", "0"},
        };
        String[] lines = {
            "give --objectives, --budget and --out, or the folders of runs that there are",
            "the budget of a pretraining is 2 steps, and the warm-up alone takes 50",
            "give either folders of runs, or --objectives, --budget and --out",
            "--tasks vqa: no files; give its annotations and pictures with --train vqa=FILE, repeated for more",
            "--val vqa=...: that task is not in --tasks",
            "--objectives: flm is there twice; give it once",
            "--parallel 0: give at least 1",
        };
        for (int i = 0; i < refused.length; i++) {
            assertThat(world.flm(refused[i])).isEqualTo(2);
            assertThat(world.err()).singleElement().asString().contains(lines[i]);
        }
        assertThat(folder).isEmptyDirectory();
    }
}
