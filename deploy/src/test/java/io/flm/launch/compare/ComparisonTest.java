package io.flm.launch.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.UserException;
import io.flm.launch.compare.Cell.Pretrain;
import io.flm.launch.compare.Cell.Score;
import io.flm.launch.console.Json;
import io.flm.launch.html.ComparisonPage;
import io.flm.launch.html.TaskPage;
import io.flm.worker.evaluate.TextReading;
import io.flm.worker.model.TextMasks.Reader;
import io.flm.worker.model.TextMasks.Seen;
import io.flm.worker.task.TaskReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Comparisons whose cells are made up. */
class ComparisonTest {
    @TempDir
    private Path folder = Path.of("");

    private final Experiment experiment = Experiments.small();
    private final Plan plan = Plan.of(experiment);
    private final List<String> said = Collections.synchronizedList(new ArrayList<>());

    private final Comparison.Screen screen = new Comparison.Screen() {
        @Override
        public void say(String sentence) {
            said.add(sentence);
        }

        @Override
        public void status(String line) {}
    };

    /** Does a cell by making its result up; what it did is counted. */
    private static class MadeUp implements CellRunner {
        final List<String> kept = Collections.synchronizedList(new ArrayList<>());
        final List<String> ran = Collections.synchronizedList(new ArrayList<>());

        @Override
        public Map<String, @Nullable Object> run(Cell cell, Results results, int slot)
                throws CellFailure, InterruptedException {
            for (String need : cell.needs()) {
                assertThat(results.find(need))
                        .as("%s, needed by %s", need, cell.key())
                        .isPresent();
            }
            ran.add(cell.key());
            return result(cell);
        }

        @Override
        public void kept(Cell cell, Results results) {
            assertThat(results.find(cell.key())).isPresent();
            kept.add(cell.key());
        }

        @Override
        public void stop() {}
    }

    /** flm is as good after 10 steps as mlm after 40, and ever better with its seed. */
    private static Map<String, @Nullable Object> result(Cell cell) {
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        if (cell instanceof Pretrain pretrain) {
            result.put("steps", 40);
            result.put("learningRate", 1e-3);
            result.put(
                    "cost",
                    new StepCost(pretrain.variant().name().startsWith("flm") ? 0.2 : 0.1, 0, 0, 16, 160).toMap());
            result.put("points", List.of(Map.of("step", 10, "checkpoint", "."), Map.of("step", 40, "checkpoint", ".")));
            result.put("trainingSeconds", 4);
        } else if (cell instanceof Score score) {
            boolean flm = score.pretrained().variant().name().startsWith("flm");
            double value = (flm ? 0.4 : 0.2)
                    + 0.2 * score.point()
                    + 0.01 * score.pretrained().seed();
            Integer trial = score.pretrained().trial();
            result.put("scores", Map.of("clozeAccuracy", trial == null ? value : 0.1 * (trial + 1)));
            result.put("priors", Map.of("clozeAccuracy", 0.05));
        }
        return result;
    }

    private Comparison.Outcome run(CellRunner runner, int parallel) throws InterruptedException {
        Results results = new Results(folder);
        results.read(plan);
        return new Comparison(plan, results, runner, parallel, System::nanoTime, screen).run(changed -> {});
    }

    @Test
    void doesEachCellOnce() throws InterruptedException {
        MadeUp runner = new MadeUp();
        assertThat(run(runner, 3)).isEqualTo(new Comparison.Outcome(Map.of(), 0, false));
        assertThat(runner.ran).hasSize(plan.cells().size()).doesNotHaveDuplicates();
        assertThat(runner.kept).containsExactlyInAnyOrderElementsOf(runner.ran);
        MadeUp again = new MadeUp();
        assertThat(run(again, 1).left()).isZero();
        assertThat(again.ran).isEmpty();
    }

