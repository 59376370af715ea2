package io.flm.worker.parity;

import static io.flm.worker.parity.Comparison.difference;
import static io.flm.worker.parity.Comparison.largest;
import static io.flm.worker.parity.Comparison.relative;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.ClassTargets;
import io.flm.data.Reconstruction;
import io.flm.data.ScoreTargets;
import io.flm.data.SeenPictures;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.parity.Parity.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The tasks that read class vectors: questions, pairs of pictures, texts that are ranked. The official numbers are those of the
 * three-stream model without corruption. B texts, K false texts of each, H hidden, A answers.
 */
final class TaskParity {
    private static final double TOLERANCE = 1e-4;

    private final Golden golden;
    private final Compute compute;
    private final List<Check> checks = new ArrayList<>();

    TaskParity(Golden golden, Compute compute) {
        this.golden = golden;
        this.compute = compute;
    }

    /** One task, as the folder has it. */
    private record Case(String name, Classifier classifier, boolean pairs, TextBatch batch, List<String> pictures) {}

    /** Those that the folder has data for. */
    List<Check> all() {
        check("vqa", outputs -> questions(), "logits");
        check("nlvr2", outputs -> pairs(), "logits");
        check("irtr", outputs -> ranking(), "scores");
        return List.copyOf(checks);
    }

    private interface CaseOf {
        Case of(Safetensors outputs);
    }

    private void check(String name, CaseOf caseOf, String logits) {
        try (Safetensors outputs = golden.open("outputs-" + name)) {
            if (outputs != null) {
                check(caseOf.of(outputs), logits, outputs);
            }
        }
    }

    private void check(Case c, String logits, Safetensors outputs) {
        ModelParts parts =
                ModelParts.ofTokens(true, "lm_score.").withoutTokens().with(c.classifier());
        Comparison comparison = new Comparison();
        try (FlmModel model = golden.model(c.pairs() ? parts.ofPairs() : parts, compute);
                NDManager scope = model.newScope()) {
            NDArray pictures = c.pictures().stream()
                    .map(p -> golden.pictures(scope, p))
                    .reduce(NDArray::concat)
                    .orElseThrow();
            model.observe(c.batch(), pictures, (name, array) -> {
                if (name.equals("cls")) {
                    classVectors(array.toFloatArray(), outputs, comparison);
                } else if (name.equals("class.0")) {
                    compare(logits, array.toFloatArray(), outputs, comparison);
                }
            });
            double mean = 1.0 / c.batch().targetCounts()[0];
            double loss = model.train(
                            c.batch(),
                            pictures,
                            new double[] {mean},
                            0,
                            model.parameters().newGradient(),
                            s -> {})
                    .loss()
                    .mean(0);
            comparison.add("loss", relative(loss, outputs.floats("loss")[0]));
        }
        checks.add(comparison.check(c.name(), TOLERANCE));
    }

    /** Of all rows, or of the first and the second picture apart: ours come pair by pair. */
    private static void classVectors(float[] ours, Safetensors outputs, Comparison comparison) {
        if (outputs.tensors().containsKey("cls")) {
            compare("cls", ours, outputs, comparison);
            return;
        }
        int width = (int) outputs.tensor("cls.0").shape()[1];
        for (int which = 0; which < 2; which++) {
            float[] half = new float[ours.length / 2];
            for (int pair = 0; pair < half.length / width; pair++) {
                System.arraycopy(ours, (2 * pair + which) * width, half, pair * width, width);
            }
            compare("cls." + which, half, outputs, comparison);
        }
    }

    private static void compare(String name, float[] ours, Safetensors outputs, Comparison comparison) {
        float[] expected = outputs.floats(name);
        if (!comparison.differInSize(name, ours, expected)) {
            comparison.add(name, difference(ours, expected) / largest(expected));
        }
    }

    // ---- the cases

