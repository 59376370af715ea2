package io.flm.launch.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.launch.compare.Cell.Calibrate;
import io.flm.launch.compare.Cell.Finetune;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CellCommandsTest {
    private static final Variant MLM = Experiments.variant("mlm@0.4");

    @TempDir
    private Path folder = Path.of("");

    private List<String> access = List.of();

    private CellCommands commands(Experiment experiment, String... clusters) {
        return new CellCommands(
                experiment,
                new Results(folder),
                folder.resolve("base.conf"),
                new CellCommands.Places(List.of(clusters), access, Math.max(1, clusters.length), "s1"));
    }

    @Test
    void aPretrainingKeepsItsPointsAndGoesOnWhereItWas() throws IOException {
        Experiment experiment = Experiments.of(List.of(MLM), 1, "1600steps", Experiments.zeroShot(), 2, 5);
        Pretrain cell = new Pretrain(MLM, null, 3, 5, List.of());
        CellCommands commands = commands(experiment);
        assertThat(commands.steps(cell)).isEqualTo(1600);
        assertThat(commands.steps(new Pretrain(MLM, 0, 0, 1, List.of()))).isEqualTo(400);
        List<String> command = commands.pretrain(cell, new Trial(2, 0.4), 1600, 0);
        assertThat(String.join(" ", command))
                .startsWith("pretrain --run " + folder.resolve("cells/mlm@0.4-seed3/run") + " --json")
                .contains("--objective mlm --set flm.train.mask-rate=0.4 --set flm.train.learning-rate=0.002 --seed 3"
                        + " --steps 1600")
                .contains("flm.checkpoint.keep-at=[100,200,400,800,1600]")
                .doesNotContain("--resume");
        Files.createDirectories(commands.run(cell));
        Files.writeString(commands.run(cell).resolve("effective.conf"), "flm.train.steps = 1600");
        assertThat(commands.pretrain(cell, new Trial(2, 0.4), 1600, 0)).contains("--resume");
    }

    @Test
    void whatABudgetPaysForFollowsFromTheCalibration() {
        Experiment experiment = Experiments.of(List.of(MLM), 1, "10s", Experiments.zeroShot(), 0, 2);
        Results results = new Results(folder);
        results.put(new Calibrate(MLM).key(), Map.of("cost", new StepCost(0.02, 0.03, 1e8, 16, 160).toMap()));
        CellCommands commands = new CellCommands(
                experiment,
                results,
                folder.resolve("base.conf"),
                new CellCommands.Places(List.of(), List.of(), 1, "s1"));
        assertThat(commands.steps(new Pretrain(MLM, null, 1, 2, List.of()))).isEqualTo(500);
    }

    @Test
    void fineTuningsGetTheFilesOfTheirTask() {
        Experiment experiment = Experiments.of(List.of(MLM), 1, "40steps", Experiments.zeroShotAndNlvr(), 0, 2);
        Task nlvr = experiment.tasks().get(1);
        Finetune cell = new Finetune(new Pretrain(MLM, null, 2, 2, List.of()), 1, nlvr);
        assertThat(String.join(" ", commands(experiment).finetune(cell, Path.of("/c"), 0)))
                .startsWith("finetune --run ")
                .contains("--task nlvr --from /c --train /nlvr.json --steps 100 --seed 2 --set flm.data.eval-paths=[]")
                .endsWith("--set flm.train.lanes=2")
                .doesNotContain("--val");
        assertThat(String.join(
                        " ", commands(experiment).score(new Score(cell.pretrained(), 1, nlvr, cell), Path.of("/f"), 0)))
                .startsWith(
                        "evaluate --from /f --json --task nlvr --items --val /nlvr.json --set flm.data.eval-paths=[\"")
                .contains("emoji-fluent.tar.gz");
    }

    /** Whatever learning rate a pretraining was tuned to: by itself a fine-tuning would take an eighth of that. */
    @Test
    void allFineTuningsHaveTheSameLearningRate() {
        assertThat(Experiments.of(List.of(MLM), 1, "40steps", Experiments.zeroShotAndNlvr(), 0, 2)
                        .fineTuningSettings())
                .containsExactly("flm.train.learning-rate=1.25E-4", "flm.train.lanes=2");
        assertThat(Experiments.small().fineTuningSettings()).containsExactly("flm.train.lanes=2");
        Experiment given = new Experiment(
                List.of(MLM),
                1,
                Budget.parse("40steps"),
                Experiments.zeroShotAndNlvr(),
                0,
                0.25,
                2,
                100,
                List.of("flm.train.learning-rate=1e-3"),
                Experiments.configuration());
        assertThat(given.fineTuningSettings()).containsExactly("flm.train.learning-rate=1e-3");
    }

    /** {@code flm finetune --resume} takes neither task nor checkpoint: the run has them. */
    @Test
    void aFineTuningGoesOnWithoutItsTaskAndCheckpoint() throws IOException {
        Experiment experiment = Experiments.of(List.of(MLM), 1, "40steps", Experiments.zeroShotAndNlvr(), 0, 2);
        Finetune cell = new Finetune(
                new Pretrain(MLM, null, 2, 2, List.of()), 1, experiment.tasks().get(1));
        CellCommands commands = commands(experiment);
        Files.createDirectories(commands.run(cell));
        Files.writeString(commands.run(cell).resolve("effective.conf"), "flm.train.steps = 100");
        assertThat(commands.finetune(cell, Path.of("/c"), 0))
                .contains("--resume")
                .doesNotContain("--task", "--from");
    }

    @Test
    void trialsAreScoredByOtherDrawsAndTheLastPointOfTheFirstSeedGetsAPage() {
        Experiment experiment = Experiments.small();
        Task task = experiment.tasks().get(0);
        CellCommands commands = commands(experiment);
        Score trial = new Score(new Pretrain(MLM, 1, 0, 1, List.of()), 0, task, null);
        Score last = new Score(new Pretrain(MLM, null, 1, 2, List.of()), 1, task, null);
        assertThat(commands.score(trial, Path.of("/c"), 0))
                .contains("flm.evaluate.seed=2", "flm.evaluate.caption-samples=0")
                .doesNotContain("--html");
        assertThat(commands.score(last, Path.of("/c"), 0))
                .contains("flm.evaluate.seed=1", "flm.evaluate.samples=40", "--html")
                .doesNotContain("flm.evaluate.caption-samples=0"); // the page shows captions
    }

    @Test
    void eachOfSeveralClustersHasACellOfItsOwn() {
        Experiment experiment = Experiments.small();
        Pretrain cell = new Pretrain(MLM, null, 1, 2, List.of());
        CellCommands commands = commands(experiment, "a:8080", "b:8080");
        assertThat(commands.pretrain(
                        cell, Trial.untuned(MLM, Experiments.configuration().config()), 40, 1))
                .containsSequence("--cluster", "b:8080");
        assertThat(commands.run(cell)).hasFileName("mlm-0.4-seed1-s1"); // nodes keep runs by their names
        assertThat(commands(experiment, "a:8080", "b:8080,c:8080").ofCluster(1, "status", "--watch"))
                .contains(List.of("status", "--watch", "--node", "b:8080", "--node", "c:8080", "--json"));
        assertThat(commands(experiment).ofCluster(0, "status")).isEmpty();
        access = List.of("--token-file", "/t", "--ca-file", "/ca.pem");
        CellCommands secured = commands(experiment, "https://a:8080");
        assertThat(secured.ofCluster(0, "status").orElseThrow())
                .containsExactly(
                        "status", "--node", "https://a:8080", "--json", "--token-file", "/t", "--ca-file", "/ca.pem");
        assertThat(secured.pretrain(
                        cell, Trial.untuned(MLM, Experiments.configuration().config()), 40, 0))
                .containsSequence("--cluster", "https://a:8080", "--token-file", "/t", "--ca-file", "/ca.pem");
    }

    /** A cluster has runs of other comparisons, and of cells that are done again: it refuses to begin a run of their names. */
    @Test
    void aRunThatAClusterIsToBeginHasANameThatNoneHad() throws IOException {
        Experiment experiment = Experiments.of(List.of(MLM), 1, "1600steps", Experiments.zeroShot(), 2, 5);
        Pretrain cell = new Pretrain(MLM, null, 3, 5, List.of());
        Path begun = commands(experiment, "a:1").run(cell);
        assertThat(begun).isEqualTo(folder.resolve("cells/mlm@0.4-seed3/mlm-0.4-seed3-s1"));
        Files.createDirectories(begun);
        Files.writeString(begun.resolve("effective.conf"), "flm.train.steps = 1600");
        CellCommands later = new CellCommands(
                experiment,
                new Results(folder),
                folder.resolve("base.conf"),
                new CellCommands.Places(List.of("a:1"), List.of(), 1, "s2"));
        assertThat(later.run(cell)).isEqualTo(begun);
        Files.delete(begun.resolve("effective.conf"));
        assertThat(later.run(cell)).isEqualTo(folder.resolve("cells/mlm@0.4-seed3/mlm-0.4-seed3-s2"));
    }
}