    /** A kill leaves of the cell under way at most a part of a file, and all that was done before. */
    @Test
    void goesOnWhereItWasWhereverItWasKilled() throws Exception {
        List<String> order = plan.cells().stream().map(Cell::key).toList();
        for (int killed = 0; killed < order.size(); killed++) {
            int before = killed;
            Path one = Files.createDirectories(folder.resolve("killed-" + killed));
            Results results = new Results(one);
            for (String key : order.subList(0, killed)) {
                results.put(key, result(cell(key)));
            }
            Path underWay = Files.createDirectories(results.folder(order.get(killed)));
            Files.writeString(underWay.resolve("result.json.123.part"), "{\"scores\":{\"cl");
            MadeUp runner = new MadeUp();
            Results found = new Results(one);
            found.read(plan);
            Comparison.Outcome outcome =
                    new Comparison(plan, found, runner, 1, System::nanoTime, screen).run(changed -> {});
            assertThat(outcome.left()).as("killed at %s", order.get(before)).isZero();
            assertThat(runner.ran)
                    .as("killed at %s", order.get(before))
                    .containsExactlyElementsOf(order.subList(before, order.size()));
        }
    }

    /** One of a cell that is done is gone: somebody made room. */
    @Test
    void aCheckpointThatIsStillNeededIsMadeAgain() throws Exception {
        List<String> order = plan.cells().stream().map(Cell::key).toList();
        Results results = new Results(folder);
        for (String key : order) {
            results.put(key, result(cell(key)));
        }
        Map<String, @Nullable Object> gone = result(cell("mlm@0.4-seed2"));
        gone.put("points", List.of(Map.of("step", 10, "checkpoint", "."), Map.of("step", 40, "checkpoint", "gone")));
        results.put("mlm@0.4-seed2", gone);
        MadeUp unneeded = new MadeUp();
        assertThat(run(unneeded, 1).left()).isZero();
        assertThat(unneeded.ran).isEmpty();
        Files.delete(results.folder("mlm@0.4-seed2-point2-zero-shot").resolve("result.json"));
        MadeUp again = new MadeUp();
        assertThat(run(again, 1).left()).isZero();
        assertThat(again.ran).containsExactly("mlm@0.4-seed2", "mlm@0.4-seed2-point2-zero-shot");
    }

    /** After a power failure a file may be there without its content. */
    @Test
    void aResultThatIsNoneIsNamed() throws IOException {
        for (String content : List.of("", "{\"scores\":", "7", "{}", "{\"points\":[{\"step\":10},{\"step\":40}]}")) {
            Path file =
                    Files.createDirectories(folder.resolve("cells/flm@0-seed1")).resolve("result.json");
            Files.writeString(file, content);
            assertThatThrownBy(() -> new Results(folder).read(plan))
                    .isInstanceOf(UserException.class)
                    .hasMessage(file + ": holds no result; delete it, and its cell is done again");
        }
    }

    /** Numbers are compared by all their digits, and shown as people write them. */
    @Test
    void anotherLearningRateIsToldInAFewDigits() {
        ObjectMapper json = new ObjectMapper();
        assertThat(ComparisonFolder.differences(
                        json.createObjectNode().put("rate", "0.001000000000000000020816681711721685"),
                        json.createObjectNode().put("rate", "0.5")))
                .containsExactly("rate is 0.001 there, 0.5 here");
    }

