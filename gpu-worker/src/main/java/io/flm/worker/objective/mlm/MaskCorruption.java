package io.flm.worker.objective.mlm;

import io.flm.data.Corruption;
import io.flm.data.RandomStream;
import io.flm.data.Sample;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.data.Vocabulary;
import java.util.ArrayList;
import java.util.List;

/** BERT's masks (arXiv 1810.04805) §3.1, at any rate, for tokens or whole words: some tokens are replaced and predicted. */
final class MaskCorruption implements Corruption {
    private static final double MASKED = 0.8; // of the chosen tokens; 10 % become any token, 10 % stay
    private static final double RANDOM = 0.1;

    private final MaskedLanguageModeling settings;
    private final Vocabulary vocabulary;
    private final int firstWord;

    /** Refuses to mask whole words if the tokenizer does not tell where they begin. */
    MaskCorruption(MaskedLanguageModeling settings, TextLayout layout) {
        if (settings.wholeWord()) {
            layout.vocabulary().words().check();
        }
        this.settings = settings;
        this.vocabulary = layout.vocabulary();
        this.firstWord = layout.firstWord();
    }

    @Override
    public TextBatch plan(List<Sample> samples, RandomStream random) {
        List<int[]> rows = Sample.captions(samples);
        int length = TextBatch.longest(rows);
        TokenTargets.Builder predictions = new TokenTargets.Builder();
        List<int[]> read = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            int[] corrupted = row.clone();
            for (int i : choose(row, random)) {
                corrupted[i] = replacement(row[i], random);
                predictions.add(r * length + i, row[i]);
            }
            read.add(corrupted);
        }
        return TextBatch.of(Streams.BIDIRECTIONAL, read, vocabulary.padId(), List.of(predictions.build(From.OUTPUT)));
    }

    /**
     * The columns of a row that are predicted, ascending. Special tokens are not; at least one unit is, or the row, short as
     * captions are, would be seen for nothing.
     */
    private List<Integer> choose(int[] row, RandomStream random) {
        List<List<Integer>> units = units(row);
        List<Integer> chosen = new ArrayList<>();
        for (List<Integer> unit : units) {
            if (random.nextBoolean(settings.maskRate())) {
                chosen.addAll(unit);
            }
        }
        if (chosen.isEmpty() && !units.isEmpty()) {
            chosen.addAll(units.get(random.nextInt(units.size())));
        }
        return chosen;
    }

    /** What is chosen together: single tokens, or the pieces of a word. */
    private List<List<Integer>> units(int[] row) {
        List<List<Integer>> units = new ArrayList<>();
        for (int i = firstWord; i < row.length - 1; i++) {
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
