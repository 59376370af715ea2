package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.architecture.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same weights, bit for bit, of every task: of one worker, and of three that are killed and go on as two. Dropout and RandAugment are
 * on.
 */
class SameTaskWeightsTest {
    private static final int STEPS = 24;
    private static final Path EMOJI = Repository.root().resolve("data-stream/emoji");
    private static final Path NLVR = Repository.root().resolve("data-stream/nlvr");

    @TempDir
    static Path folder = Path.of("");

    @BeforeAll
    static void pretrain() throws Exception {
        flm("pretrain --preset tiny --steps 4 --threads 1 --workers 1 --set flm.data.eval-paths= --json --run pretrained")
                .result();
    }

    /** Paths of the test's own folder are relative to it. */
    private static FlmProcess flm(String command, String... more) throws IOException {
        List<String> arguments = new ArrayList<>();
        for (String argument : command.split(" ", -1)) {
            boolean path =
                    !arguments.isEmpty() && List.of("--run", "--from").contains(arguments.get(arguments.size() - 1));
            arguments.add(path ? folder.resolve(argument).toString() : argument);
        }
        arguments.addAll(Arrays.asList(more));
        return FlmProcess.start(folder, arguments.toArray(String[]::new));
    }

    private static Stream<Path> emoji(String... names) {
        return Stream.of(names).map(EMOJI::resolve);
    }

    private static String[] train(String task) {
        Stream<Path> files = switch (task) {
            case "vqa" -> emoji("vqa-train-questions.json.gz", "vqa-train-annotations.json.gz");
            case "nlvr2" -> emoji("nlvr2-train.json.gz");
            case "nlvr" -> Stream.of(NLVR.resolve("nlvr-dev.json.gz"), NLVR.resolve("nlvr-dev.tar.gz"));
            case "entail" -> emoji("entail-train.jsonl.gz");
            default -> emoji();
        };
        Stream<Path> pictures = task.equals("nlvr") ? emoji() : emoji("emoji-noto.tar.gz", "emoji-twemoji.tar.gz");
        return Stream.concat(
                        Stream.of("--train"), Stream.concat(files, pictures).map(Path::toString))
                .toArray(String[]::new);
    }

    private static FlmProcess finetune(String task, String run, int workers) throws IOException {
        return flm(
                "finetune --task " + task + " --from pretrained --steps " + STEPS + " --workers " + workers
                        + " --threads 1 --set flm.train.lanes=4 --set flm.train.micro-batch=2 --set flm.model.dropout=0.1 --set flm.data.augment.rand-operations=2"
                        + " --set flm.checkpoint.every-steps=5 --set flm.data.eval-paths= --json --run " + run,
                train(task));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vqa", "nlvr2", "nlvr", "entail", "retrieval", "caption"})
    void neitherTheNumberOfWorkersNorADeathChangesTheWeights(String task) throws Exception {
        JsonNode alone = finetune(task, task + "-1", 1).result();
        assertThat(alone.get("steps").asInt()).isEqualTo(STEPS);
        FlmProcess three = finetune(task, task + "-3", 3);
        Path metrics = folder.resolve(task + "-3/metrics.jsonl");
        for (long end = System.nanoTime() + 120_000_000_000L;
                lineCount(metrics) < 8 && System.nanoTime() < end && !three.endsWithin(10); ) {
            // looks again
        }
        three.kill();
        JsonNode two =
                flm("finetune --resume --workers 2 --json --run " + task + "-3").result();
        assertThat(two.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(two.get("weightsSha256")).isEqualTo(alone.get("weightsSha256"));
    }

    @Test
    void twoNodesGiveTheSameWeightsAndAnotherSeedOthers() throws Exception {
        JsonNode alone = finetune("nlvr2", "alone", 2).result();
        String common = "finetune --task nlvr2 --from pretrained --steps " + STEPS + " --workers 1 --threads 1"
                + " --set flm.train.lanes=4 --set flm.train.micro-batch=2 --set flm.model.dropout=0.1 --set flm.data.augment.rand-operations=2"
                + " --set flm.data.eval-paths= --json --run ";
        assertThat(flm(common + "nodes --nodes 2", train("nlvr2")).result().get("weightsSha256"))
                .isEqualTo(alone.get("weightsSha256"));
        assertThat(flm(common + "seed --seed 9", train("nlvr2")).result().get("weightsSha256"))
                .isNotEqualTo(alone.get("weightsSha256"));
    }

    private static long lineCount(Path file) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        try (var lines = Files.lines(file)) {
            return lines.count();
        }
    }
}