    private Cell cell(String key) {
        return plan.cells().stream()
                .filter(cell -> cell.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aFailedCellHoldsUpWhatNeedsItAloneAndIsTriedAgainOnTheNextStart() throws InterruptedException {
        AtomicInteger faults = new AtomicInteger(1);
        MadeUp failing = new MadeUp() {
            @Override
            public Map<String, @Nullable Object> run(Cell cell, Results results, int slot)
                    throws CellFailure, InterruptedException {
                if (cell.key().equals("flm@0-seed1") && faults.getAndDecrement() > 0) {
                    throw new CellFailure("out of memory; log: here");
                }
                return super.run(cell, results, slot);
            }
        };
        Comparison.Outcome outcome = run(failing, 2);
        assertThat(outcome.failed()).containsExactly(Map.entry("flm@0-seed1", "out of memory; log: here"));
        assertThat(outcome.left()).isEqualTo(3); // and both of its scores
        assertThat(said).contains("flm@0-seed1: failed: out of memory; log: here");
        assertThat(run(failing, 2)).isEqualTo(new Comparison.Outcome(Map.of(), 0, false));
    }

    @Test
    void whenItIsStoppedNothingElseBegins() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(2);
        CountDownLatch stop = new CountDownLatch(1);
        MadeUp waiting = new MadeUp() {
            @Override
            public Map<String, @Nullable Object> run(Cell cell, Results results, int slot) throws InterruptedException {
                ran.add(cell.key());
                running.countDown();
                stop.await();
                throw new InterruptedException("stopped");
            }

            @Override
            public void stop() {
                stop.countDown();
            }
        };
        Results results = new Results(folder);
        Comparison comparison = new Comparison(plan, results, waiting, 2, System::nanoTime, screen);
        Thread interrupt = new Thread(() -> {
            try {
                running.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            comparison.stop();
        });
        interrupt.start();
        Comparison.Outcome outcome = comparison.run(changed -> {});
        interrupt.join();
        assertThat(outcome.stopped()).isTrue();
        assertThat(outcome.failed()).isEmpty();
        assertThat(waiting.ran).hasSize(2);
        assertThat(results.done()).isEmpty();
    }

    @Test
    void cellsAtOnceHaveSlotsOfTheirOwn() throws InterruptedException {
        Set<Integer> taken = new TreeSet<>();
        MadeUp runner = new MadeUp() {
            @Override
            public Map<String, @Nullable Object> run(Cell cell, Results results, int slot)
                    throws CellFailure, InterruptedException {
                synchronized (taken) {
                    assertThat(taken.add(slot)).isTrue();
                }
                Thread.sleep(2);
                Map<String, @Nullable Object> result = super.run(cell, results, slot);
                synchronized (taken) {
                    taken.remove(slot);
                }
                return result;
            }
        };
        assertThat(run(runner, 3).failed()).isEmpty();
    }

    @Test
    void theTimeLeftIsTheMeanOfEachKind() {
        Results results = new Results(folder);
        assertThat(Comparison.secondsLeft(plan, results, 1)).isEmpty();
        plan.cells().stream()
                .map(Cell::key)
                .filter(key -> key.startsWith("tune-flm@0-1"))
                .forEach(key -> results.put(key, Map.of("seconds", key.endsWith("zero-shot") ? 10 : 3)));
        long trials = 3 * (3 + 10); // with their scores
        long pretrainings = 4 * (3 * 4 + 2 * 10); // a trial gets a quarter of the budget
        assertThat(Comparison.secondsLeft(plan, results, 1)).hasValue(trials + pretrainings);
        for (Cell cell : plan.cells()) {
            boolean last = cell.key().startsWith("mlm@0.4-seed2");
            if (!last) {
                results.put(
                        cell.key(),
                        Map.of(
                                "seconds",
                                cell instanceof Score ? 10 : cell.key().startsWith("tune") ? 3 : 100));
            }
        }
        assertThat(Comparison.secondsLeft(plan, results, 2)).hasValue(60); // 100 + 2 * 10, two at once
    }

    @Test
    void saysWhatThereIsToDoAndHowFarItIs() throws InterruptedException {
        run(new MadeUp(), 1);
        assertThat(said.get(0))
                .isEqualTo("20 cells (8 pretrain, 12 score), 0 of them done; 200steps of pretraining in all; how long"
                        + " that takes is told after the first cell of each kind");
        assertThat(said.get(1)).matches("tune-flm@0-1: done in \\d+ s; 1 of 20 cells done");
        assertThat(said).last().asString().endsWith("; 20 of 20 cells done");
        run(new MadeUp(), 1);
        assertThat(said).last().asString().endsWith("20 of them done");
    }

    @Test
    void whatACellThatRunsSaidLastIsInTheStatus() throws InterruptedException {
        List<String> lines = new ArrayList<>();
        Comparison.Screen shown = new Comparison.Screen() {
            @Override
            public void say(String sentence) {}

            @Override
            public void status(String line) {
                lines.add(line);
            }
        };
        MadeUp runner = new MadeUp() {
            @Override
            public String lastSaid(Cell cell) {
                return "step 3/40";
            }
        };
        new Comparison(plan, new Results(folder), runner, 1, System::nanoTime, shown).run(changed -> {});
        assertThat(lines)
                .anySatisfy(line -> assertThat(line).matches("\\d+ of 20 cells done.*; running: \\S+ \\(step 3/40\\)"));
    }

    /** Of two pictures and three texts, each half of the measure. */
    @Test
    void theItemsOfSeveralFiguresHaveTheMeasureAsTheirMean() throws IOException {
        Measure measure = Measure.share("r1", "R@1", "text", "image");
        JsonNode result =
                new ObjectMapper().readTree("{\"evaluation\":{\"items\":{\"text\":[1,0],\"image\":[1,0,0]}}}");
        double[] items = Findings.items(result, measure).orElseThrow();
        assertThat(items).hasSize(5);
        assertThat(Arrays.stream(items).average().orElseThrow()).isCloseTo((0.5 + 1.0 / 3) / 2, within(1e-12));
        assertThat(Findings.items(result, Measure.share("r1", "R@1", "text", "other")))
                .isEmpty();
    }

    // ---- the folder

    @Test
    void refusesTheFolderOfOtherSettingsAndSaysWhichDiffer() throws IOException {
        ComparisonFolder.take(folder.resolve("c"), experiment).close();
        ComparisonFolder.take(folder.resolve("c"), Experiments.small()).close(); // of the same
        Experiment other = new Experiment(
                Experiments.variants("flm@0", "mlm@0.15"),
                2,
                Budget.parse("80steps"),
                Experiments.zeroShot(),
                2,
                0.25,
                2,
                100,
                List.of("flm.train.lanes=2"),
                Experiments.configuration("flm.model.hidden=32", "flm.http.port=0"));
        assertThatThrownBy(() -> ComparisonFolder.take(folder.resolve("c"), other))
                .isInstanceOf(UserException.class)
                .hasMessage(folder.resolve("c")
                        + ": belongs to a comparison with other settings: budget is 40steps there, 80steps here;"
                        + " flm.model.hidden is 16 there, 32 here; objectives is [\"flm@0\",\"mlm@0.4\"] there,"
                        + " [\"flm@0\",\"mlm@0.15\"] here; give these, or another --out");
    }

    /** Cells before and after a change of the data cannot stand in one report. */
    @Test
    void refusesDataThatChangedSinceItBegan() throws IOException {
        Path questions = Files.writeString(folder.resolve("q.jsonl"), "{}");
        Path pictures = Files.createDirectories(folder.resolve("pictures"));
        Files.writeString(pictures.resolve("1.png"), "one");
        Map<String, List<Path>> files = Map.of("nlvr", List.of(questions, pictures));
        List<Task> tasks =
                Task.parse(Experiments.configuration().config().getConfig("flm.task"), List.of("nlvr"), files, files);
        Supplier<Experiment> same =
                () -> Experiments.of(Experiments.variants("flm@0", "mlm@0.4"), 2, "40steps", tasks, 2, 2);
        ComparisonFolder.take(folder.resolve("c"), same.get()).close();
        ComparisonFolder.take(folder.resolve("c"), same.get()).close(); // nothing changed

        Files.writeString(questions, "[]"); // of the same size
        assertThatThrownBy(() -> ComparisonFolder.take(folder.resolve("c"), same.get()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("tasks.nlvr.contents." + questions + " is 2 bytes, SHA-256 44136fa3")
                .hasMessageContaining(" there, 2 bytes, SHA-256 4f53cda1");

        Files.writeString(questions, "{}");
        Files.move(pictures.resolve("1.png"), pictures.resolve("2.png"));
        assertThatThrownBy(() -> ComparisonFolder.take(folder.resolve("c"), same.get()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("tasks.nlvr.contents." + pictures + " is 1 files, 3 bytes, names and sizes ");
    }

    @Test
    void refusesAFolderOfWhichNobodyKnowsTheSettings() throws IOException {
        ComparisonFolder.take(folder.resolve("c"), experiment).close();
        Files.writeString(folder.resolve("c/experiment.json"), "");
        assertThatThrownBy(() -> ComparisonFolder.take(folder.resolve("c"), experiment))
                .hasMessage(folder.resolve("c/experiment.json")
                        + ": holds no settings, so it is not known what the folder belongs to; give another --out");
    }

    @Test
    void refusesAFolderThatHoldsOtherThingsOrIsInUse() throws IOException {
        Files.writeString(folder.resolve("letter.txt"), "dear");
        assertThatThrownBy(() -> ComparisonFolder.take(folder, experiment))
                .hasMessageContaining("holds other files; give another --out");
        try (ComparisonFolder held = ComparisonFolder.take(folder.resolve("c"), experiment)) {
            assertThatThrownBy(() -> ComparisonFolder.take(held.path(), experiment))
                    .hasMessageContaining("in use by process")
                    .hasMessageContaining("choose another --out");
        }
    }

    // ---- the report

    @Test
    void theReportHasCurvesFactorsAndTheChoiceOfTheGrid() throws Exception {
        run(new MadeUp(), 1);
        Results results = new Results(folder);
        results.read(plan);
        assertThat(new Tuning(experiment, plan.tuningTask())
                        .best(experiment.variants().get(1), results))
                .isEqualTo(new Trial(2, 0.4)); // the second of two scores better
        JsonNode report = new ObjectMapper().readTree(Json.line(new Findings(experiment, plan, results).toMap()));
        JsonNode cloze = report.path("measures").get(1);
        assertThat(cloze.path("key").asText()).isEqualTo("clozeAccuracy");
        JsonNode flm = cloze.path("curves").get(0);
        assertThat(flm.path("points").get(1).path("mean").asDouble()).isCloseTo(0.615, within(1e-9));
        assertThat(flm.path("points").get(1).path("low").asDouble()).isCloseTo(0.61, within(1e-9));
        assertThat(flm.path("points").get(1).path("amount").asDouble()).isEqualTo(40);
        JsonNode inSteps = cloze.path("speedUps").get(0);
        assertThat(inSteps.path("unit").asText()).isEqualTo("steps");
        assertThat(inSteps.path("factor").path("low").asDouble()).isEqualTo(4);
        assertThat(inSteps.path("factor").path("high").isNull()).isTrue();
        JsonNode inSeconds = cloze.path("speedUps").get(1);
        assertThat(inSeconds.path("factor").path("low").asDouble()).isEqualTo(2); // a step of flm takes twice as long
        assertThat(report.path("objectives")
                        .get(0)
                        .path("trials")
                        .get(1)
                        .path("score")
                        .asDouble())
                .isEqualTo(0.2);
        String page = ComparisonPage.of(
                "c",
                report,
                Map.of(
                        "flm@0, zero-shot",
                        "<article>1</article><article>2</article>",
                        "flm@0, vqa",
                        TaskPage.of("vqa-1", Map.of(), answered(), Collections.nCopies(5, List.of(reading())), null)));
        assertThat(page)
                .contains("flm@0 over mlm@0.4, at 41.5 %")
                .contains("≥ 4.00")
                .contains("<article>2</article>")
                .contains("<h3>flm@0, vqa</h3><div class=\"gallery task\"><article class=\"right\">")
                .contains("Question 3?")
                .doesNotContain("Question 4?")
                .contains("class=\"band c1\"")
                .contains("<tr class=\"taken\">")
                .contains("2 seeds: the bands go from the lowest to the highest of them.")
                .doesNotContain("<script", "type=\"radio\"")
                .doesNotContain("http:", "https:");
    }

    private static TextReading reading() {
        return new TextReading(
                "as it is",
                List.of("<s>"),
                new boolean[1],
                List.of(new Reader("text", List.of(new Seen("text", new boolean[1][1])))));
    }

    /** Five questions, of which every second one was answered rightly. */
    private static TaskReport answered() {
        List<TaskReport.Shown> shown = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            shown.add(new TaskReport.Shown(
                    "q" + i,
                    List.of(new byte[3 * 16]),
                    new int[1],
                    "Question " + i + "?",
                    "yes",
                    "yes",
                    0.5,
                    i % 2 == 0));
        }
        return new TaskReport("vqa", 5, List.of(), shown, null, List.of());
    }

    /** Of retrieval nothing is asked of the text alone, but chance is known. */
    @Test
    void aScoreAtChanceIsNamedToo() throws Exception {
        Results results = new Results(folder);
        for (Cell cell : plan.cells()) {
            Map<String, @Nullable Object> result = result(cell);
            if (cell instanceof Score score
                    && score.pretrained().variant().name().equals("mlm@0.4")) {
                result.put("evaluation", Map.of("majority", Map.of("clozeAccuracy", 0.9)));
            }
            results.put(cell.key(), result);
        }
        JsonNode report = new ObjectMapper().readTree(Json.line(new Findings(experiment, plan, results).toMap()));
        assertThat(report.path("limits").get(0).asText()).contains("mlm@0.4 ends no higher than what chance,");
        JsonNode curves = report.path("measures").get(1).path("curves");
        assertThat(curves.get(0).path("prior").asDouble()).isEqualTo(0.05);
        assertThat(curves.get(1).path("prior").asDouble()).isEqualTo(0.9);
    }

    @Test
    void aScoreThatIsNoBetterThanTheTextAloneIsNamed() throws Exception {
        Results results = new Results(folder);
        for (Cell cell : plan.cells()) {
            Map<String, @Nullable Object> result = result(cell);
            if (cell instanceof Score score
                    && score.pretrained().variant().name().equals("mlm@0.4")) {
                result.put("priors", Map.of("clozeAccuracy", 0.9));
            }
            results.put(cell.key(), result);
        }
        JsonNode report = new ObjectMapper().readTree(Json.line(new Findings(experiment, plan, results).toMap()));
        assertThat(report.path("limits").get(0).asText())
                .isEqualTo(
                        "Cloze accuracy (zero-shot): mlm@0.4 ends no higher than what chance, the commonest answer or the"
                                + " text alone gives, so a factor to its score says nothing.");
        assertThat(report.path("limits").get(1).asText()).startsWith("2 seeds");
    }

    @Test
    void aReportOfAPartSaysWhatIsMissing() throws Exception {
        Results results = new Results(folder);
        for (Cell cell : plan.cells().subList(0, 11)) { // up to the first pretraining with its scores
            results.put(cell.key(), result(cell));
        }
        JsonNode report = new ObjectMapper().readTree(Json.line(new Findings(experiment, plan, results).toMap()));
        JsonNode cloze = report.path("measures").get(1);
        assertThat(cloze.path("curves")).hasSize(1);
        assertThat(cloze.path("speedUps")).isEmpty();
        assertThat(ComparisonPage.of("c", report, Map.of())).contains("9 of 20 cells are not done");
    }
}
