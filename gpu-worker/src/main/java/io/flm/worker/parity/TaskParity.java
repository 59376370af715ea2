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
import io.flm.data.Streams;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.itm.ImageTextMatching;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import io.flm.worker.parity.Parity.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * What reads class vectors: image-text matching, and the tasks with questions, pairs of pictures, texts that are ranked. The
 * official numbers are those of the three-stream model without corruption; of matching also those of one stream. B texts, K false
 * texts of each, H hidden, A answers.
 */
final class TaskParity {
    private static final double TOLERANCE = 1e-4;
    private static final ModelParts THREE_STREAMS = FreeLanguageModeling.PARTS.withoutTokens();
    private static final ModelParts ONE_STREAM = MaskedLanguageModeling.PARTS.withoutTokens();

    private final Golden golden;
    private final Compute compute;
    private final List<Check> checks = new ArrayList<>();

    TaskParity(Golden golden, Compute compute) {
        this.golden = golden;
        this.compute = compute;
    }

    /**
     * One task, as the folder has it.
     *
     * @param prefix of the official tensors' names
     * @param vectors the official name of the class vectors
     * @param logits that of what is made of them
     */
    private record Case(
            String name,
            ModelParts parts,
            TextBatch batch,
            List<String> pictures,
            String prefix,
            String vectors,
            String logits) {
        /** Of the three-stream model. */
        Case(String name, Classifier classifier, TextBatch batch, List<String> pictures, String logits) {
            this(name, THREE_STREAMS.with(classifier), batch, pictures, "", "cls", logits);
        }
    }

    /** Those that the folder has data for. */
    List<Check> all() {
        check("itm", this::matchingOfThreeStreams);
        check("itm", this::matchingOfOneStream);
        check("vqa", this::questions);
        check("nlvr2", this::pairs);
        check("irtr", this::ranking);
        return List.copyOf(checks);
    }

    /** @param name of the folder's file */
    private void check(String name, Supplier<Case> caseOf) {
        try (Safetensors outputs = golden.open("outputs-" + name)) {
            if (outputs != null) {
                check(caseOf.get(), outputs);
            }
        }
    }

    private void check(Case c, Safetensors outputs) {
        Comparison comparison = new Comparison();
        try (FlmModel model = golden.model(c.parts(), compute);
                NDManager scope = model.newScope()) {
            NDArray pictures = c.pictures().stream()
                    .map(p -> golden.pictures(scope, p))
                    .reduce(NDArray::concat)
                    .orElseThrow();
            model.observe(c.batch(), pictures, (name, array) -> {
                if (name.equals("cls")) {
                    classVectors(c.prefix() + c.vectors(), array.toFloatArray(), outputs, comparison);
                } else if (name.equals("class.0")) {
                    compare(c.prefix() + c.logits(), array.toFloatArray(), outputs, comparison);
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
            comparison.add("loss", relative(loss, outputs.floats(c.prefix() + "loss")[0]));
        }
        checks.add(comparison.check(c.name(), TOLERANCE));
    }

    /** Of all rows, or of the first and the second picture apart: ours come pair by pair. */
    private static void classVectors(String name, float[] ours, Safetensors outputs, Comparison comparison) {
        if (outputs.tensors().containsKey(name)) {
            compare(name, ours, outputs, comparison);
            return;
        }
        int width = (int) outputs.tensor(name + ".0").shape()[1];
        for (int which = 0; which < 2; which++) {
            float[] half = new float[ours.length / 2];
            for (int pair = 0; pair < half.length / width; pair++) {
                System.arraycopy(ours, (2 * pair + which) * width, half, pair * width, width);
            }
            compare(name + "." + which, half, outputs, comparison);
        }
    }

    private static void compare(String name, float[] ours, Safetensors outputs, Comparison comparison) {
        float[] expected = outputs.floats(name);
        if (!comparison.differInSize(name, ours, expected)) {
            comparison.add(name, difference(ours, expected) / largest(expected));
        }
    }

    // ---- the cases

    private Case matchingOfThreeStreams() {
        return matching("three", THREE_STREAMS, whole(List.of()));
    }

    private Case matchingOfOneStream() {
        TextBatch batch = new TextBatch(
                golden.rows(),
                golden.length(),
                golden.ids(),
                golden.lengths(),
                Streams.BIDIRECTIONAL,
                SeenPictures.oneEach(golden.rows()),
                List.of());
        return matching("single", ONE_STREAM, batch);
    }

    /** Class 1 sees its own picture, class 0 a false one. */
    private Case matching(String streams, ModelParts parts, TextBatch batch) {
        int rows = golden.rows();
        int[] classes = golden.ints("itm_labels");
        int[] pictures = IntStream.range(0, rows)
                .map(r -> classes[r] == 1 ? r : rows + r)
                .toArray();
        Targets targets = new ClassTargets(IntStream.range(0, rows).toArray(), classes);
        return new Case(
                "itm, " + streams,
                parts.with(ImageTextMatching.CLASSIFIER),
                batch.withPictures(SeenPictures.of(pictures, 2 * rows)).withHeads(List.of(targets)),
                List.of("image", "false_image"),
                streams + ".",
                "vector",
                "logits");
    }

    private Case questions() {
        float[] scores = golden.floats("vqa_targets");
        int answers = scores.length / golden.rows();
        List<float[]> rows = IntStream.range(0, golden.rows())
                .mapToObj(r -> Arrays.copyOfRange(scores, r * answers, (r + 1) * answers))
                .toList();
        Targets targets = new ScoreTargets(IntStream.range(0, golden.rows()).toArray(), rows);
        Classifier classifier = new Classifier("vqa_classifier.", true, 1, answers);
        return new Case("vqa", classifier, whole(List.of(targets)), List.of("image"), "logits");
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
        ModelParts parts = THREE_STREAMS.with(classifier).ofPairs();
        return new Case("nlvr2", parts, batch, List.of("image", "false_image"), "", "cls", "logits");
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
        return new Case("irtr", new Classifier("rank_output.", false, 1, 1), batch, List.of("image"), "scores");
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
