package io.flm.worker.task;

import io.flm.data.ClassTargets;
import io.flm.data.Corruption;
import io.flm.data.Sample;
import io.flm.data.ScoreTargets;
import io.flm.data.SeenPictures;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.HiddenTokens;
import io.flm.worker.objective.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A task whose head reads class vectors. Texts are read as wholes, with nothing hidden, by the streams that the model was
 * pretrained with: FLM (arXiv 2303.14038) §3.4.
 *
 * @param key the task's
 * @param pretrained how the model reads
 * @param shape what an example is made of
 * @param head what is predicted
 * @param classifier the output layers
 * @param rows of the batch that an example takes
 */
public record ClassObjective(String key, Objective pretrained, Shape shape, Head head, Classifier classifier, int rows)
        implements Objective {
    /** Of examples that take a row for each picture. */
    public ClassObjective(String key, Objective pretrained, Shape shape, Head head, Classifier classifier) {
        this(key, pretrained, shape, head, classifier, shape == Shape.PAIR ? 2 : 1);
    }

    /** What an example is made of. */
    public enum Shape {
        /** A picture and a text. */
        ONE,
        /** Two pictures and a text, which is read beside each; the class vectors are joined. */
        PAIR,
        /** A picture, a text that is true of it, and false ones: each is scored, and the true one comes first. */
        RANKED
    }

    @Override
    public String setting() {
        return "pretrained by " + pretrained.key();
    }

    @Override
    public List<Head> heads() {
        return List.of(head);
    }

    @Override
    public ModelParts parts() {
        ModelParts parts =
                pretrained.parts().withoutClassifiers().withoutTokens().with(classifier);
        return shape == Shape.PAIR ? parts.ofPairs() : parts;
    }

    @Override
    public Corruption corruption(TextLayout layout) {
        return (samples, random) -> switch (shape) {
            case ONE -> one(samples, layout);
            case PAIR -> pairs(samples, layout);
            case RANKED -> ranked(samples, layout);
        };
    }

    private TextBatch one(List<Sample> samples, TextLayout layout) {
        TextBatch batch = whole(Sample.captions(samples), layout);
        return batch.withHeads(List.of(targets(samples, numbers(samples.size()))));
    }

    /** Row 2b sees the first picture of sample b, row 2b + 1 the second. */
    private TextBatch pairs(List<Sample> samples, TextLayout layout) {
        List<int[]> rows = new ArrayList<>();
        boolean[] second = new boolean[2 * samples.size()];
        for (Sample sample : samples) {
            second[rows.size() + 1] = true;
            rows.add(sample.texts().get(0));
            rows.add(sample.texts().get(0));
        }
        return whole(rows, layout)
                .withPictures(new SeenPictures(numbers(rows.size()), second))
                .withHeads(List.of(targets(samples, numbers(rows.size()))));
    }

    private TextBatch ranked(List<Sample> samples, TextLayout layout) {
        List<int[]> rows = new ArrayList<>();
        List<Integer> pictures = new ArrayList<>();
        for (int s = 0; s < samples.size(); s++) {
            for (int[] text : samples.get(s).texts()) {
                rows.add(text);
                pictures.add(s);
            }
        }
        int[] ofRow = pictures.stream().mapToInt(p -> p).toArray();
        return whole(rows, layout)
                .withPictures(SeenPictures.of(ofRow, samples.size()))
                .withHeads(List.of(new ClassTargets(numbers(rows.size()), new int[samples.size()])));
    }

    /** What is not known counts as 0: then only the model's answer is asked for. */
    private Targets targets(List<Sample> samples, int[] rows) {
        if (head.predicts() == Predicts.SCORE) {
            List<float[]> scores = samples.stream()
                    .map(sample -> sample.labels().length == 0 ? new float[classifier.outputs()] : sample.labels())
                    .toList();
            return new ScoreTargets(rows, scores);
        }
        int[] classes = samples.stream()
                .mapToInt(sample -> sample.labels().length == 0 ? 0 : (int) sample.labels()[0])
                .toArray();
        return new ClassTargets(rows, classes);
    }

    private static int[] numbers(int count) {
        return IntStream.range(0, count).toArray();
    }

    @Override
    public TextBatch whole(List<int[]> rows, TextLayout layout) {
        return pretrained.whole(rows, layout);
    }

    @Override
    public double predictionRate() {
        return 1;
    }

    @Override
    public double rowsPerText() {
        return rows;
    }

    @Override
    public double classRowsPerText() {
        return rows;
    }

    @Override
    public int picturesPerSample() {
        return shape == Shape.PAIR ? 2 : 1;
    }

    @Override
    public Optional<HiddenTokens> hiddenTokens() {
        return Optional.empty();
    }

    @Override
    public boolean hasLeftToRightStream() {
        return false;
    }
}
