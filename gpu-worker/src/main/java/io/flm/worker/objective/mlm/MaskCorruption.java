package io.flm.worker.objective.mlm;

import io.flm.data.Corruption;
import io.flm.data.RandomStream;
import io.flm.data.Sample;
import io.flm.data.SeenPictures;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.data.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * BERT's masks (arXiv 1810.04805) §3.1, at any rate, for tokens or whole words: some tokens are replaced and predicted. Special tokens
 * are not.
 *
 * <p>With a prediction rate of its own, FLM (arXiv 2303.14038) §3.1, each unit is predicted at that rate, in one of as many copies of
 * the text as it takes. A copy masks what it predicts, and of the other units so many more that its share of masked ones is the mask
 * rate. Copies that predict nothing are left out.
 */
final class MaskCorruption implements Corruption {
    private static final double MASKED = 0.8; // of the chosen tokens; 10 % become any token, 10 % stay
    private static final double RANDOM = 0.1;

    private static final int NOWHERE = -1;

    private final MaskedLanguageModeling settings;
    private final double othersRate; // at which a copy masks units that it does not predict
    private final TextLayout layout;
    private final Vocabulary vocabulary;

    /** Refuses to mask whole words if the tokenizer does not tell where they begin. */
    MaskCorruption(MaskedLanguageModeling settings, TextLayout layout) {
        if (settings.wholeWord()) {
            layout.vocabulary().words().check();
        }
        this.settings = settings;
        double predicted = settings.predictionRate() / settings.copies();
        this.othersRate = predicted < settings.maskRate() ? (settings.maskRate() - predicted) / (1 - predicted) : 0;
        this.vocabulary = layout.vocabulary();
        this.layout = layout;
    }

    @Override
    public TextBatch plan(List<Sample> samples, RandomStream random) {
        List<int[]> rows = Sample.captions(samples);
        int length = TextBatch.longest(rows);
        TokenTargets.Builder predictions = new TokenTargets.Builder();
        List<int[]> read = new ArrayList<>();
        List<Integer> pictures = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            List<List<Integer>> units = units(row);
            int[] copyOf = choose(units.size(), random);
            predictions.text(layout.predictable(row));
            for (int copy : copies(copyOf)) {
                int[] corrupted = row.clone();
                List<Integer> predicted = new ArrayList<>();
                int masked = 0;
                for (int u = 0; u < copyOf.length; u++) {
                    boolean own = copyOf[u] == copy;
                    if (own || (othersRate > 0 && random.nextBoolean(othersRate))) {
                        for (int i : units.get(u)) {
                            corrupted[i] = replacement(row[i], random);
                        }
                        masked += units.get(u).size();
                        predicted.addAll(own ? units.get(u) : List.of());
                    }
                }
                for (int i : predicted) {
                    predictions.add(read.size() * length + i, row[i], row.length - 1, masked);
                }
                read.add(corrupted);
                pictures.add(r);
            }
        }
        int[] ofRow = pictures.stream().mapToInt(Integer::intValue).toArray();
        return TextBatch.of(Streams.BIDIRECTIONAL, read, vocabulary.padId(), List.of(predictions.build(From.OUTPUT)))
                .withPictures(SeenPictures.of(ofRow, rows.size()));
    }

    /**
     * The copy in which each unit of a row is predicted, or {@link #NOWHERE}. At least one unit is, or the row, short as captions are,
     * would be seen for nothing.
     */
    private int[] choose(int units, RandomStream random) {
        int[] copyOf = new int[units];
        boolean any = false;
        for (int u = 0; u < units; u++) {
            boolean predicted = random.nextBoolean(settings.predictionRate());
            copyOf[u] = !predicted ? NOWHERE : settings.copies() == 1 ? 0 : random.nextInt(settings.copies());
            any |= predicted;
        }
        if (!any && units > 0) {
            copyOf[random.nextInt(units)] = 0;
        }
        return copyOf;
    }

    /** The copies that predict something; one of a row that has nothing to predict. */
    private static int[] copies(int[] copyOf) {
        int[] some = Arrays.stream(copyOf)
                .filter(c -> c != NOWHERE)
                .distinct()
                .sorted()
                .toArray();
        return some.length == 0 ? new int[] {0} : some;
    }

    /** What is chosen together: single tokens, or the pieces of a word. */
    private List<List<Integer>> units(int[] row) {
        List<List<Integer>> units = new ArrayList<>();
        for (int i = layout.firstWord(); i < row.length - 1; i++) {
            boolean goesOn = settings.wholeWord()
                    && !units.isEmpty()
                    && !vocabulary.words().begins(row[i - 1], row[i]);
            if (!goesOn) {
                units.add(new ArrayList<>());
            }
            units.get(units.size() - 1).add(i);
        }
        return units;
    }

    /** What is read in the place of a chosen token. */
    private int replacement(int token, RandomStream random) {
        double draw = random.nextDouble();
        if (draw < MASKED) {
            return vocabulary.maskId();
        }
        return draw < MASKED + RANDOM ? random.nextInt(vocabulary.size()) : token;
    }
}