    private Case questions() {
        float[] scores = golden.floats("vqa_targets");
        int answers = scores.length / golden.rows();
        List<float[]> rows = IntStream.range(0, golden.rows())
                .mapToObj(r -> Arrays.copyOfRange(scores, r * answers, (r + 1) * answers))
                .toList();
        Targets targets = new ScoreTargets(IntStream.range(0, golden.rows()).toArray(), rows);
        Classifier classifier = new Classifier("vqa_classifier.", true, 1, answers);
        return new Case("vqa", classifier, false, whole(List.of(targets)), List.of("image"));
    }

    /** Row 2b reads the first picture of pair b, row 2b + 1 the second. */
    private Case pairs() {
        int pairs = golden.rows();
        int[] order = IntStream.range(0, 2 * pairs).map(r -> r / 2).toArray();
        boolean[] second = new boolean[2 * pairs];
        Arrays.fill(second, pairs, 2 * pairs, true);
        int[] picture =
                IntStream.range(0, 2 * pairs).map(r -> r / 2 + r % 2 * pairs).toArray();
        Targets targets = new ClassTargets(IntStream.range(0, 2 * pairs).toArray(), golden.ints("nlvr2_answers"));
        TextBatch batch = new TextBatch(
                2 * pairs,
                golden.length(),
                repeated(golden.ids(), order),
                Arrays.stream(order).map(r -> golden.lengths()[r]).toArray(),
                new Reconstruction(
                        repeated(golden.ints("text_all_masks_ids"), order), none(2 * pairs), none(2 * pairs)),
                new SeenPictures(picture, second),
                List.of(targets));
        Classifier classifier = new Classifier("nlvr2_classifier.", true, 2, 2);
        return new Case("nlvr2", classifier, true, batch, List.of("image", "false_image"));
    }

    /** Each text, then its false ones; as in the official code they bring the query ids of the true one. */
    private Case ranking() {
        int[] falseIds = golden.ints("false_text_ids");
        int[] falseMasks = golden.ints("false_text_masks");
        int length = golden.length();
        int choices = 1 + falseIds.length / (golden.rows() * length);
        int rows = golden.rows() * choices;
        int[] own = IntStream.range(0, rows).map(r -> r / choices).toArray();
        int[] ids = new int[rows * length];
        int[] lengths = new int[rows];
        for (int r = 0; r < rows; r++) {
            int k = r % choices;
            if (k == 0) {
                System.arraycopy(golden.ids(), own[r] * length, ids, r * length, length);
                lengths[r] = golden.lengths()[own[r]];
            } else {
                int from = (own[r] * (choices - 1) + k - 1) * length;
                System.arraycopy(falseIds, from, ids, r * length, length);
                lengths[r] = Arrays.stream(falseMasks, from, from + length).sum();
            }
        }
        Targets first = new ClassTargets(IntStream.range(0, rows).toArray(), new int[golden.rows()]);
        TextBatch batch = new TextBatch(
                rows,
                length,
                ids,
                lengths,
                new Reconstruction(repeated(golden.ints("text_all_masks_ids"), own), none(rows), none(rows)),
                SeenPictures.of(own, golden.rows()),
                List.of(first));
        return new Case("irtr", new Classifier("rank_output.", false, 1, 1), false, batch, List.of("image"));
    }

    private TextBatch whole(List<Targets> heads) {
        return new TextBatch(
                golden.rows(),
                golden.length(),
                golden.ids(),
                golden.lengths(),
                new Reconstruction(golden.ints("text_all_masks_ids"), none(golden.rows()), none(golden.rows())),
                SeenPictures.oneEach(golden.rows()),
                heads);
    }

    private int[] none(int rows) {
        return new int[rows * golden.length()];
    }

    /** Rows of [B, L], by number. */
    private int[] repeated(int[] values, int[] rows) {
        int length = golden.length();
        int[] all = new int[rows.length * length];
        for (int r = 0; r < rows.length; r++) {
            System.arraycopy(values, rows[r] * length, all, r * length, length);
        }
        return all;
    }
}
